import { err, ok, type Result, unwrap } from '@shoal/protocol';
import { type FlagValues, readFlags } from '../support/flags.ts';
import { ENGINE_IDS, isEngineId } from './engine-ids.ts';
import type { Plan } from './plan.ts';
import { type Range, whole } from './whole-number.ts';
import { CUSTOM, findScene, type Scene, SCENES } from './scenes.ts';

/** What the command line asks for. */
export type BenchOptions = {
  /** One after the other; what the options override is already in them. */
  readonly plans: readonly Plan[];
  readonly runs: number;
  /** How often an invalid run is tried again. */
  readonly repeatInvalid: number;
  /** File to append a JSON line per run to; undefined for standard output. */
  readonly json: string | undefined;
};

const NAME_WIDTH = 20;

export const HELP = `npm run bench:swarm -- [options]

Watches one stream with every engine in turn, on the same origin, tracker and machine, and measures
what the origin had to send and what the viewers saw.

  --scene LIST      scenes by name, or all; what follows overrides what they say; see --list
  --list            the scenes, and how long one run of each takes
  --tier TIER       chromium (pages with hls.js) or node (peers without a picture); default chromium
  --viewers N       viewers of each run, 1-64; default 8
  --engines LIST    of ${ENGINE_IDS.join(', ')};
                    default all of them that the scene can have;
                    chromium-8 keeps plain beside shoal, which its CPU bar needs
  --seconds N       length of the measured window, 10-600; default 40
  --runs N          runs of every engine, interleaved, 1-20; default 1
  --repeat-invalid N  try an invalid run again, so often at most, 0-10; default 0
  --join-every MS   between two joins, 0-60000; default 1000, in the node tier 250
  --flash           everybody joins at once: --join-every 0
  --churn SECONDS   each viewer leaves after about so long and another joins, 5-600; default nobody
  --uplink-kbps N   cap of the viewers' uplinks in kbit/s, on average; default none
  --uplink-weights LIST  how the uplinks differ, viewer by viewer, e.g. 0.4,1,3; default all the same
  --leeches PERCENT   viewers that upload nothing, 0-90 (node tier); default 0
  --killed PERCENT    viewers killed at once early in the window, 0-90 (node tier); default 0
  --polluters PERCENT viewers that feed others false bytes, 0-90 (node tier, shoal); default 0
  --origin-kbps N   what the origin can send in all, in kbit/s; default what the machine can
  --catch-up        players behind the edge go faster, by hls.js's own options, with every engine
  --interleave      every other viewer is a plain hls.js one (chromium tier)
  --processes N     processes that hold the node tier's viewers, 1-64; default 2
  --json FILE       append the JSON line of each run to FILE; default standard output
  --help

Exit code 0 when every engine of every scene has a valid run, 1 when something failed, 2 for options
that make no sense, 3 when an engine has no valid run because the machine was too busy. Missed bars
are shown in the tables and change no exit code.
`;

/** The scenes, one a line. */
export function listScenes(secondsOf: (plan: Plan) => number): string {
  return SCENES.map(
    ({ name, about, plan }) =>
      `${name.padEnd(NAME_WIDTH)} ${`~${Math.ceil(secondsOf(plan) / 5) * 5} s`.padEnd(8)} ${about}`,
  ).join('\n');
}

/** Reads the command line; `help` or `list` when that was asked for. */
export function readOptions(
  args: readonly string[],
): Result<BenchOptions | 'help' | 'list', string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const values = parsed.value;
  if (values.help === true) return ok('help');
  if (values.list === true) return ok('list');
  const scenes = readScenes(values.scene);
  if (!scenes.ok) return scenes;
  const change = readChange(values);
  if (!change.ok) return change;
  const runs = whole('runs', values.runs ?? '1', { from: 1, to: 20 });
  if (!runs.ok) return runs;
  const repeats = whole('repeat-invalid', values['repeat-invalid'] ?? '0', { from: 0, to: 10 });
  if (!repeats.ok) return repeats;
  const plans: Plan[] = [];
  for (const { plan } of scenes.value) {
    const changed = applyChange(plan, change.value);
    const complaint = complaintAbout(changed);
    if (complaint !== undefined) return err(complaint);
    plans.push(changed);
  }
  return ok({ plans, runs: runs.value, repeatInvalid: repeats.value, json: values.json });
}

