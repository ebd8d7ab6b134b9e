import { parseArgs, type ParseArgsConfig } from 'node:util';
import { type ChannelId, err, ok, parseChannelId, type Result } from '@shoal/protocol';
import type { AuthOptions, TrackerOptions } from '../index.ts';

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the command was asked to do. */
export type TrackerCommand =
  | { readonly type: 'help' }
  | {
      readonly type: 'run';
      readonly tracker: Omit<TrackerOptions, 'log' | 'bus'>;
      readonly logLevel: LogLevel;
      readonly json: boolean;
    };

/** Where options come from; a flag wins over its variable, a variable over the file. */
export type Sources = {
  readonly args: readonly string[];
  /** As `process.env` has it; an empty variable counts as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a text file; throws when it cannot. */
  readonly readFile: (path: string) => string;
};

type Option = {
  readonly flag: string;
  readonly value: string;
  readonly about: string;
  /** In the help, and used where nothing is said. */
  readonly fallback?: string;
};

/** Each is a flag `--name`, a variable `SHOAL_TRACKER_NAME` and a key `name` of the file. */
const OPTIONS = {
  host: { flag: 'host', value: 'ADDRESS', fallback: '0.0.0.0', about: 'address to listen on' },
  port: {
    flag: 'port',
    value: 'PORT',
    fallback: '8081',
    about: 'WebSocket and HTTP; 0 takes any free port',
  },
  authSecretFile: {
    flag: 'auth-secret-file',
    value: 'FILE',
    about: 'secret of the site that signs tokens (HS256)',
  },
  authPublicKeyFile: {
    flag: 'auth-public-key-file',
    value: 'FILE',
    about: 'or its public key, PEM (EdDSA, ES256, RS256)',
  },
  authAudience: { flag: 'auth-audience', value: 'NAME', about: 'what `aud` of a token must hold' },
  adminTokenFile: {
    flag: 'admin-token-file',
    value: 'FILE',
    about: 'bearer of operators, for swarms and switches',
  },
  channels: { flag: 'channels', value: 'LIST', about: 'channels that exist; without it all do' },
  allowedOrigins: {
    flag: 'allowed-origins',
    value: 'LIST',
    about: 'sites that may connect; without it all may',
  },
  trustedProxies: {
    flag: 'trusted-proxies',
    value: 'LIST',
    about: 'addresses or CIDR whose X-Forwarded-For counts',
  },
  redis: {
    flag: 'redis',
    value: 'URL',
    about: 'redis:// that several nodes share; then also',
  },
  nodeUrl: {
    flag: 'node-url',
    value: 'URL',
    about: 'where viewers and other nodes reach this one, ws(s)://',
  },
  nodeId: {
    flag: 'node-id',
    value: 'ID',
    about: 'its name, by which channels are dealt out; default: a new one',
  },
  connections: {
    flag: 'connections',
    value: 'N',
    fallback: '50000',
    about: 'WebSockets in all',
  },
  connectionsPerAddress: {
    flag: 'connections-per-address',
    value: 'N',
    fallback: '256',
    about: 'of one IPv4 address or IPv6 /64',
  },
  logLevel: {
    flag: 'log-level',
    value: 'LEVEL',
    fallback: 'info',
    about: LOG_LEVELS.join(', '),
  },
} as const satisfies Readonly<Record<string, Option>>;

type Name = keyof typeof OPTIONS;
const NAMES = Object.keys(OPTIONS) as readonly Name[]; // of the literal above
/** Also given as text in the environment, where a container gets its secrets. */
const SECRETS = { authSecretFile: 'AUTH_SECRET', adminTokenFile: 'ADMIN_TOKEN' } as const;

/** Reads flags, environment and file; all problems at once. */
export function readTrackerCommand(sources: Sources): Result<TrackerCommand, readonly string[]> {
  const flags = readFlags(sources.args);
  if (!flags.ok) return err([flags.error]);
  if (flags.value['help'] === true) return ok({ type: 'help' });
  const problems: string[] = [];
  const file = readConfigFile(flags.value['config'] ?? sources.env['SHOAL_TRACKER_CONFIG'], {
    sources,
    problems,
  });
  const text = (name: Name): string | undefined => {
    const { flag, fallback }: Option = OPTIONS[name];
    const written = flags.value[flag] ?? nonEmpty(sources.env[variableOf(flag)]) ?? file[name];
    return typeof written === 'string' ? written : fallback;
  };
  const list = (name: Name): readonly string[] | undefined =>
    text(name)
      ?.split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  const number = (name: Name, most: number, least: number): number => {
    const written = text(name) ?? '';
    const value = /^\d{1,9}$/.test(written) ? Number(written) : NaN;
    if (value >= least && value <= most) return value;
    problems.push(
      `--${OPTIONS[name].flag} must be a whole number from ${String(least)} to ${String(most)}: ${written}`,
    );
    return least;
  };
  const secret = (name: keyof typeof SECRETS | 'authPublicKeyFile'): string | undefined => {
    const path = text(name);
    if (path !== undefined) return readText(path, { name, sources, problems });
    return name === 'authPublicKeyFile'
      ? undefined
      : nonEmpty(sources.env[`SHOAL_TRACKER_${SECRETS[name]}`]);
  };
  const channels = readChannels(list('channels'), problems);
  const logLevel = LOG_LEVELS.find((level) => level === text('logLevel'));
  if (logLevel === undefined)
    problems.push(`--log-level must be one of ${LOG_LEVELS.join(', ')}: ${text('logLevel') ?? ''}`);
  const auth = readAuth(
    secret('authSecretFile'),
    secret('authPublicKeyFile'),
    text('authAudience'),
  );
  const adminToken = secret('adminTokenFile');
  const cluster = readNode(
    { redis: text('redis'), url: text('nodeUrl'), id: text('nodeId') },
    problems,
  );
  const allowedOrigins = list('allowedOrigins');
  const trustedProxies = list('trustedProxies');
  const tracker = {
    host: text('host') ?? '',
    port: number('port', 65_535, 0),
    connections: number('connections', 1_000_000, 1),
    connectionsPerAddress: number('connectionsPerAddress', 1_000_000, 1),
    processMetrics: true,
    ...(cluster && { cluster }),
    ...(auth && { auth }),
    ...(adminToken !== undefined && { adminToken }),
    ...(channels && { channels: (channel: ChannelId) => channels.has(channel) }),
    ...(allowedOrigins && { allowedOrigins }),
    ...(trustedProxies && { trustedProxies }),
  };
  const json = flags.value['json'] === true || sources.env['SHOAL_TRACKER_JSON'] === '1';
  return problems.length > 0 || logLevel === undefined
    ? err(problems)
    : ok({ type: 'run', tracker, logLevel, json });
}

