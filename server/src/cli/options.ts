import { type ChannelId, err, ok, parseChannelId, type Result } from '@shoal/protocol';
import { type DeliveryOptions, type OriginOptions, parseLadder } from '../index.ts';
import {
  type Option,
  OPTIONS,
  type OptionName,
  readFlags,
  type Role,
  variableOf,
} from './flags.ts';

/** What the command was asked to do. */
export type OriginCommand =
  | { readonly type: 'help' }
  | {
      readonly type: 'origin';
      readonly origin: OriginOptions;
      readonly auth?: Auth;
      readonly showKeys: boolean;
      readonly json: boolean;
    }
  | {
      readonly type: 'delivery';
      readonly delivery: DeliveryOptions;
      readonly auth?: Auth;
      readonly json: boolean;
    };

/** A site that is asked who may do what. */
type Auth = {
  readonly url: string;
  readonly token?: string;
  readonly actions: readonly ('publish' | 'read')[];
};

/** Where options come from; a flag wins over its variable. */
export type Sources = {
  readonly args: readonly string[];
  /** As `process.env` has it; an empty variable counts as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

type Store = NonNullable<DeliveryOptions['store']>;

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Reads flags and environment; all problems at once. What is only out of its range, the start says. */
export function readOriginCommand({
  args,
  env,
}: Sources): Result<OriginCommand, readonly string[]> {
  const flags = readFlags(args);
  if (!flags.ok) return err([flags.error]);
  const { help, role = 'all', values } = flags.value;
  if (help) return ok({ type: 'help' });
  const reader = new Reader(role, values, env);
  const json = flags.value.json || env['SHOAL_ORIGIN_JSON'] === '1';
  const command: OriginCommand =
    role === 'delivery'
      ? { type: 'delivery', delivery: deliveryOf(reader), ...authOf(reader), json }
      : {
          ...{ type: 'origin', origin: originOf(reader), ...authOf(reader) },
          ...{ showKeys: reader.on('showKeys'), json },
        };
  return reader.problems.length > 0 ? err(reader.problems) : ok(command);
}

/** The options as they were written, and what is wrong with them. */
class Reader {
  readonly role: Role;
  readonly problems: string[] = [];
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;
  readonly #env: Sources['env'];

  constructor(role: Role, values: Reader['fields'], env: Sources['env']) {
    this.role = role;
    this.#values = values;
    this.#env = env;
    const kind = role === 'delivery' ? 'delivery' : 'origin';
    for (const { flag, only = kind } of Object.values<Option>(OPTIONS))
      if (only !== kind && values[flag] !== undefined)
        this.problems.push(`--${flag} is no option of ${role}`);
  }

  get fields(): Readonly<Record<string, string | boolean | undefined>> {
    return this.#values;
  }

  text(name: OptionName): string | undefined {
    const { flag, fallback }: Option = OPTIONS[name];
    const written = this.#values[flag] ?? this.variable(variableOf(flag));
    return typeof written === 'string' ? written : fallback;
  }

  on(name: OptionName): boolean {
    const { flag } = OPTIONS[name];
    return this.#values[flag] === true || this.variable(variableOf(flag)) === '1';
  }

  variable(name: string): string | undefined {
    const text = this.#env[name];
    return text === '' ? undefined : text;
  }

  number(name: OptionName): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d{1,9}(\.\d{1,3})?$/.test(text)) return Number(text);
    this.problems.push(`--${OPTIONS[name].flag} must be a number: ${text}`);
    return undefined;
  }

  list(name: OptionName): readonly string[] {
    const items = this.text(name)?.split(',') ?? [];
    return items.map((item) => item.trim()).filter((item) => item !== '');
  }
}

function deliveryOf(reader: Reader): DeliveryOptions {
  const cacheMib = reader.number('cacheMib') ?? 0;
  return {
    ...shared(reader),
    redis: redisOf(reader) ?? '',
    cacheBytes: Math.floor(cacheMib * 1_048_576),
    ...optional('store', storeOf(reader)),
  };
}

function originOf(reader: Reader): OriginOptions {
  const host = reader.text('host') ?? '';
  const tls = tlsOf(reader);
  const rtmpsPort = reader.number('rtmpsPort');
  if (rtmpsPort !== undefined && tls === undefined)
    reader.problems.push('--rtmps-port needs --tls-cert and --tls-key');
  const srtPort = reader.number('srtPort');
  const store = storeOf(reader);
  const dvrSeconds = reader.number('dvrSeconds') ?? 0;
  const keepHours = reader.number('keepHours') ?? 0;
  return {
    ...shared(reader),
    rtmp: { host, port: reader.number('rtmpPort') ?? 0 },
    ...(tls !== undefined &&
      rtmpsPort !== undefined && { rtmps: { host, port: rtmpsPort, ...tls } }),
    ...(srtPort !== undefined && { srt: { host, port: srtPort } }),
    dataDir: reader.text('dataDir') ?? '',
    channels: channelsOf(reader).map((channel) => ({ channel })),
    segmentSeconds: reader.number('segmentSeconds') ?? 2,
    lowLatency: reader.on('lowLatency'),
    ...optional('ladder', ladderOf(reader)),
    ...optional('ffmpegPath', reader.text('ffmpeg')),
    ...optional('redis', redisOf(reader)),
    ...(store !== undefined && { recording: { store, dvrSeconds, keepHours } }),
  };
}

