import { parseArgs, type ParseArgsConfig } from 'node:util';
import { err, ok, type Result } from '@shoal/protocol';

/** Which part of an origin a process is. */
export type Role = 'all' | 'ingest' | 'delivery';

/** One option: a flag `--name`, and a variable `SHOAL_ORIGIN_NAME`. */
export type Option = {
  readonly flag: string;
  /** What it takes; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  /** In the help, and used where nothing is said. */
  readonly fallback?: string;
  /** The only roles that know it. */
  readonly only?: 'origin' | 'delivery';
};

/** The name of an option. */
export type OptionName =
  | 'host'
  | 'httpPort'
  | 'tlsCert'
  | 'tlsKey'
  | 'redis'
  | 'rtmpPort'
  | 'rtmpsPort'
  | 'srtPort'
  | 'dataDir'
  | 'channels'
  | 'ladder'
  | 'segmentSeconds'
  | 'lowLatency'
  | 'ffmpeg'
  | 'showKeys'
  | 'record'
  | 's3Bucket'
  | 's3Endpoint'
  | 's3Region'
  | 's3Prefix'
  | 's3PathStyle'
  | 'dvrSeconds'
  | 'keepHours'
  | 'cacheMib'
  | 'authUrl'
  | 'authPlay'
  | 'pages'
  | 'metricsPort'
  | 'metricsHost'
  | 'logLevel';

/** All options. */
export const OPTIONS: Readonly<Record<OptionName, Option>> = {
  host: { flag: 'host', value: 'ADDRESS', fallback: '0.0.0.0', about: 'address to listen on' },
  httpPort: {
    flag: 'http-port',
    value: 'PORT',
    fallback: '8080',
    about: 'HLS and status API; 0 takes any free port',
  },
  tlsCert: { flag: 'tls-cert', value: 'FILE', about: 'certificate, PEM: HTTPS instead of HTTP' },
  tlsKey: { flag: 'tls-key', value: 'FILE', about: 'its key, PEM' },
  redis: { flag: 'redis', value: 'URL', about: 'redis:// that ingest and delivery share' },
  rtmpPort: {
    flag: 'rtmp-port',
    value: 'PORT',
    fallback: '1935',
    only: 'origin',
    about: 'publishers by RTMP',
  },
  rtmpsPort: {
    flag: 'rtmps-port',
    value: 'PORT',
    only: 'origin',
    about: 'and by RTMPS, with the certificate',
  },
  srtPort: {
    flag: 'srt-port',
    value: 'PORT',
    only: 'origin',
    about: 'and by SRT: UDP, one port a channel from here on',
  },
  dataDir: {
    flag: 'data-dir',
    value: 'FOLDER',
    fallback: './.shoal',
    only: 'origin',
    about: 'stream keys and what must outlive a restart',
  },
  channels: {
    flag: 'channels',
    value: 'LIST',
    fallback: 'demo',
    only: 'origin',
    about: 'channels that may publish',
  },
  ladder: {
    flag: 'ladder',
    value: 'LIST',
    only: 'origin',
    about: 'what is transcoded beside the source, or off',
  },
  segmentSeconds: {
    flag: 'segment-seconds',
    value: 'N',
    fallback: '2',
    only: 'origin',
    about: 'length of a segment',
  },
  lowLatency: { flag: 'low-latency', only: 'origin', about: 'playlists of Low-Latency HLS too' },
  ffmpeg: { flag: 'ffmpeg', value: 'FILE', only: 'origin', about: 'the ffmpeg to use' },
  showKeys: { flag: 'show-keys', only: 'origin', about: 'print the stream keys' },
  record: { flag: 'record', value: 'FOLDER', about: 'DVR and VOD: kept in a folder' },
  s3Bucket: { flag: 's3-bucket', value: 'NAME', about: 'or in a bucket of this name' },
  s3Endpoint: { flag: 's3-endpoint', value: 'URL', about: 'of its service' },
  s3Region: { flag: 's3-region', value: 'NAME', fallback: 'us-east-1', about: 'of its service' },
  s3Prefix: { flag: 's3-prefix', value: 'PATH', about: 'before the names in it' },
  s3PathStyle: { flag: 's3-path-style', about: 'endpoint/bucket instead of bucket.endpoint' },
  dvrSeconds: {
    flag: 'dvr-seconds',
    value: 'N',
    fallback: '7200',
    only: 'origin',
    about: 'how far back the DVR playlist reaches',
  },
  keepHours: {
    flag: 'keep-hours',
    value: 'N',
    fallback: '168',
    only: 'origin',
    about: 'how long a broadcast is kept after its end',
  },
  cacheMib: {
    flag: 'cache-mib',
    value: 'N',
    fallback: '256',
    only: 'delivery',
    about: 'live media kept in memory',
  },
  authUrl: {
    flag: 'auth-url',
    value: 'URL',
    about: 'site that is asked who may publish; of delivery, who may play',
  },
  authPlay: { flag: 'auth-play', only: 'origin', about: 'it is asked who may play, too' },
  pages: { flag: 'pages', value: 'FOLDER', about: 'served at /' },
  metricsPort: { flag: 'metrics-port', value: 'PORT', about: 'of /metrics; 0 takes any free port' },
  metricsHost: {
    flag: 'metrics-host',
    value: 'ADDRESS',
    fallback: '127.0.0.1',
    about: 'of that port',
  },
  logLevel: {
    flag: 'log-level',
    value: 'LEVEL',
    fallback: 'warn',
    about: 'silent, error, warn, info, debug',
  },
};

