import { ok, type Result, unwrap } from '@shoal/protocol';
import { readFlags } from '../../support/flags.ts';
import { whole } from '../whole-number.ts';

export const HELP = `npm run bench:delivery -- [options]

How fast the origin serves warm segments of 750 KB over connections that are kept open, a delivery process beside it what it read over
Redis, and nginx the same files, in turn, loaded by wrk (all from apt: redis-server, nginx-light, wrk).

  --connections N  1-1000; default 64
  --seconds N      of each measurement, 1-60; default 5
  --runs N         1-9; medians are shown; default 3
  --json           a JSON line per measurement instead of the table
  --help

Exit code 0, 1 when something failed, 2 for options that make no sense.
`;

/** What to measure. */
export type DeliveryBenchOptions = {
  readonly connections: number;
  readonly seconds: number;
  readonly runs: number;
  readonly json: boolean;
};

/** Reads the command line; `undefined` for `--help`, an error in words for what makes no sense. */
export function readOptions(
  args: readonly string[],
): Result<DeliveryBenchOptions | undefined, string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const values = parsed.value;
  if (values.help === true) return ok(undefined);
  const connections = whole('connections', values.connections ?? '64', { from: 1, to: 1_000 });
  const seconds = whole('seconds', values.seconds ?? '5', { from: 1, to: 60 });
  const runs = whole('runs', values.runs ?? '3', { from: 1, to: 9 });
  for (const number of [connections, seconds, runs]) if (!number.ok) return number;
  return ok({
    connections: unwrap(connections),
    seconds: unwrap(seconds),
    runs: unwrap(runs),
    json: values.json === true,
  });
}

const FLAGS = {
  connections: { type: 'string' },
  seconds: { type: 'string' },
  runs: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
