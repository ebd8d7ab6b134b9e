import { err, ok, type Result, unwrap } from '@shoal/protocol';
import { readFlags } from '../../support/flags.ts';
import { whole } from '../whole-number.ts';

export const HELP = `npm run bench:long -- [options]

Hours of one channel: does it keep its memory, and are its playlists right to the end? Accelerated, by default: real H.264 and AAC
go through the origin's own channel with a clock of the bench, without sockets or processes; publishers leave, return, replace one
another and change their encoders. With --real an origin in a process of its own is published to by ffmpeg over RTMP. Every version
of the playlists is linted; memory is measured after garbage collection.

  --minutes N    of stream, 2-1440; default 180, and 5 with --real
  --every N      minutes between measurements, 1-60; default 15, and 1 with --real
  --real         a real origin, in real time
  --seed N       of the order of what happens, accelerated; default 1
  --json         a JSON line per measurement, and one at the end, instead of the table
  --help

Exit code 0, 1 when anything was found wrong or the heap has grown by more than 5 % and 5 MB, 2 for options that make no sense.
`;

/** What to run. */
export type LongBenchOptions = {
  readonly minutes: number;
  readonly every: number;
  readonly real: boolean;
  readonly seed: number;
  readonly json: boolean;
};

/** Reads the command line; `undefined` for `--help`, an error in words for what makes no sense. */
export function readOptions(args: readonly string[]): Result<LongBenchOptions | undefined, string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const values = parsed.value;
  if (values.help === true) return ok(undefined);
  const real = values.real === true;
  const minutes = whole('minutes', values.minutes ?? (real ? '5' : '180'), { from: 2, to: 1_440 });
  const every = whole('every', values.every ?? (real ? '1' : '15'), { from: 1, to: 60 });
  const seed = whole('seed', values.seed ?? '1', { from: 0, to: 4_294_967_295 });
  for (const number of [minutes, every, seed]) if (!number.ok) return number;
  if (unwrap(every) > unwrap(minutes)) return err('--every must not be longer than --minutes');
  return ok({
    minutes: unwrap(minutes),
    every: unwrap(every),
    real,
    seed: unwrap(seed),
    json: values.json === true,
  });
}

const FLAGS = {
  minutes: { type: 'string' },
  every: { type: 'string' },
  real: { type: 'boolean' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
