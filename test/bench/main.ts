import { appendFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { type BenchOptions, HELP, readOptions } from './options.ts';
import { runEngine } from './run.ts';
import { openStage, STREAM_NAME } from './stage.ts';
import { MAX_LAG_MS, type RunLine, tableOf } from './table.ts';

const EXIT = { done: 0, failed: 1, badOptions: 2, tooBusy: 3 } as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (!options.ok) {
    console.error(`${options.error}\n\n${HELP}`);
    return EXIT.badOptions;
  }
  if (options.value === 'help') {
    console.log(HELP);
    return EXIT.done;
  }
  try {
    return await compare(options.value);
  } catch (error) {
    console.error(error);
    return EXIT.failed;
  }
}

async function compare(bench: BenchOptions): Promise<number> {
  const begun = Date.now();
  const say = (line: string): void => {
    console.error(`${((Date.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  };
  say('starting origin, tracker and stream');
  const stage = await openStage();
  const lines: RunLine[] = [];
  try {
    for (let run = 1; run <= bench.runs; run++)
      for (const engine of bench.engines) {
        const name = `${engine}, run ${run} of ${bench.runs}`;
        say(name);
        const figures = await runEngine({
          stage,
          engine,
          bench,
          say: (line) => {
            say(`${name}: ${line}`);
          },
        });
        const valid = figures.lagMs <= MAX_LAG_MS && figures.segments > 0;
        if (!valid)
          say(
            `${name}: invalid: event-loop lag ${figures.lagMs.toFixed(0)} ms, ${figures.segments} segments made`,
          );
        lines.push({ engine, run, valid, figures });
        await keep({ at: new Date().toISOString(), ...bench, engine, run, valid, ...figures });
      }
  } finally {
    await stage.close();
  }
  console.log(`\n${summary(bench)}\n\n${tableOf(lines)}`);
  const measured = new Set(lines.filter(({ valid }) => valid).map(({ engine }) => engine));
  return bench.engines.every((engine) => measured.has(engine)) ? EXIT.done : EXIT.tooBusy;
}

async function keep(
  line: Readonly<Record<string, unknown>> & Pick<BenchOptions, 'json'>,
): Promise<void> {
  const { json, ...rest } = line;
  const text = JSON.stringify(rest, round);
  if (json === undefined) console.log(text);
  else await appendFile(json, `${text}\n`);
}

function round(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

function summary(bench: BenchOptions): string {
  const { viewers, seconds, runs, uplinkKbps, churnSeconds, flash } = bench;
  const cores = cpus();
  return [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cores.length} × ${cores[0]?.model.trim() ?? 'CPU'}`,
    `${viewers} viewers of ${STREAM_NAME}; ${flash ? 'all at once' : 'joining 1 s apart'}; ${seconds} s measured; medians of ${runs} run(s)`,
    `uplinks ${uplinkKbps === undefined ? 'not capped' : `capped at ${uplinkKbps} kbit/s each`}; ${churnSeconds === undefined ? 'nobody leaves' : `each leaves after about ${churnSeconds} s`}`,
  ].join('\n');
}
