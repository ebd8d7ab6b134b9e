#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { startTracker, type Tracker, TrackerStartError } from '../index.ts';
import { lineLog } from './log.ts';
import { readTrackerCommand, type TrackerCommand, trackerHelpText } from './options.ts';

type Run = Extract<TrackerCommand, { readonly type: 'run' }>;

const CLOSE_WITHIN_MS = 10_000;
const SAME_SIGNAL_MS = 1_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const command = readTrackerCommand({
    args: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  if (!command.ok) {
    for (const problem of command.error) console.error(problem);
    console.error('shoal-tracker --help lists the options.');
    return 2;
  }
  if (command.value.type === 'help') {
    console.log(trackerHelpText());
    return 0;
  }
  return run(command.value);
}

async function run({ tracker: options, logLevel, json }: Run): Promise<number> {
  const write = (line: string): void => {
    console.log(line);
  };
  const log = lineLog(logLevel, { json, write, now: () => new Date() });
  // Asked for before the start, so that an early Ctrl+C is not lost.
  const stopped = nextSignal();
  let tracker: Tracker;
  try {
    tracker = await startTracker({ ...options, log });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof TrackerStartError && error.code === 'bad-option' ? 2 : 1;
  }
  await stopped;
  log('info', 'stopping', {});
  const late = setTimeout(() => process.exit(1), CLOSE_WITHIN_MS);
  await tracker.drain();
  await tracker.close();
  clearTimeout(late);
  return 0;
}

/** The first SIGINT or SIGTERM; a later one ends the process at once. npm passes the terminal's Ctrl+C on, so that one comes twice. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (): void => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
      resolve();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}
