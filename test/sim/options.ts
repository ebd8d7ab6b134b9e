import { err, ok, type Result } from '@shoal/protocol';
import { readFlags } from '../support/flags.ts';
import type { Scene } from './scene.ts';
import { SCENES } from './scenes.ts';

/** What to simulate. */
export type SimOptions = {
  readonly scenes: readonly Scene[];
  readonly seed: number;
  /** Runs of each scene, with seeds `seed`, `seed` + 1, … */
  readonly runs: number;
  /** JSON lines instead of a table. */
  readonly json: boolean;
};

const NAME_WIDTH = 17;

export const HELP = `npm run sim -- [options]

Simulates swarms on a virtual clock: every viewer runs the real engine, all of them the real tracker
core, over a model of uplinks, downlinks, delay, loss, NATs and the origin. Same seed, same figures.

  --scenes LIST   of the names below; default all but the largest crowd
  --seed N        default 1
  --runs N        runs of each scene, with seeds N, N + 1, …, 1-100; default 1
  --json          a JSON line per run instead of the table
  --help

${SCENES.map(({ name, about }) => `  ${name.padEnd(NAME_WIDTH)}${about}`).join('\n')}

Exit code 0, or 2 for options that make no sense.
`;

/** Reads the command line; `help` when that was asked for. */
export function readOptions(args: readonly string[]): Result<SimOptions | 'help', string> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return parsed;
  const { help, json, ...values } = parsed.value;
  if (help === true) return ok('help');
  const names = values.scenes?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !SCENES.some((scene) => scene.name === name));
  if (unknown !== undefined) return err(`--scenes: there is no ${unknown || 'nameless'} scene`);
  const seed = whole(values.seed ?? '1', 4_294_967_295);
  if (seed === undefined) return err(`--seed must be a whole number, not ${values.seed}`);
  const runs = whole(values.runs ?? '1', 100);
  if (runs === undefined || runs < 1) return err('--runs must be a whole number from 1 to 100');
  const scenes =
    names === undefined ? SCENES.slice(0, -1) : SCENES.filter(({ name }) => names.includes(name));
  return ok({ scenes, seed, runs, json: json ?? false });
}

const FLAGS = {
  scenes: { type: 'string' },
  seed: { type: 'string' },
  runs: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function whole(text: string, to: number): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number <= to ? number : undefined;
}