/** What was said of the options. */
export type Flags = {
  readonly role: Role | undefined;
  readonly help: boolean;
  readonly json: boolean;
  /** By flag; a switch is true. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
};

const ROLES = ['all', 'ingest', 'delivery'] as const;

/** Reads the command line; an error in words for what it cannot be. */
export function readFlags(args: readonly string[]): Result<Flags, string> {
  const options: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
  };
  for (const option of Object.values(OPTIONS))
    options[option.flag] = { type: option.value === undefined ? 'boolean' : 'string' };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [role = 'all', more] = positionals;
    const known = ROLES.find((name) => name === role);
    if (known === undefined) return err(`there is no role ${role}, but ${ROLES.join(', ')}`);
    if (more !== undefined) return err(`a process has one role, not ${positionals.join(' and ')}`);
    const { help, json, ...rest } = values as Flags['values']; // none is multiple
    return ok({ role: known, help: help === true, json: json === true, values: rest });
  } catch (error) {
    // Node's message goes on with advice about positional arguments.
    const text = error instanceof Error ? error.message : String(error);
    return err(text.split(/\. |\n/)[0] ?? text);
  }
}

/** The variable of an option. */
export function variableOf(flag: string): string {
  return `SHOAL_ORIGIN_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** The text of `--help`. */
export function helpText(): string {
  const row = (flag: string, fallback: string, about: string): string =>
    `  ${flag.padEnd(26)}${fallback.padEnd(11)}${about}`;
  const rows = (only: Option['only']): string =>
    Object.values(OPTIONS)
      .filter((option: Option) => option.only === only)
      .map(({ flag, value, fallback, about }: Option) =>
        row(value === undefined ? `--${flag}` : `--${flag} ${value}`, fallback ?? '', about),
      )
      .join('\n');
  return `shoal-origin: takes in live video, and serves it as HLS.

Usage: shoal-origin [all | ingest | delivery] [options]

  all        everything in one process (default); with --redis it is also an ingest
  ingest     publishers, encoders, packaging and recording, mirrored in Redis for delivery processes
  delivery   serves what ingest processes mirror and record; any number of them, anywhere, with nothing on a disk

Options
${rows(undefined)}
${row('--json', '', 'tell in JSON lines where it listens')}
${row('--help', '', 'this text')}

Of all and ingest
${rows('origin')}

Of delivery
${rows('delivery')}

A flag wins over its variable (SHOAL_ORIGIN_HTTP_PORT for --http-port; a switch is on with 1). LIST is separated by commas.
Keys of a bucket are in SHOAL_ORIGIN_S3_ACCESS_KEY_ID and SHOAL_ORIGIN_S3_SECRET_ACCESS_KEY alone; no flag takes a secret, since others
could see it. The token that a site of --auth-url is shown is in SHOAL_ORIGIN_AUTH_TOKEN. With --auth-url channels come into being when that
site names them; --channels= has no others. A Redis with a password is better named by SHOAL_ORIGIN_REDIS.
On the HTTP port: /live/, /healthz, /readyz, /v1/streams. Logs are JSON lines on standard output.
Exit codes: 0 stopped, 1 failed, 2 an option is wrong.
`;
}
