#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ServiceOptions, startService } from '../index.ts';
import { nextSignal } from './next-signal.ts';
import { readServiceCommand, serviceHelp } from './service-options.ts';

const CLOSE_WITHIN_MS = 10_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const command = readServiceCommand(process.argv.slice(2), process.env);
  if (!command.ok) {
    for (const problem of command.error) console.error(problem);
    console.error('shoal-service --help lists the options.');
    return 2;
  }
  if (command.value.type === 'help') {
    console.log(serviceHelp());
    return 0;
  }
  const { options, json } = command.value;
  const stopped = nextSignal();
  try {
    return await run(options, { json, stopped });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function run(
  options: ServiceOptions,
  { json, stopped }: { readonly json: boolean; readonly stopped: Promise<void> },
): Promise<number> {
  if (options.database.type === 'sqlite')
    mkdirSync(dirname(options.database.file), { recursive: true, mode: 0o700 });
  const { port, metricsPort, adminToken, close } = await startService(options);
  const url = `http://${options.http.host === '0.0.0.0' ? 'localhost' : options.http.host}:${port}`;
  if (json)
    console.log(
      JSON.stringify({ type: 'started', url, port, metricsPort, adminToken, pid: process.pid }),
    );
  else {
    console.log(`\n  API     ${url}/v1 (described at ${url}/openapi.json)`);
    console.log(`  Events  ${url.replace('http', 'ws')}/v1/events`);
    if (adminToken !== undefined)
      console.log(`\n  The operator's token, shown this once: ${adminToken}`);
  }
  await stopped;
  const late = setTimeout(() => process.exit(1), CLOSE_WITHIN_MS + (options.drainMs ?? 0));
  await close();
  clearTimeout(late);
  return 0;
}
