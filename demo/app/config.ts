import { type ChannelId, err, ok, parseChannelId, type Result } from '@shoal/protocol';
import { type Passthrough, parseLadder, type Rung } from '@shoal/server';
import {
  type Environment,
  type OptionName,
  type RawOptions,
  readOptions,
  VALUE_OPTIONS,
} from './options.ts';

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Pixels. */
export type PictureSize = { readonly width: number; readonly height: number };

/** A checked configuration of the demo. */
export type DemoConfig = {
  /** Ports; 0 takes any free one. Defaults 8080, 8081 and 1935. */
  readonly httpPort: number;
  readonly trackerPort: number;
  readonly rtmpPort: number;
  /** RTMPS beside RTMP. Default: none. */
  readonly rtmps:
    { readonly port: number; readonly certFile: string; readonly keyFile: string } | undefined;
  /** UDP port of SRT. Default: none. */
  readonly srtPort: number | undefined;
  /** Address to listen on. Default 0.0.0.0, that is every interface. */
  readonly host: string;
  /** Host in URLs for people; undefined means `localhost` there, and pages ask the host they came from. */
  readonly publicHost: string | undefined;
  /** Folder of stream keys and channel state. Default `./.shoal`. */
  readonly dataDir: string;
  /** Default `demo`. */
  readonly channel: ChannelId;
  /** Publish the test pattern. Default false. */
  readonly pattern: boolean;
  /** Picture of the test pattern. Default 1280×720. */
  readonly patternSize: PictureSize;
  /** What is transcoded beside the source. Default: that of the origin. */
  readonly ladder: readonly Rung[];
  /** What is copied although not every viewer can play it. Default: nothing. */
  readonly passthrough: readonly Passthrough[];
  /** Playlists of Low-Latency HLS beside the others. Default false. */
  readonly lowLatency: boolean;
  /** Whether the channel's next signing key is to sign from this start on. */
  readonly rotateSigningKey: boolean;
  /** Whether the sound is a rendition of its own. Default false. */
  readonly audioRendition: boolean;
  /** Folder where what was on is kept for DVR and VOD. Default: nowhere. */
  readonly record: string | undefined;
  /** MP4 files of what was recorded, when it is over; posters and storyboards of it. Default of both: false. */
  readonly mp4: boolean;
  readonly storyboard: boolean;
  /** The Redis that the tracker shares with others, which hear of this origin by it. Default undefined: it is alone. */
  readonly redis: string | undefined;
  /** Default `warn`. */
  readonly logLevel: LogLevel;
};

/** What the command line asks for. */
export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'run'; readonly config: DemoConfig; readonly json: boolean };

/** One option that cannot be used, named as people write it. */
export type ConfigProblem = {
  /** `undefined` for a flag that does not exist. */
  readonly option: OptionName | undefined;
  readonly message: string;
};

/** Reads the command line; every bad option is in the error, not the first alone. */
export function parseConfig(
  args: readonly string[],
  env: Environment,
): Result<Command, readonly ConfigProblem[]> {
  const raw = readOptions(args, env);
  if (!raw.ok) return err([{ option: undefined, message: raw.error }]);
  if (raw.value.help) return ok({ type: 'help' });
  const config = checkOptions(raw.value);
  return config.ok ? ok({ type: 'run', config: config.value, json: raw.value.json }) : config;
}

function checkOptions(raw: RawOptions): Result<DemoConfig, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const take = <T>(name: OptionName, parse: (text: string) => Result<T, string>): T | undefined => {
    const text = raw.values[name];
    const result = parse(text);
    if (result.ok) return result.value;
    const { flag, variable } = VALUE_OPTIONS[name];
    problems.push({
      option: name,
      message: `--${flag} (${variable}) is ${JSON.stringify(text)}: ${result.error}`,
    });
    return undefined;
  };
  const httpPort = take('httpPort', parsePort);
  const trackerPort = take('trackerPort', parsePort);
  const rtmpPort = take('rtmpPort', parsePort);
  const rtmpsPort = take('rtmpsPort', orNone(parsePort));
  const srtPort = take('srtPort', orNone(parseFixedPort));
  const host = take('host', parseHost);
  const publicHost = take('publicHost', parseHost);
  const dataDir = take('dataDir', parseFolder);
  const channel = take('channel', parseChannel);
  const patternSize = take('patternSize', parseSize);
  const ladder = take('ladder', parseLadder);
  const passthrough = take('passthrough', parsePassthrough);
  const redis = take('redis', parseRedis);
  const logLevel = take('logLevel', parseLogLevel);
  if (redis !== undefined && redis !== '' && trackerPort === 0)
    problems.push({
      option: 'redis',
      message: '--redis needs a --tracker-port that others can be told, not 0',
    });
  const { tlsCert, tlsKey } = raw.values;
  if (rtmpsPort !== undefined && rtmpsPort !== 'none' && (tlsCert === '' || tlsKey === ''))
    problems.push({ option: 'rtmpsPort', message: '--rtmps-port needs --tls-cert and --tls-key' });
  for (const flag of ['mp4', 'storyboard'] as const)
    if (raw[flag] && raw.values.record === '')
      problems.push({ option: 'record', message: `--${flag} needs --record` });
  problems.push(...sharedPorts({ httpPort, trackerPort, rtmpPort, rtmpsPort }));
  if (
    problems.length > 0 ||
    httpPort === undefined ||
    trackerPort === undefined ||
    rtmpPort === undefined ||
    rtmpsPort === undefined ||
    srtPort === undefined ||
    host === undefined ||
    dataDir === undefined ||
    channel === undefined ||
    patternSize === undefined ||
    ladder === undefined ||
    passthrough === undefined ||
    logLevel === undefined
  )
    return err(problems);
  return ok({
    httpPort,
    trackerPort,
    rtmpPort,
    rtmps:
      rtmpsPort === 'none' ? undefined : { port: rtmpsPort, certFile: tlsCert, keyFile: tlsKey },
    srtPort: srtPort === 'none' ? undefined : srtPort,
    host,
    publicHost: raw.given.has('publicHost') ? publicHost : undefined,
    dataDir,
    channel,
    pattern: raw.pattern,
    patternSize,
    ladder,
    passthrough,
    lowLatency: raw.lowLatency,
    rotateSigningKey: raw.rotateSigningKey,
    audioRendition: raw.audioRendition,
    record: raw.values.record === '' ? undefined : raw.values.record,
    mp4: raw.mp4,
    storyboard: raw.storyboard,
    redis: redis === '' ? undefined : redis,
    logLevel,
  });
}

