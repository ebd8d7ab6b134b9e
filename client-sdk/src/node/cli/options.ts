import { parseArgs, type ParseArgsConfig } from 'node:util';
import { err, ok, type Result } from '@shoal/protocol';
import { signingKeysProblem } from '../../signing-keys.ts';

/** More peers in one process would share one core; start another process instead. */
const MAX_PEERS = 200;

/** What the command was asked to do. */
export type PeerCommand =
  | { readonly type: 'help' }
  | {
      readonly type: 'run';
      readonly playlist: string;
      readonly tracker: string;
      readonly peers: number;
      /** Public keys of the channel; undefined for none. */
      readonly signingKeys: readonly string[] | undefined;
      /** Per peer; undefined for no cap. */
      readonly uploadKbps: number | undefined;
      /** Undefined: until it is stopped, or until the stream has ended and was played. */
      readonly seconds: number | undefined;
      /** Seconds between two lines of progress. */
      readonly every: number;
      readonly json: boolean;
    };

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

type ValueOption = {
  readonly flag: string;
  readonly variable: string;
  /** Undefined: there is none. */
  readonly fallback: string | undefined;
  readonly value: string;
  readonly about: string;
};

const OPTIONS = {
  playlist: {
    flag: 'playlist',
    variable: 'SHOAL_PLAYLIST',
    fallback: undefined,
    value: 'URL',
    about: 'media or multivariant playlist, http(s)://',
  },
  tracker: {
    flag: 'tracker',
    variable: 'SHOAL_TRACKER',
    fallback: undefined,
    value: 'URL',
    about: 'tracker, ws(s)://',
  },
  peers: {
    flag: 'peers',
    variable: 'SHOAL_PEERS',
    fallback: '1',
    value: 'N',
    about: `viewers to be, 1 to ${MAX_PEERS}`,
  },
  signingKeys: {
    flag: 'signing-keys',
    variable: 'SHOAL_SIGNING_KEYS',
    fallback: undefined,
    value: 'KEYS',
    about: 'share only what one of these keys has signed; a comma between them',
  },
  uploadKbps: {
    flag: 'upload-kbps',
    variable: 'SHOAL_UPLOAD_KBPS',
    fallback: undefined,
    value: 'N',
    about: 'upload cap of each, kbit/s; without it there is none',
  },
  seconds: {
    flag: 'seconds',
    variable: 'SHOAL_SECONDS',
    fallback: undefined,
    value: 'S',
    about: 'stop after so long; without it at Ctrl+C or the end of the stream',
  },
  every: {
    flag: 'every',
    variable: 'SHOAL_EVERY',
    fallback: '5',
    value: 'S',
    about: 'seconds between two lines of progress',
  },
} as const satisfies Readonly<Record<string, ValueOption>>;

/** Reads flags and environment: a flag wins over its variable; an empty variable counts as not set. All problems at once. */
export function readPeerCommand(
  args: readonly string[],
  env: Environment,
): Result<PeerCommand, readonly string[]> {
  const options: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
  };
  for (const { flag } of Object.values(OPTIONS)) options[flag] = { type: 'string' };
  let flags: Readonly<Record<string, unknown>>;
  try {
    flags = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return err([firstSentence(error)]);
  }
  if (flags['help'] === true) return ok({ type: 'help' });
  const problems: string[] = [];
  const read = ({ flag, variable, fallback }: ValueOption): string | undefined => {
    const written = flags[flag] ?? (env[variable] === '' ? undefined : env[variable]);
    return typeof written === 'string' ? written : fallback;
  };
  const url = (option: ValueOption, protocols: readonly string[]): string => {
    const text = read(option);
    const parsed = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
    if (parsed !== undefined && protocols.includes(parsed.protocol)) return parsed.href;
    const wanted = protocols.map((protocol) => `${protocol}//`).join(' or ');
    problems.push(
      text === undefined
        ? `--${option.flag} or ${option.variable} is needed: a URL with ${wanted}`
        : `--${option.flag} must be a URL with ${wanted}: ${text}`,
    );
    return '';
  };
  const number = (option: ValueOption, max: number, whole = false): number | undefined => {
    const text = read(option);
    if (text === undefined) return undefined;
    const value = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
    if (value > 0 && value <= max && (!whole || Number.isInteger(value))) return value;
    const what = whole ? 'a whole number from 1' : 'a number above 0, up';
    problems.push(`--${option.flag} must be ${what} to ${max}: ${text}`);
    return undefined;
  };
  const keys = (): readonly string[] | undefined => {
    const list = read(OPTIONS.signingKeys)?.split(',');
    const problem = signingKeysProblem(list);
    if (problem !== undefined) problems.push(`--${OPTIONS.signingKeys.flag}: ${problem}`);
    return list;
  };
  const command = {
    type: 'run',
    playlist: url(OPTIONS.playlist, ['http:', 'https:']),
    tracker: url(OPTIONS.tracker, ['ws:', 'wss:']),
    peers: number(OPTIONS.peers, MAX_PEERS, true) ?? 1,
    signingKeys: keys(),
    uploadKbps: number(OPTIONS.uploadKbps, 10_000_000),
    seconds: number(OPTIONS.seconds, 2_000_000),
    every: number(OPTIONS.every, 3_600) ?? 5,
    json: flags['json'] === true || ['1', 'true'].includes(env['SHOAL_JSON'] ?? ''),
  } as const;
  return problems.length > 0 ? err(problems) : ok(command);
}

/** The text of `--help`. */
export function peerHelpText(): string {
  const rows = Object.values(OPTIONS).map(
    ({ flag, value, variable, fallback = '', about }) =>
      `  ${`--${flag} ${value}`.padEnd(20)}${variable.padEnd(20)}${fallback.padEnd(9)}${about}`,
  );
  return `shoal-peer: viewers without a picture, that share a stream as browsers do. For seed boxes and load tests.

Usage: shoal-peer --playlist URL --tracker URL [options]      A flag wins over its variable.

  ${'option'.padEnd(20)}${'variable'.padEnd(20)}${'default'.padEnd(9)}
${rows.join('\n')}
  ${'--json'.padEnd(20)}${'SHOAL_JSON=1'.padEnd(20)}${'off'.padEnd(9)}one JSON object a line instead of text
  --help              this text

Progress goes to stdout, warnings to stderr.
Exit codes: 0 ended or stopped, 1 failed or nothing could be played, 2 an option is wrong.
`;
}

/** Node's message goes on with advice about positional arguments, of which there are none here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split(/\. |\n/)[0] ?? text;
}
