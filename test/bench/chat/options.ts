import { ok, type Result, unwrap } from '@shoal/protocol';
import { readFlags } from '../../support/flags.ts';
import { whole } from '../whole-number.ts';

export const HELP = `npm run bench:chat -- [options]

How soon everybody who reads a channel has a message of its chat, from the moment at which its writer sent it, and whether anybody
lost one or had them in another order. The service is a process of this machine with a database of its own, and all readers
are another; some of them write, over their sockets. Several processes of it have one PostgreSQL and one Redis, which must be
installed, and readers and writers in turn.

  --readers N   of the channel, 1-5000; default 1000
  --rate N      messages a second, 1-100; default 20
  --seconds N   5-600; default 30
  --processes N of the service, 1-4; default 1
  --title       changes of the title, one a second, instead of messages
  --json        one line of JSON instead of the table
  --help

A run in which the readers' own event loop was held up for more than 250 ms says nothing and is invalid.

Bars: p99 at most 150 ms (of titles 100 ms), none lost, none out of order, and a heap that does not grow.
Exit code 0, 1 when a bar was missed or something failed, 2 for options that make no sense.
`;

/** What to measure. */
export type ChatBenchOptions = {
  readonly readers: number;
  readonly rate: number;
  readonly seconds: number;
  readonly processes: number;
  readonly title: boolean;
  readonly json: boolean;
};

/** Reads the command line; `undefined` for `--help`, an error in words for what makes no sense. */
export function readOptions(args: readonly string[]): Result<ChatBenchOptions | undefined, string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const values = parsed.value;
  if (values.help === true) return ok(undefined);
  const readers = whole('readers', values.readers ?? '1000', { from: 1, to: 5_000 });
  const rate = whole('rate', values.rate ?? '20', { from: 1, to: 100 });
  const seconds = whole('seconds', values.seconds ?? '30', { from: 5, to: 600 });
  const processes = whole('processes', values.processes ?? '1', { from: 1, to: 4 });
  for (const number of [readers, rate, seconds, processes]) if (!number.ok) return number;
  const title = values.title === true;
  return ok({
    ...{ readers: unwrap(readers), rate: title ? 1 : unwrap(rate), seconds: unwrap(seconds) },
    ...{ processes: unwrap(processes), title, json: values.json === true },
  });
}

const FLAGS = {
  readers: { type: 'string' },
  rate: { type: 'string' },
  seconds: { type: 'string' },
  processes: { type: 'string' },
  title: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
