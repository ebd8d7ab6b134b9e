import { parseArgs, type ParseArgsConfig } from 'node:util';
import { err, ok, type Result } from '@shoal/protocol';
import { DEFAULT_LADDER, formatLadder } from '@shoal/server';

/** An option that takes a value: a flag, an environment variable and a default, in this order. */
export type ValueOption = {
  readonly flag: string;
  readonly variable: string;
  readonly fallback: string;
  /** How the value is called in the help. */
  readonly value: string;
  readonly about: string;
};

/** Name of an option with a value. */
export type OptionName =
  | 'httpPort'
  | 'trackerPort'
  | 'rtmpPort'
  | 'rtmpsPort'
  | 'tlsCert'
  | 'tlsKey'
  | 'srtPort'
  | 'host'
  | 'publicHost'
  | 'dataDir'
  | 'channel'
  | 'patternSize'
  | 'ladder'
  | 'passthrough'
  | 'record'
  | 'redis'
  | 'logLevel';

/** Every option with a value. */
export const VALUE_OPTIONS: Readonly<Record<OptionName, ValueOption>> = {
  httpPort: {
    flag: 'http-port',
    variable: 'SHOAL_HTTP_PORT',
    fallback: '8080',
    value: 'PORT',
    about: 'pages, playlists and segments; 0 takes any free port',
  },
  trackerPort: {
    flag: 'tracker-port',
    variable: 'SHOAL_TRACKER_PORT',
    fallback: '8081',
    value: 'PORT',
    about: 'WebSocket tracker; 0 takes any free port',
  },
  rtmpPort: {
    flag: 'rtmp-port',
    variable: 'SHOAL_RTMP_PORT',
    fallback: '1935',
    value: 'PORT',
    about: 'RTMP ingest; 0 takes any free port',
  },
  rtmpsPort: {
    flag: 'rtmps-port',
    variable: 'SHOAL_RTMPS_PORT',
    fallback: '',
    value: 'PORT',
    about: 'RTMPS ingest, with --tls-cert and --tls-key; none by default',
  },
  tlsCert: {
    flag: 'tls-cert',
    variable: 'SHOAL_TLS_CERT',
    fallback: '',
    value: 'FILE',
    about: 'certificate (PEM), the chain included',
  },
  tlsKey: {
    flag: 'tls-key',
    variable: 'SHOAL_TLS_KEY',
    fallback: '',
    value: 'FILE',
    about: 'its private key (PEM)',
  },
  srtPort: {
    flag: 'srt-port',
    variable: 'SHOAL_SRT_PORT',
    fallback: '',
    value: 'PORT',
    about: 'SRT ingest (UDP); none by default',
  },
  host: {
    flag: 'host',
    variable: 'SHOAL_HOST',
    fallback: '0.0.0.0',
    value: 'ADDRESS',
    about: 'address to listen on; 127.0.0.1 keeps other machines out',
  },
  publicHost: {
    flag: 'public-host',
    variable: 'SHOAL_PUBLIC_HOST',
    fallback: 'localhost',
    value: 'NAME',
    about: 'name or address in the printed URLs',
  },
  dataDir: {
    flag: 'data-dir',
    variable: 'SHOAL_DATA_DIR',
    fallback: './.shoal',
    value: 'FOLDER',
    about: 'stream keys and channel state',
  },
  channel: {
    flag: 'channel',
    variable: 'SHOAL_CHANNEL',
    fallback: 'demo',
    value: 'ID',
    about: 'the channel: 1-64 of A-Z a-z 0-9 _ -',
  },
  patternSize: {
    flag: 'pattern-size',
    variable: 'SHOAL_PATTERN_SIZE',
    fallback: '1280x720',
    value: 'WxH',
    about: 'picture size of the test pattern',
  },
  ladder: {
    flag: 'ladder',
    variable: 'SHOAL_LADDER',
    fallback: formatLadder(DEFAULT_LADDER),
    value: 'RUNGS',
    about: 'NAME:LINES:KBPS,… transcoded where the source has more lines; off saves the CPU',
  },
  passthrough: {
    flag: 'passthrough',
    variable: 'SHOAL_PASSTHROUGH',
    fallback: '',
    value: 'CODECS',
    about: 'hevc,av1: copied as they come, H.264 beside them; else transcoded to H.264',
  },
  record: {
    flag: 'record',
    variable: 'SHOAL_RECORD',
    fallback: '',
    value: 'FOLDER',
    about: 'keeps what was on there, for DVR and VOD',
  },
  redis: {
    flag: 'redis',
    variable: 'SHOAL_REDIS',
    fallback: '',
    value: 'URL',
    about: 'redis:// that this tracker shares with others (npm run tracker)',
  },
  logLevel: {
    flag: 'log-level',
    variable: 'SHOAL_LOG_LEVEL',
    fallback: 'warn',
    value: 'LEVEL',
    about: 'silent, error, warn, info or debug',
  },
};

/** The names of {@link VALUE_OPTIONS} in the order of the help text. */
export const OPTION_NAMES: readonly OptionName[] = [
  'httpPort',
  'trackerPort',
  'rtmpPort',
  'rtmpsPort',
  'tlsCert',
  'tlsKey',
  'srtPort',
  'host',
  'publicHost',
  'dataDir',
  'channel',
  'patternSize',
  'ladder',
  'passthrough',
  'record',
  'redis',
  'logLevel',
];

