import { parseArgs } from 'node:util';
import { err, ok, type Result, unwrap } from '@shoal/protocol';
import { ENGINE_IDS, type EngineId, isEngineId } from './engine-ids.ts';

/** What to measure. */
export type BenchOptions = {
  readonly viewers: number;
  readonly engines: readonly EngineId[];
  /** Length of the measured window, in seconds. */
  readonly seconds: number;
  readonly runs: number;
  /** Cap of every viewer's uplink in kbit/s; undefined for none. */
  readonly uplinkKbps: number | undefined;
  /** How long a viewer stays, in seconds, before another takes its place; undefined for ever. */
  readonly churnSeconds: number | undefined;
  /** Everybody joins at once instead of one a second. */
  readonly flash: boolean;
  /** File to append a JSON line per run to; undefined for standard output. */
  readonly json: string | undefined;
};

export const HELP = `npm run bench:swarm -- [options]

Watches one stream with every engine in turn, in headless Chromium, on the same origin, tracker and
machine, and measures what the origin had to send and what the viewers saw.

  --viewers N       viewers of each run, 1-64; default 8
  --engines LIST    of ${ENGINE_IDS.join(', ')};
                    default all of them
  --seconds N       length of the measured window, 10-600; default 40
  --runs N          runs of every engine, interleaved, 1-20; default 1
  --uplink-kbps N   cap of every viewer's uplink in kbit/s; default none
  --churn SECONDS   each viewer leaves after about so long and another joins, 5-600; default nobody
  --flash           everybody joins at once; default one a second
  --json FILE       append the JSON line of each run to FILE; default standard output
  --help

Exit code 0 when every engine has a valid run, 1 when something failed, 2 for options that make no
sense, 3 when an engine has no valid run because the machine was too busy.
`;

/** Reads the command line; `help` when that was asked for. */
export function readOptions(args: readonly string[]): Result<BenchOptions | 'help', string> {
  const parsed = parse(args);
  if (!parsed.ok) return parsed;
  const { values } = parsed.value;
  if (values.help === true) return ok('help');
  const engines = (values.engines ?? ENGINE_IDS.join(',')).split(',').map((id) => id.trim());
  const unknown = engines.find((id) => !isEngineId(id));
  if (unknown !== undefined) return err(`--engines: there is no ${unknown || 'nameless'} engine`);
  const numbers = {
    viewers: whole('viewers', values.viewers ?? '8', { from: 1, to: 64 }),
    seconds: whole('seconds', values.seconds ?? '40', { from: 10, to: 600 }),
    runs: whole('runs', values.runs ?? '1', { from: 1, to: 20 }),
    uplinkKbps: optional('uplink-kbps', values['uplink-kbps'], { from: 1, to: 1_000_000 }),
    churnSeconds: optional('churn', values.churn, { from: 5, to: 600 }),
  };
  for (const number of Object.values(numbers)) if (!number.ok) return number;
  return ok({
    viewers: unwrap(numbers.viewers),
    engines: [...new Set(engines.filter(isEngineId))],
    seconds: unwrap(numbers.seconds),
    runs: unwrap(numbers.runs),
    uplinkKbps: unwrap(numbers.uplinkKbps),
    churnSeconds: unwrap(numbers.churnSeconds),
    flash: values.flash ?? false,
    json: values.json,
  });
}

const FLAGS = {
  viewers: { type: 'string' },
  engines: { type: 'string' },
  seconds: { type: 'string' },
  runs: { type: 'string' },
  'uplink-kbps': { type: 'string' },
  churn: { type: 'string' },
  flash: { type: 'boolean' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Parsed = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>;

function parse(args: readonly string[]): Result<Parsed, string> {
  try {
    return ok(parseArgs({ args: [...args], options: FLAGS }));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

type Range = { readonly from: number; readonly to: number };

function whole(flag: string, text: string, { from, to }: Range): Result<number, string> {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= from && number <= to
    ? ok(number)
    : err(`--${flag} must be a whole number from ${from} to ${to}, not ${text}`);
}

function optional(
  flag: string,
  text: string | undefined,
  range: Range,
): Result<number | undefined, string> {
  return text === undefined ? ok(undefined) : whole(flag, text, range);
}