/** What processes of all roles have. */
function shared(
  reader: Reader,
): Pick<OriginOptions, 'http' | 'staticDir' | 'logLevel' | 'metrics'> {
  const tls = tlsOf(reader);
  const metricsPort = reader.number('metricsPort');
  const metricsHost = reader.text('metricsHost') ?? '';
  const logLevel = LOG_LEVELS.find((level) => level === reader.text('logLevel'));
  if (logLevel === undefined)
    reader.problems.push(`--log-level must be one of ${LOG_LEVELS.join(', ')}`);
  return {
    http: {
      host: reader.text('host') ?? '',
      port: reader.number('httpPort') ?? 0,
      ...optional('tls', tls),
    },
    ...optional('staticDir', reader.text('pages')),
    ...(metricsPort !== undefined && { metrics: { host: metricsHost, port: metricsPort } }),
    ...optional('logLevel', logLevel),
  };
}

function authOf(reader: Reader): { readonly auth?: Auth } {
  const url = reader.text('authUrl');
  const plays = reader.on('authPlay');
  if (plays && url === undefined) reader.problems.push('--auth-play needs --auth-url');
  if (url === undefined) return {};
  const token = reader.variable('SHOAL_ORIGIN_AUTH_TOKEN');
  const actions =
    reader.role === 'delivery'
      ? (['read'] as const)
      : (['publish', ...(plays ? (['read'] as const) : [])] as const);
  return { auth: { url, actions, ...optional('token', token) } };
}

function redisOf(reader: Reader): string | undefined {
  const url = reader.text('redis');
  if (url === undefined && reader.role !== 'all')
    reader.problems.push(`${reader.role} needs --redis`);
  return url;
}

function tlsOf(
  reader: Reader,
): { readonly certFile: string; readonly keyFile: string } | undefined {
  const [certFile, keyFile] = [reader.text('tlsCert'), reader.text('tlsKey')];
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  const problem = '--tls-cert and --tls-key belong together';
  if ((certFile ?? keyFile) !== undefined && !reader.problems.includes(problem))
    reader.problems.push(problem);
  return undefined;
}

function storeOf(reader: Reader): Store | undefined {
  const folder = reader.text('record');
  const bucket = reader.text('s3Bucket');
  if (folder !== undefined && bucket !== undefined)
    reader.problems.push('either --record or --s3-bucket');
  if (folder !== undefined) return { type: 'disk', folder };
  if (bucket === undefined) return undefined;
  const endpoint = reader.text('s3Endpoint');
  if (endpoint === undefined) reader.problems.push('--s3-bucket needs --s3-endpoint');
  const key = (name: string): string => {
    const value = reader.variable(name);
    if (value === undefined) reader.problems.push(`--s3-bucket needs the variable ${name}`);
    return value ?? '';
  };
  return {
    ...{ type: 's3', endpoint: endpoint ?? '', region: reader.text('s3Region') ?? '', bucket },
    accessKeyId: key('SHOAL_ORIGIN_S3_ACCESS_KEY_ID'),
    secretAccessKey: key('SHOAL_ORIGIN_S3_SECRET_ACCESS_KEY'),
    pathStyle: reader.on('s3PathStyle'),
    ...optional('prefix', reader.text('s3Prefix')),
  };
}

function channelsOf(reader: Reader): readonly ChannelId[] {
  return reader.list('channels').flatMap((name) => {
    const channel = parseChannelId(name);
    if (channel.ok) return [channel.value];
    reader.problems.push(`--channels: ${name}: ${channel.error}`);
    return [];
  });
}

function ladderOf(reader: Reader): OriginOptions['ladder'] {
  const text = reader.text('ladder');
  if (text === undefined) return undefined;
  const ladder = parseLadder(text);
  if (ladder.ok) return ladder.value;
  reader.problems.push(`--ladder: ${ladder.error}`);
  return undefined;
}

/** A field where there is a value. */
function optional<K extends string, V>(
  name: K,
  value: V | undefined,
): Readonly<Partial<Record<K, V>>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<K, V>>; // the one field
}
