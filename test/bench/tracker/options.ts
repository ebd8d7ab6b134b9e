import { err, ok, type Result, unwrap } from '@shoal/protocol';
import { readFlags } from '../../support/flags.ts';
import { type Range, whole } from '../whole-number.ts';
import { isTrackerName, TRACKERS, type TrackerName } from './contenders.ts';

export const HELP = `npm run bench:tracker -- [options]

Loads WebSocket trackers with swarms of WebTorrent clients: each announces with five offers of
1.27 KB and answers every offer that it is passed. Each tracker runs in a process of its own.

  --trackers LIST  of ${TRACKERS.join(', ')}; default all, in turn
                   (floor is no tracker: what sockets, ws and JSON alone take)
  --url URL        a tracker that runs elsewhere (ws:) instead; its CPU and memory are not measured
  --swarms LIST    peers of a swarm, 2-12000; default 10,100,1000,10000
  --rate N         announces a second, 10-5000; default 400
  --seconds N      measured of each swarm, 2-120; default 10
  --runs N         1-9; medians are shown; default 1
  --audience       no load: whom our tracker introduces in simulated audiences of these sizes, and what that costs
  --json           a JSON line per run and swarm instead of the table
  --help

Exit code 0, 1 when a tracker failed or no run was valid, 2 for options that make no sense.
`;

/** What to measure. */
export type TrackerBenchOptions = {
  readonly trackers: readonly TrackerName[];
  readonly url: URL | undefined;
  readonly swarms: readonly number[];
  readonly rate: number;
  readonly seconds: number;
  readonly runs: number;
  readonly audience: boolean;
  readonly json: boolean;
};

const SWARM: Range = { from: 2, to: 12_000 };

/** Reads the command line; `undefined` for `--help`, an error in words for what makes no sense. */
export function readOptions(
  args: readonly string[],
): Result<TrackerBenchOptions | undefined, string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const values = parsed.value;
  if (values.help === true) return ok(undefined);
  const trackers = values.trackers?.split(',') ?? TRACKERS;
  const unknown = trackers.find((name) => !isTrackerName(name));
  if (unknown !== undefined) return err(`--trackers: there is no ${unknown}`);
  const url = values.url === undefined ? undefined : URL.parse(values.url);
  if (url === null || (url !== undefined && url.protocol !== 'ws:'))
    return err(`--url must be a ws: URL, not ${values.url ?? ''}`);
  const swarms = (values.swarms ?? '10,100,1000,10000')
    .split(',')
    .map((text) => whole('swarms', text, SWARM));
  const rate = whole('rate', values.rate ?? '400', { from: 10, to: 5_000 });
  const seconds = whole('seconds', values.seconds ?? '10', { from: 2, to: 120 });
  const runs = whole('runs', values.runs ?? '1', { from: 1, to: 9 });
  for (const number of [...swarms, rate, seconds, runs]) if (!number.ok) return number;
  return ok({
    trackers: trackers.filter(isTrackerName),
    url,
    swarms: swarms.map((number) => unwrap(number)),
    rate: unwrap(rate),
    seconds: unwrap(seconds),
    runs: unwrap(runs),
    audience: values.audience === true,
    json: values.json === true,
  });
}

const FLAGS = {
  trackers: { type: 'string' },
  url: { type: 'string' },
  swarms: { type: 'string' },
  rate: { type: 'string' },
  seconds: { type: 'string' },
  runs: { type: 'string' },
  audience: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
