import { resolve } from 'node:path';
import { type Demo, startDemo } from './compose.ts';
import { parseConfig } from './config.ts';
import { DemoError, messageOf } from './errors.ts';
import { helpText } from './options.ts';
import { startJson, startLines } from './start-lines.ts';

const CLOSE_WITHIN_MS = 10_000;
const SAME_SIGNAL_MS = 1_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const command = parseConfig(process.argv.slice(2), process.env);
  if (!command.ok) {
    for (const problem of command.error) console.error(problem.message);
    console.error('npm start -- --help lists the options.');
    return 2;
  }
  if (command.value.type === 'help') {
    console.log(helpText());
    return 0;
  }
  const { config, json } = command.value;
  const progress = (line: string): void => {
    if (json) console.error(line);
    else console.log(line);
  };
  // Asked for before the start, so that an early Ctrl+C is not lost.
  const stopped = nextSignal();
  const outcome = await startDemo(config, progress).catch((error: unknown) => error);
  if (!isDemo(outcome)) {
    console.error(messageOf(outcome));
    return outcome instanceof DemoError ? outcome.exitCode : 1;
  }
  const started = {
    urls: outcome.urls,
    streamKey: outcome.streamKey,
    pattern: config.pattern,
    dataDir: resolve(config.dataDir),
  };
  console.log(json ? startJson(started) : startLines(started).join('\n'));
  await stopped;
  progress('Stopping');
  return stop(outcome);
}

function isDemo(outcome: unknown): outcome is Demo {
  return typeof outcome === 'object' && outcome !== null && 'patternPid' in outcome;
}

/**
 * Resolves at the first SIGINT or SIGTERM; a later one ends the process at once. What follows within
 * a second is the same Ctrl+C: the terminal sends it to this process, and npm passes it on as well.
 */
function nextSignal(): Promise<void> {
  return new Promise((resolveSignal) => {
    let firstAt: number | undefined;
    const onSignal = (): void => {
      firstAt ??= Date.now();
      if (Date.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
      resolveSignal();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

async function stop(demo: Demo): Promise<number> {
  const late = setTimeout(() => {
    console.error(`Not stopped within ${CLOSE_WITHIN_MS / 1000} s`);
    process.exit(1);
  }, CLOSE_WITHIN_MS);
  await demo.close();
  clearTimeout(late);
  return 0;
}