const FLAGS = {
  scene: { type: 'string' },
  list: { type: 'boolean' },
  tier: { type: 'string' },
  viewers: { type: 'string' },
  engines: { type: 'string' },
  seconds: { type: 'string' },
  runs: { type: 'string' },
  'repeat-invalid': { type: 'string' },
  'join-every': { type: 'string' },
  flash: { type: 'boolean' },
  churn: { type: 'string' },
  'uplink-kbps': { type: 'string' },
  'uplink-weights': { type: 'string' },
  leeches: { type: 'string' },
  killed: { type: 'string' },
  polluters: { type: 'string' },
  'origin-kbps': { type: 'string' },
  'catch-up': { type: 'boolean' },
  interleave: { type: 'boolean' },
  processes: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = FlagValues<typeof FLAGS>;

function readScenes(text: string | undefined): Result<readonly Scene[], string> {
  if (text === undefined) return ok([CUSTOM]);
  if (text.trim() === 'all') return ok(SCENES);
  const scenes: Scene[] = [];
  for (const name of text.split(',').map((part) => part.trim())) {
    const scene = findScene(name);
    if (scene === undefined) return err(`--scene: there is no ${name || 'nameless'} scene`);
    if (!scenes.includes(scene)) scenes.push(scene);
  }
  return ok(scenes);
}

/** What the options say; undefined where they say nothing. */
type Change = { readonly [Key in keyof Plan]?: Plan[Key] | undefined };

function readChange(values: Values): Result<Change, string> {
  const engines = values.engines?.split(',').map((id) => id.trim());
  const unknown = engines?.find((id) => !isEngineId(id));
  if (unknown !== undefined) return err(`--engines: there is no ${unknown || 'nameless'} engine`);
  const { tier } = values;
  if (tier !== undefined && tier !== 'chromium' && tier !== 'node')
    return err(`--tier must be chromium or node, not ${tier}`);
  const weights = values['uplink-weights']?.split(',').map(Number);
  if (weights?.every((weight) => weight > 0 && weight <= 1_000) === false)
    return err(`--uplink-weights must be numbers above 0, not ${values['uplink-weights']}`);
  const share: Range = { from: 0, to: 90 };
  const kbps: Range = { from: 1, to: 10_000_000 };
  const numbers = {
    viewers: optional('viewers', values.viewers, { from: 1, to: 64 }),
    seconds: optional('seconds', values.seconds, { from: 10, to: 600 }),
    joinEveryMs: optional('join-every', values['join-every'], { from: 0, to: 60_000 }),
    churnSeconds: optional('churn', values.churn, { from: 5, to: 600 }),
    uplinkKbps: optional('uplink-kbps', values['uplink-kbps'], kbps),
    leechPercent: optional('leeches', values.leeches, share),
    killedPercent: optional('killed', values.killed, share),
    polluterPercent: optional('polluters', values.polluters, share),
    originKbps: optional('origin-kbps', values['origin-kbps'], kbps),
    processes: optional('processes', values.processes, { from: 1, to: 64 }),
  };
  for (const number of Object.values(numbers)) if (!number.ok) return number;
  return ok({
    tier,
    engines: engines === undefined ? undefined : [...new Set(engines.filter(isEngineId))],
    uplinkWeights: weights,
    catchUp: values['catch-up'],
    interleavePlain: values.interleave,
    viewers: unwrap(numbers.viewers),
    seconds: unwrap(numbers.seconds),
    joinEveryMs: values.flash === true ? 0 : unwrap(numbers.joinEveryMs),
    churnSeconds: unwrap(numbers.churnSeconds),
    uplinkKbps: unwrap(numbers.uplinkKbps),
    leechPercent: unwrap(numbers.leechPercent),
    killedPercent: unwrap(numbers.killedPercent),
    polluterPercent: unwrap(numbers.polluterPercent),
    originKbps: unwrap(numbers.originKbps),
    processes: unwrap(numbers.processes),
  });
}

/** Engines are restricted to those that the scene can have. */
function applyChange(plan: Plan, change: Change): Plan {
  const said = Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  ) as Partial<Plan>; // Each value has the type of its own key.
  const joinEveryMs = said.tier === 'node' && plan.tier === 'chromium' ? 250 : plan.joinEveryMs;
  const wanted = said.engines ?? plan.engines;
  const kept = plan.engines.filter((id) => plan.beside.includes(id) && !wanted.includes(id));
  const engines = [
    ...wanted.filter((id) => plan.engines.includes(id)),
    ...(wanted.includes('shoal') ? kept : []),
  ];
  return { ...plan, joinEveryMs, ...said, engines };
}

function complaintAbout(plan: Plan): string | undefined {
  const { tier, scene } = plan;
  if (plan.engines.length === 0) return `${scene}: none of these engines can be in it`;
  const nodeOnly = plan.leechPercent + plan.killedPercent + plan.polluterPercent > 0;
  if (tier === 'chromium' && nodeOnly)
    return `${scene}: --leeches, --killed and --polluters need --tier node`;
  if (tier === 'node' && plan.interleavePlain)
    return `${scene}: --interleave needs --tier chromium`;
  if (tier === 'node' && plan.catchUp)
    return `${scene}: --catch-up needs --tier chromium: players without a picture keep their pace`;
  if (plan.polluterPercent > 0 && plan.engines.some((id) => id !== 'shoal'))
    return `${scene}: --polluters needs --engines shoal`;
  return undefined;
}

function optional(
  flag: string,
  text: string | undefined,
  range: Range,
): Result<number | undefined, string> {
  return text === undefined ? ok(undefined) : whole(flag, text, range);
}
