#!/usr/bin/env node
import { join, resolve } from 'node:path';
import {
  createHttpGate,
  OriginError,
  type OriginOptions,
  startDelivery,
  startOrigin,
} from '../index.ts';
import { helpText } from './flags.ts';
import { nextSignal } from './next-signal.ts';
import { type OriginCommand, readOriginCommand } from './options.ts';
import { deliveryStarted, originStarted, type Started, startJson, startLines } from './started.ts';

type Run = Exclude<OriginCommand, { readonly type: 'help' }>;

type Running = { readonly started: Started; readonly close: () => Promise<void> };

/** Longer than what is made is stored. */
const CLOSE_WITHIN_MS = 20_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const command = readOriginCommand({ args: process.argv.slice(2), env: process.env });
  if (!command.ok) {
    for (const problem of command.error) console.error(problem);
    console.error('shoal-origin --help lists the options.');
    return 2;
  }
  if (command.value.type === 'help') {
    console.log(helpText());
    return 0;
  }
  return run(command.value);
}

async function run(command: Run): Promise<number> {
  // Asked for before the start, so that an early Ctrl+C is not lost.
  const stopped = nextSignal();
  let running: Running;
  try {
    running = await start(command);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof OriginError && error.code === 'bad-options' ? 2 : 1;
  }
  const { started, close } = running;
  console.log(command.json ? startJson(started) : startLines(started).join('\n'));
  await stopped;
  const late = setTimeout(() => process.exit(1), CLOSE_WITHIN_MS);
  await close();
  clearTimeout(late);
  return 0;
}

async function start(command: Run): Promise<Running> {
  const access = accessOf(command);
  if (command.type === 'delivery') {
    const delivery = await startDelivery({ ...command.delivery, ...access, processMetrics: true });
    return { started: deliveryStarted(delivery, command.delivery), close: delivery.close };
  }
  const { origin: options, showKeys } = command;
  const origin = await startOrigin({ ...options, ...access, processMetrics: true });
  const keysFile = join(resolve(options.dataDir), 'stream-keys.json');
  return {
    started: originStarted(origin, options, { showKeys, keysFile }),
    close: origin.close,
  };
}

function accessOf({ auth }: Run): Pick<OriginOptions, 'access'> {
  if (auth === undefined) return {};
  const gate = createHttpGate(auth);
  return { access: Object.fromEntries(auth.actions.map((action) => [action, gate])) };
}
