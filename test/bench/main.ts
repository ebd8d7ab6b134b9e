import { appendFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { type BenchOptions, HELP, listScenes, readOptions } from './options.ts';
import { type Plan, secondsOfRun } from './plan.ts';
import { runEngine } from './run.ts';
import { findScene } from './scenes.ts';
import { openStage, type Stage } from './stage.ts';
import { STREAM_NAME } from './stream.ts';
import { MAX_LAG_MS } from './lag-meter.ts';
import { barsOf, isValid, type RunLine, tableOf } from './table.ts';

const EXIT = { done: 0, failed: 1, badOptions: 2, tooBusy: 3 } as const;
/** Until the origin lists a full playlist. */
const STAGE_SECONDS = 40;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (!options.ok) {
    console.error(`${options.error}\n\n${HELP}`);
    return EXIT.badOptions;
  }
  if (options.value === 'help' || options.value === 'list') {
    console.log(options.value === 'help' ? HELP : listScenes(secondsOfRun));
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
  say(`about ${Math.ceil(secondsOf(bench) / 60)} minutes, if no run is repeated`);
  say('starting origin, tracker and stream');
  const stage = await openStage({
    pages: bench.plans.some(({ tier }) => tier === 'chromium'),
    liars: bench.plans.some(({ polluterPercent }) => polluterPercent > 0),
  });
  let complete = true;
  try {
    for (const plan of bench.plans) {
      const lines = await playScene({ bench, plan, stage, say });
      const measured = new Set(lines.filter(({ valid }) => valid).map(({ engine }) => engine));
      complete &&= plan.engines.every((engine) => measured.has(engine));
      console.log(`\n${summary(bench, plan)}\n\n${tableOf(lines)}\n`);
      const bars = barsOf(findScene(plan.scene)?.bars ?? [], lines);
      if (bars !== '') console.log(`${bars}\n`);
    }
  } finally {
    await stage.close();
  }
  return complete ? EXIT.done : EXIT.tooBusy;
}

type ScenePlay = {
  readonly bench: BenchOptions;
  readonly plan: Plan;
  readonly stage: Stage;
  readonly say: (line: string) => void;
};

async function playScene({ bench, plan, stage, say }: ScenePlay): Promise<readonly RunLine[]> {
  const lines: RunLine[] = [];
  for (let run = 1; run <= bench.runs; run++)
    for (const engine of plan.engines)
      for (let attempt = 1; attempt <= 1 + bench.repeatInvalid; attempt++) {
        const name = `${plan.scene}, ${engine}, run ${run} of ${bench.runs}${attempt > 1 ? `, attempt ${attempt}` : ''}`;
        const tell = (line: string): void => {
          say(`${name}: ${line}`);
        };
        tell('opening');
        const figures = await runEngine({ stage, engine, plan, say: tell });
        const valid = isValid(figures);
        lines.push({ engine, run, valid, figures });
        await keep(bench.json, {
          ...{ at: new Date().toISOString(), ...plan, engine, run, attempt, valid, ...figures },
        });
        if (valid) break;
        const lag = Math.max(figures.lagMs, figures.peersLagMs ?? 0).toFixed(0);
        tell(
          `invalid: event-loop lag ${lag} ms (limit ${MAX_LAG_MS}), ${figures.segments} segments made`,
        );
      }
  return lines;
}

async function keep(
  json: string | undefined,
  line: Readonly<Record<string, unknown>>,
): Promise<void> {
  const text = JSON.stringify(line, round);
  if (json === undefined) console.log(text);
  else await appendFile(json, `${text}\n`);
}

function round(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

function secondsOf({ plans, runs }: BenchOptions): number {
  const each = plans.map((plan) => runs * plan.engines.length * secondsOfRun(plan));
  return STAGE_SECONDS + each.reduce((total, seconds) => total + seconds, 0);
}

function summary({ runs }: BenchOptions, plan: Plan): string {
  const cores = cpus();
  return [
    `### ${plan.scene}: ${findScene(plan.scene)?.about ?? ''}`,
    '',
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cores.length} × ${cores[0]?.model.trim() ?? 'CPU'}; ` +
      `${plan.viewers} viewers of ${STREAM_NAME} in ${plan.tier === 'node' ? 'Node' : 'Chromium'}; ` +
      `${plan.joinEveryMs === 0 ? 'all at once' : `joining ${plan.joinEveryMs / 1000} s apart`}; ` +
      `${plan.seconds} s measured; medians of ${runs} run(s).${conditions(plan)}`,
  ].join('\n');
}

function conditions(plan: Plan): string {
  const said = [
    plan.uplinkKbps !== undefined &&
      `uplinks capped at ${plan.uplinkKbps.toFixed(0)} kbit/s on average (${plan.uplinkWeights.join(' : ')})`,
    plan.leechPercent > 0 && `${plan.leechPercent} % upload nothing`,
    plan.churnSeconds !== undefined && `each leaves after about ${plan.churnSeconds} s`,
    plan.killedPercent > 0 && `${plan.killedPercent} % are killed`,
    plan.polluterPercent > 0 && `${plan.polluterPercent} % are polluters`,
    plan.originKbps !== undefined && `the origin sends ${plan.originKbps} kbit/s in all`,
    plan.catchUp && 'players catch up at 1.1× with every engine',
    plan.interleavePlain && 'every other viewer is a plain one',
  ].filter((text) => text !== false);
  return said.length === 0 ? '' : ` ${said.join('; ')}.`;
}
