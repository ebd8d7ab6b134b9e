import { err, ok, type Result, unwrap } from '@shoal/protocol';
import { readFlags } from '../../support/flags.ts';
import { whole } from '../whole-number.ts';

export const HELP = `npm run bench:reload -- [options]

How soon players that wait for the next part of an LL-HLS playlist have it: each of them asks for every part, over a connection
that is kept open, and is answered when the part is there. Publisher, origin and players are processes of this machine.

  --clients N   players that wait at the same time, 1-8000; default 2000
  --parts N     measured, 1-60; default 20
  --role ROLE   all: players ask the origin; delivery: a delivery process beside it, over Redis; default all
  --json        a JSON line per part instead of the table
  --help

Exit code 0, 1 when something failed, 2 for options that make no sense.
`;

/** What to measure. */
export type ReloadBenchOptions = {
  readonly clients: number;
  readonly parts: number;
  readonly role: 'all' | 'delivery';
  readonly json: boolean;
};

/** Reads the command line; `undefined` for `--help`, an error in words for what makes no sense. */
export function readOptions(
  args: readonly string[],
): Result<ReloadBenchOptions | undefined, string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const values = parsed.value;
  if (values.help === true) return ok(undefined);
  const clients = whole('clients', values.clients ?? '2000', { from: 1, to: 8_000 });
  const parts = whole('parts', values.parts ?? '20', { from: 1, to: 60 });
  for (const number of [clients, parts]) if (!number.ok) return number;
  const { role = 'all', json } = values;
  if (role !== 'all' && role !== 'delivery') return err('--role must be all or delivery');
  return ok({ clients: unwrap(clients), parts: unwrap(parts), role, json: json === true });
}

const FLAGS = {
  clients: { type: 'string' },
  parts: { type: 'string' },
  role: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