/** The text of `--help`. */
export function trackerHelpText(): string {
  const rows = Object.values(OPTIONS).map(({ flag, value, about, ...option }) => {
    const fallback = 'fallback' in option ? option.fallback : '';
    return `  ${`--${flag} ${value}`.padEnd(31)}${fallback.padEnd(9)}${about}`;
  });
  return `shoal-tracker: introduces viewers of one channel to each other. Speaks the WebTorrent tracker protocol too.

Usage: shoal-tracker [options]

${rows.join('\n')}
  ${'--config FILE'.padEnd(31)}${''.padEnd(9)}JSON with any of these, e.g. {"port": 8081, "authSecretFile": "/run/secrets/site"}
  ${'--json'.padEnd(31)}${''.padEnd(9)}log as JSON lines
  --help                         this text

A flag wins over its variable (SHOAL_TRACKER_PORT for --port), a variable over the file. LIST is separated by commas.
Secrets may also be in SHOAL_TRACKER_AUTH_SECRET and SHOAL_TRACKER_ADMIN_TOKEN; no flag takes one, since others could see it.
Without a secret or a public key everybody may join every channel: for development alone.
On the same port: /healthz, /readyz, /metrics, /v1/channels/ID; with the operator's token /v1/channels/ID/swarm,
PUT and DELETE /v1/channels/ID/p2p, DELETE /v1/channels/ID/viewers/VIEWER.
Exit codes: 0 stopped, 1 failed, 2 an option is wrong.
`;
}

function readFlags(
  args: readonly string[],
): Result<Readonly<Record<string, string | boolean | undefined>>, string> {
  const options: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
    config: { type: 'string' },
  };
  for (const { flag } of Object.values(OPTIONS)) options[flag] = { type: 'string' };
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    return ok(values as Readonly<Record<string, string | boolean | undefined>>); // none is multiple
  } catch (error) {
    // Node's message goes on with advice about positional arguments, of which there are none here.
    const text = error instanceof Error ? error.message : String(error);
    return err(text.split(/\. |\n/)[0] ?? text);
  }
}

type Reading = { readonly sources: Sources; readonly problems: string[] };

function readConfigFile(
  path: string | boolean | undefined,
  { sources, problems }: Reading,
): Partial<Record<Name, string>> {
  if (typeof path !== 'string' || path === '') return {};
  const values: Partial<Record<Name, string>> = {};
  try {
    const json: unknown = JSON.parse(sources.readFile(path));
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new Error('not a JSON object');
    for (const [key, value] of Object.entries(json)) {
      const name = NAMES.find((known) => known === key);
      const text: unknown = Array.isArray(value) ? value.join(',') : value;
      if (name === undefined) problems.push(`${path}: there is no option ${key}`);
      else if (typeof text === 'string' || typeof text === 'number') values[name] = String(text);
      else problems.push(`${path}: ${key} must be a text, a number or a list`);
    }
  } catch (error) {
    problems.push(`--config ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return values;
}

function readText(
  path: string,
  { name, sources, problems }: Reading & { readonly name: Name },
): string | undefined {
  try {
    return sources.readFile(path).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push(`--${OPTIONS[name].flag} ${path}: ${why}`);
    return undefined;
  }
}

function readChannels(
  names: readonly string[] | undefined,
  problems: string[],
): ReadonlySet<ChannelId> | undefined {
  if (names === undefined) return undefined;
  const channels = new Set<ChannelId>();
  for (const name of names) {
    const channel = parseChannelId(name);
    if (channel.ok) channels.add(channel.value);
    else problems.push(`--channels: ${name}: ${channel.error}`);
  }
  return channels;
}

function readAuth(
  secret: string | undefined,
  publicKey: string | undefined,
  audience: string | undefined,
): AuthOptions | undefined {
  return secret === undefined && publicKey === undefined
    ? undefined
    : { secret, publicKey, audience };
}

function readNode(
  { redis, url, id }: Readonly<Record<'redis' | 'url' | 'id', string | undefined>>,
  problems: string[],
): TrackerOptions['cluster'] {
  if (redis === undefined && url === undefined) return undefined;
  if (redis !== undefined && url !== undefined)
    return { redis, url, ...(id !== undefined && { id }) };
  problems.push('--redis and --node-url belong together');
  return undefined;
}

function variableOf(flag: string): string {
  return `SHOAL_TRACKER_${flag.toUpperCase().replaceAll('-', '_')}`;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
