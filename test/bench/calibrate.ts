import { parseArgs } from 'node:util';
import { median } from '../support/percentile.ts';
import { type Figures as SimFigures, runScene, type Scene as SimScene } from '../sim/scene.ts';
import { type Plan, viewerSpec } from './plan.ts';
import { runEngine } from './run.ts';
import type { Figures } from './run-record.ts';
import { findScene } from './scenes.ts';
import { openStage } from './stage.ts';
import { isValid } from './table.ts';

/** The simulator beside what it models: Node peers over real WebRTC, and the same scene on the virtual clock. */

const HELP = `npm run sim:calibrate -- [options]

Plays scenes of the bench with Node peers, and the same scenes in the simulator, with the same joins,
caps and leeches; prints both.

  --scenes LIST  default node-30,node-30-capped,node-60
  --runs N       of the Node peers, 1-9; default 1. Invalid ones are left out
  --seeds N      of the simulator, 1-99; default 5
  --seconds N    of the measured window; default 40
  --viewers N    instead of what the scene says, 1-64
  --repeat-invalid N  tries an invalid run again, so often at most; default 2
  --sim-only     leaves the Node peers out
  --rtt MS       between two simulated viewers; default what the Node peers took to answer at best
  --frame MS     of CPU time for a frame; default what the Node peers took
`;
/** Where nothing was measured. */
const RTT_MS = 2;
const FRAME_MS = 0.2;
/** Bytes a second from an origin on the same machine. */
const LOOPBACK_RATE = 100_000_000;
const SCENES = 'node-30,node-30-capped,node-60';

/** What both can tell. */
type Common = {
  readonly copiesMean: number | undefined;
  readonly copiesMax: number | undefined;
  readonly fillP50Ms: number | undefined;
  readonly fillP95Ms: number | undefined;
  readonly fetchP95Ms: number | undefined;
  readonly responseP50Ms: number | undefined;
  readonly responseP95Ms: number | undefined;
  readonly uploadMaxOverMean: number | undefined;
  readonly wastedPercent: number | undefined;
  readonly stalls: number | undefined;
};
type Row = { readonly name: string; readonly key: keyof Common; readonly digits: number };

const ROWS: readonly Row[] = [
  { name: 'origin copies, mean', key: 'copiesMean', digits: 2 },
  { name: 'origin copies, max', key: 'copiesMax', digits: 2 },
  { name: 'fill p50, ms', key: 'fillP50Ms', digits: 0 },
  { name: 'fill p95, ms', key: 'fillP95Ms', digits: 0 },
  { name: 'fetch p95, ms', key: 'fetchP95Ms', digits: 0 },
  { name: 'piece response p50, ms', key: 'responseP50Ms', digits: 1 },
  { name: 'piece response p95, ms', key: 'responseP95Ms', digits: 1 },
  { name: 'upload max over mean', key: 'uploadMaxOverMean', digits: 2 },
  { name: 'bytes fetched twice, %', key: 'wastedPercent', digits: 2 },
  { name: 'stalls', key: 'stalls', digits: 0 },
];

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scenes: { type: 'string', default: SCENES },
      runs: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '5' },
      seconds: { type: 'string' },
      viewers: { type: 'string' },
      'repeat-invalid': { type: 'string', default: '2' },
      rtt: { type: 'string' },
      frame: { type: 'string' },
      'sim-only': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const plans = values.scenes.split(',').map((name) => findScene(name.trim())?.plan);
  if (values.help || plans.some((plan) => plan?.tier !== 'node')) {
    process.stdout.write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const seconds = Number(values.seconds ?? 40);
  for (const plan of plans.flatMap((known) => known ?? [])) {
    const own = { ...plan, seconds, viewers: Number(values.viewers ?? plan.viewers) };
    const runs = Number(values.runs);
    const real = values['sim-only']
      ? []
      : await playForReal(own, { runs, repeats: Number(values['repeat-invalid']) });
    const of = (key: 'responseP05Ms' | 'cpuMsPerFrame'): number | undefined =>
      median(real.flatMap((figures) => figures[key] ?? []));
    const machine: Machine = {
      rttMs: Number(values.rtt ?? of('responseP05Ms') ?? RTT_MS),
      frameMs: Number(values.frame ?? of('cpuMsPerFrame') ?? FRAME_MS),
    };
    const simulated = simulate(own, { machine, seeds: Number(values.seeds) });
    console.log(`\n${tableOf(own, { real, simulated, machine })}`);
  }
}

/** What the simulator is told of the machine. */
type Machine = { readonly rttMs: number; readonly frameMs: number };

async function playForReal(
  plan: Plan,
  { runs, repeats }: { readonly runs: number; readonly repeats: number },
): Promise<readonly Figures[]> {
  const stage = await openStage({ pages: false, liars: false });
  const all: Figures[] = [];
  try {
    for (let run = 1; run <= runs; run++)
      for (let attempt = 0; attempt <= repeats; attempt++) {
        const say = (line: string): void => {
          console.error(`${plan.scene}, run ${run} of ${runs}: ${line}`);
        };
        const figures = await runEngine({ stage, plan, engine: 'shoal', say });
        all.push(figures);
        if (isValid(figures)) break;
        say(
          `invalid: event-loop lag ${figures.lagMs.toFixed(0)}, ${figures.peersLagMs?.toFixed(0)} ms`,
        );
      }
  } finally {
    await stage.close();
  }
  const valid = all.filter(isValid);
  // Better than nothing, and said so.
  return valid.length === 0 ? all : valid;
}

function simulate(
  plan: Plan,
  { machine, seeds }: { readonly machine: Machine; readonly seeds: number },
): readonly SimFigures[] {
  const scene = sameScene(plan, machine);
  return Array.from({ length: seeds }, (_, i) => runScene(scene, i + 1, () => {}));
}

/** The plan as the simulator has it, over the machine that the bench runs on. */
function sameScene(plan: Plan, { rttMs, frameMs }: Machine): SimScene {
  const viewers = Array.from({ length: plan.viewers }, (_, i) => {
    const { uploads, uplinkKbps } = viewerSpec(plan, 'shoal', i);
    return {
      shares: uploads,
      ...(uplinkKbps !== undefined && { uploadLimit: (uplinkKbps * 1000) / 8 }),
    };
  });
  return {
    name: plan.scene,
    about: 'calibration',
    viewers,
    world: {
      watched: true,
      delayMs: rttMs / 2,
      originRate: LOOPBACK_RATE,
      processes: { count: plan.processes, frameMs },
    },
    joinEveryMs: plan.joinEveryMs,
    windowMs: plan.seconds * 1000,
  };
}

function tableOf(
  { scene }: Plan,
  {
    real,
    simulated,
    machine,
  }: {
    readonly real: readonly Figures[];
    readonly simulated: readonly Common[];
    readonly machine: Machine;
  },
): string {
  const kind = real.every(isValid) ? 'Node run(s)' : 'invalid Node run(s)';
  const model = `round trip ${machine.rttMs.toFixed(1)} ms, ${machine.frameMs.toFixed(2)} ms a frame`;
  const cell = (all: readonly Common[], { key, digits }: Row): string =>
    median(all.flatMap((figures) => figures[key] ?? []))?.toFixed(digits) ?? '–';
  return [
    `| ${scene} | ${real.length} ${kind} | ${simulated.length} simulated, ${model} |`,
    '| --- | ---: | ---: |',
    ...ROWS.map((row) => `| ${row.name} | ${cell(real, row)} | ${cell(simulated, row)} |`),
  ].join('\n');
}
