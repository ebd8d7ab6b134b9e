import { atLeast, atMost, type Bar, cpuAbovePlain, nearCeiling } from './bars.ts';
import { ENGINE_IDS, type EngineId } from './engine-ids.ts';
import type { Plan } from './plan.ts';
import { STREAM_KBPS } from './stream.ts';

/** A named situation, and what it must come to. */
export type Scene = {
  readonly name: string;
  /** In a line. */
  readonly about: string;
  readonly plan: Plan;
  /** For the `shoal` engine. */
  readonly bars: readonly Bar[];
};

const SHOAL_ALONE: readonly EngineId[] = ['shoal'];
const DEFAULTS: Omit<Plan, 'scene'> = {
  tier: 'chromium',
  viewers: 8,
  engines: ENGINE_IDS,
  beside: [],
  seconds: 40,
  // With 2 s segments, joins a second apart meet two moments of a segment and no other; latency is theirs.
  joinEveryMs: 1_250,
  churnSeconds: undefined,
  uplinkKbps: undefined,
  uplinkWeights: [1],
  leechPercent: 0,
  killedPercent: 0,
  polluterPercent: 0,
  originKbps: undefined,
  catchUp: false,
  interleavePlain: false,
  processes: 2,
};
const NODE = { tier: 'node', joinEveryMs: 250 } as const;

const NO_STALL = atMost('stalls', { key: 'stalls', limit: 0 });
const WASTE = atMost('bytes fetched twice, %', { key: 'wastedPercent', limit: 3 });
const copies = (limit: number): Bar =>
  atMost('origin copies, mean', { key: 'copiesMean', limit, digits: 2 });
const latency = (limit: number): Bar =>
  atMost('latency median, s', { key: 'latencyMedianMs', limit, per: 1000, digits: 1 });

/** What the options alone describe. */
export const CUSTOM: Scene = {
  name: 'custom',
  about: 'whatever the options say',
  plan: { ...DEFAULTS, scene: 'custom' },
  bars: [],
};

/** The situations in which the swarm has bars to meet. */
export const SCENES: readonly Scene[] = [
  scene(['chromium-8', '8 pages, uplinks not capped'], { beside: ['plain'] }, [
    copies(1.25),
    atMost('origin copies, max', { key: 'copiesMax', limit: 2, digits: 2 }),
    atLeast('offload, %', { key: 'offloadPercent', limit: 84, digits: 1 }),
    latency(7.5),
    atMost('fetch p95, ms', { key: 'fetchP95Ms', limit: 500 }),
    cpuAbovePlain(2),
    NO_STALL,
    WASTE,
  ]),
  scene(['chromium-16', '16 pages, uplinks not capped'], { viewers: 16, joinEveryMs: 625 }, [
    copies(1.5),
    atLeast('offload, %', { key: 'offloadPercent', limit: 90, digits: 1 }),
    latency(7.5),
    WASTE,
  ]),
  scene(['node-30', '30 Node peers, uplinks not capped'], { ...NODE, viewers: 30 }, [
    copies(1.15),
    NO_STALL,
    WASTE,
  ]),
  scene(
    [
      'node-30-capped',
      '30 Node peers, uplinks of 2 bitrates on average (0.4 : 1 : 3), a fifth uploads nothing',
    ],
    {
      ...NODE,
      viewers: 30,
      uplinkKbps: 2 * STREAM_KBPS,
      uplinkWeights: [0.4, 1, 3],
      leechPercent: 20,
    },
    [copies(1.5), NO_STALL, WASTE],
  ),
  scene(['node-60', '60 Node peers, uplinks not capped'], { ...NODE, viewers: 60 }, [
    copies(1.5),
    WASTE,
  ]),
  scene(
    ['chromium-8-scarce', '8 pages, uplinks of 0.84 bitrates each'],
    { uplinkKbps: Math.round(0.84 * STREAM_KBPS) },
    [nearCeiling(0.9), WASTE],
  ),
  scene(['chromium-8-churn', '8 pages at a time, each stays about 20 s'], { churnSeconds: 20 }, [
    copies(1.5),
    NO_STALL,
    WASTE,
  ]),
  scene(
    ['chromium-8-origin-3x', '8 pages, an origin that sends 3 bitrates in all, players catch up'],
    { originKbps: 3 * STREAM_KBPS, catchUp: true },
    [
      NO_STALL,
      atMost('latency at the end, max, s', {
        key: 'latencyEndMaxMs',
        limit: 8,
        per: 1000,
        digits: 1,
      }),
      WASTE,
    ],
  ),
  scene(
    ['node-20-killed', '20 Node peers, 30 % killed at once in the middle of a segment'],
    { ...NODE, viewers: 20, killedPercent: 30, seconds: 30 },
    [NO_STALL, WASTE],
  ),
  scene(['chromium-8-fair', '8 equal pages: who uploads how much'], {}, [
    atMost('upload, max over mean', { key: 'uploadMaxOverMean', limit: 2, digits: 2 }),
  ]),
  scene(
    ['startup', '16 pages, every other one plain hls.js, one after the other'],
    {
      engines: SHOAL_ALONE,
      viewers: 16,
      interleavePlain: true,
      // With a join a second all plain pages would begin at one moment of the 2 s segments, and all others at another.
      joinEveryMs: 1_300,
      seconds: 10,
    },
    [atMost('start-up over that of plain hls.js', { key: 'startupRatio', limit: 1.1, digits: 2 })],
  ),
  scene(
    [
      'node-20-polluters',
      '20 Node peers, 30 % of them liars: half turn bits, half feed another video',
    ],
    { ...NODE, engines: SHOAL_ALONE, viewers: 20, polluterPercent: 30, seconds: 30 },
    [
      atMost('corrupt bytes delivered', { key: 'corruptBytes', limit: 0 }),
      atMost('corrupt pieces forwarded by honest viewers', { key: 'corruptForwarded', limit: 0 }),
      atMost('false pieces a polluter landed on a victim, max', {
        key: 'falsePiecesMax',
        limit: 1,
      }),
      atLeast('false pieces landed in all (else nothing was shown)', {
        key: 'falsePieces',
        limit: 1,
      }),
      NO_STALL,
    ],
  ),
];

/** The scene of that name. */
export function findScene(name: string): Scene | undefined {
  return [CUSTOM, ...SCENES].find((each) => each.name === name);
}

function scene(
  [name, about]: readonly [name: string, about: string],
  plan: Partial<Plan>,
  bars: readonly Bar[],
): Scene {
  return { name, about, plan: { ...DEFAULTS, ...plan, scene: name }, bars };
}