function sharedPorts(
  ports: Readonly<
    Record<'httpPort' | 'trackerPort' | 'rtmpPort' | 'rtmpsPort', number | 'none' | undefined>
  >,
): readonly ConfigProblem[] {
  const pairs = [
    ['httpPort', 'trackerPort'],
    ['httpPort', 'rtmpPort'],
    ['trackerPort', 'rtmpPort'],
    ['httpPort', 'rtmpsPort'],
    ['trackerPort', 'rtmpsPort'],
    ['rtmpPort', 'rtmpsPort'],
  ] as const;
  return pairs
    .filter(([a, b]) => typeof ports[a] === 'number' && ports[a] !== 0 && ports[a] === ports[b])
    .map(([a, b]) => ({
      option: b,
      message: `--${VALUE_OPTIONS[a].flag} and --${VALUE_OPTIONS[b].flag} are both ${String(ports[a])}`,
    }));
}

const PASSTHROUGH: ReadonlyMap<string, Passthrough> = new Map([
  ['hevc', 'HEVC'],
  ['av1', 'AV1'],
]);

function parsePassthrough(text: string): Result<readonly Passthrough[], string> {
  const codecs: Passthrough[] = [];
  for (const name of text === '' ? [] : text.split(',')) {
    const codec = PASSTHROUGH.get(name.trim().toLowerCase());
    if (codec === undefined) return err('not hevc, av1 or both, separated by a comma');
    codecs.push(codec);
  }
  return ok(codecs);
}

function parsePort(text: string): Result<number, string> {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port <= 65_535 ? ok(port) : err('not a port (0 to 65535)');
}

/** ffmpeg, which listens there, could not say which port it was given. */
function parseFixedPort(text: string): Result<number, string> {
  const port = parsePort(text);
  return port.ok && port.value > 0 ? port : err('not a port (1 to 65535)');
}

function orNone<T>(
  parse: (text: string) => Result<T, string>,
): (text: string) => Result<T | 'none', string> {
  return (text) => (text === '' ? ok('none') : parse(text));
}

function parseHost(text: string): Result<string, string> {
  return /^[A-Za-z0-9._:-]{1,253}$/.test(text) ? ok(text) : err('not a host name or address');
}

function parseFolder(text: string): Result<string, string> {
  return text.trim() === '' || text.includes('\0') ? err('not a folder') : ok(text);
}

function parseChannel(text: string): Result<ChannelId, string> {
  const channel = parseChannelId(text);
  return channel.ok ? channel : err('not 1-64 characters of A-Z a-z 0-9 _ -');
}

function parseSize(text: string): Result<PictureSize, string> {
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(text);
  const width = Number(match?.[1]);
  const height = Number(match?.[2]);
  const usable = (side: number): boolean => side >= 64 && side <= 1920 && side % 2 === 0;
  return usable(width) && usable(height)
    ? ok({ width, height })
    : err('not WIDTHxHEIGHT, both even and 64 to 1920');
}

function parseRedis(text: string): Result<string, string> {
  return text === '' || (URL.canParse(text) && /^rediss?:/.test(text))
    ? ok(text)
    : err('not a redis:// or rediss:// URL');
}

function parseLogLevel(text: string): Result<LogLevel, string> {
  const level = LOG_LEVELS.find((known) => known === text);
  return level === undefined ? err(`not one of ${LOG_LEVELS.join(', ')}`) : ok(level);
}