/** What was written for each option, before anything is checked. */
export type RawOptions = {
  readonly help: boolean;
  readonly json: boolean;
  readonly pattern: boolean;
  readonly lowLatency: boolean;
  readonly audioRendition: boolean;
  readonly mp4: boolean;
  readonly storyboard: boolean;
  readonly rotateSigningKey: boolean;
  /** Flag, else variable, else default. */
  readonly values: Readonly<Record<OptionName, string>>;
  /** The options that were given at all. */
  readonly given: ReadonlySet<OptionName>;
};

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads flags and environment; an unknown flag or a flag without its value is an error. An empty variable counts as not set. */
export function readOptions(args: readonly string[], env: Environment): Result<RawOptions, string> {
  const options: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
    pattern: { type: 'boolean' },
    'low-latency': { type: 'boolean' },
    'audio-rendition': { type: 'boolean' },
    mp4: { type: 'boolean' },
    storyboard: { type: 'boolean' },
    'rotate-signing-key': { type: 'boolean' },
  };
  for (const name of OPTION_NAMES) options[VALUE_OPTIONS[name].flag] = { type: 'string' };
  let flags: Readonly<Record<string, unknown>>;
  try {
    flags = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return err(firstSentence(error));
  }
  const given = new Set<OptionName>();
  const read = (name: OptionName): string => {
    const { flag, variable, fallback } = VALUE_OPTIONS[name];
    const written = flags[flag] ?? (env[variable] === '' ? undefined : env[variable]);
    if (typeof written !== 'string') return fallback;
    given.add(name);
    return written;
  };
  const switched = (flag: string, variable: string): boolean =>
    flags[flag] === true || ['1', 'true'].includes(env[variable] ?? '');
  return ok({
    help: flags['help'] === true,
    json: flags['json'] === true,
    pattern: switched('pattern', 'SHOAL_PATTERN'),
    lowLatency: switched('low-latency', 'SHOAL_LOW_LATENCY'),
    audioRendition: switched('audio-rendition', 'SHOAL_AUDIO_RENDITION'),
    mp4: switched('mp4', 'SHOAL_MP4'),
    storyboard: switched('storyboard', 'SHOAL_STORYBOARD'),
    // No variable: it is done once, not at each start.
    rotateSigningKey: flags['rotate-signing-key'] === true,
    values: {
      httpPort: read('httpPort'),
      trackerPort: read('trackerPort'),
      rtmpPort: read('rtmpPort'),
      rtmpsPort: read('rtmpsPort'),
      tlsCert: read('tlsCert'),
      tlsKey: read('tlsKey'),
      srtPort: read('srtPort'),
      host: read('host'),
      publicHost: read('publicHost'),
      dataDir: read('dataDir'),
      channel: read('channel'),
      patternSize: read('patternSize'),
      ladder: read('ladder'),
      passthrough: read('passthrough'),
      record: read('record'),
      redis: read('redis'),
      logLevel: read('logLevel'),
    },
    given,
  });
}

/** Node's message goes on with advice about positional arguments, of which there are none here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split(/\. |\n/)[0] ?? text;
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = OPTION_NAMES.map((name) => {
    const { flag, value, variable, fallback, about } = VALUE_OPTIONS[name];
    return `  ${`--${flag} ${value}`.padEnd(24)}${variable.padEnd(22)}${fallback.padEnd(11)}${about}`;
  });
  return `Shoal: a live channel whose viewers share it with one another.

  npm start        waits for a publisher, such as OBS
  npm run demo     the same, and publishes a test pattern

Usage: npm start -- [options]      A flag wins over its variable, a variable over the default.

  ${'option'.padEnd(24)}${'variable'.padEnd(22)}${'default'.padEnd(11)}
${rows.join('\n')}
  ${'--pattern'.padEnd(24)}${'SHOAL_PATTERN=1'.padEnd(22)}${'off'.padEnd(11)}publish the built-in test pattern over RTMP
  ${'--low-latency'.padEnd(24)}${'SHOAL_LOW_LATENCY=1'.padEnd(22)}${'off'.padEnd(11)}playlists of Low-Latency HLS beside the others (ll.m3u8)
  ${'--audio-rendition'.padEnd(24)}${'SHOAL_AUDIO_RENDITION=1'.padEnd(24)}${'off'.padEnd(9)}the sound as a rendition of its own, stored and shared once
  ${'--mp4'.padEnd(24)}${'SHOAL_MP4=1'.padEnd(22)}${'off'.padEnd(11)}MP4 files of recorded broadcasts when they are over, with --record
  ${'--storyboard'.padEnd(24)}${'SHOAL_STORYBOARD=1'.padEnd(22)}${'off'.padEnd(11)}posters and small pictures of them, with --record
  --rotate-signing-key    have the channel's next signing key sign from now on
  --json                  print what was started as one line of JSON; progress goes to stderr
  --help                  this text

ffmpeg is taken from FFMPEG_PATH, the PATH, or the one that npm installed; npm run doctor shows which.

Exit codes: 0 stopped as asked, 1 failed, 2 an option is wrong or its port is taken, 3 ffmpeg is missing.
`;
}
