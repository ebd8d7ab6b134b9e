import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import { type Mount } from './adapters/http/app.ts';
import { type DeliveryRecord } from './adapters/http/live-routes.ts';
import { type RecordingSettings } from './adapters/recording/recordings.ts';
import { type StoreOptions } from './adapters/storage/open-store.ts';
import {
  type AccessGate,
  DEFAULT_LADDER,
  ladderProblem,
  ORIGIN_LIMITS,
  type Rung,
} from './core/index.ts';
import { OriginError } from './errors.ts';

/** What is kept of a channel unless said otherwise: 50 GiB. */
const KEEP_BYTES = 53_687_091_200;
/** How many channels at least share a store in memory where more may come. */
const MEMORY_SHARERS = 8;

/** A codec whose pictures may be copied although not every viewer can play them. */
export type Passthrough = 'HEVC' | 'AV1';

/** Everything that can be chosen about an origin. */
export type OriginOptions = {
  /**
   * Where HLS, the status API and pages are served; port 0 takes any that is free. With a certificate and its key in PEM files,
   * which are read at the start, it is HTTPS: HTTP/2, and HTTP/1.1 for those who do not speak it.
   */
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tls?: { readonly certFile: string; readonly keyFile: string };
  };
  /** Where publishers connect; port 0 takes any that is free. */
  readonly rtmp: { readonly host: string; readonly port: number };
  /**
   * Where publishers connect by RTMPS, beside RTMP, with a certificate and its key in PEM files. They are read at the start.
   * Default: nowhere.
   */
  readonly rtmps?: {
    readonly host: string;
    readonly port: number;
    readonly certFile: string;
    readonly keyFile: string;
  };
  /**
   * Where publishers connect by SRT: the first channel at this UDP port, the others at those that follow, each with its stream key,
   * which then must have 10 to 79 characters, as the passphrase. Needs an ffmpeg with libsrt. Default: nowhere.
   */
  readonly srt?: { readonly host: string; readonly port: number };
  /** Folder for stream keys, signing keys and what must outlive a restart; made when it is not there. */
  readonly dataDir: string;
  /** Channels that may publish, at least one unless `access.publish` is given; keys are created in dataDir when not given. */
  readonly channels: readonly { readonly channel: ChannelId; readonly key?: string }[];
  /** Length that segments should have, 1–6 s. Default 2. */
  readonly segmentSeconds?: number;
  /** Segments in a playlist, 6–60. Default 16, enough for players that stay 14 behind the edge. */
  readonly listedSegments?: number;
  /**
   * Renditions that are transcoded beside the source, which is copied: those that have fewer lines than it. At most 6; each
   * takes CPU (README), and none saves it all. Default: {@link DEFAULT_LADDER}.
   */
  readonly ladder?: readonly Rung[];
  /**
   * Pictures that are copied as they come, with the rungs of the ladder beside them in H.264, although not every viewer can play
   * them. Others than H.264 are transcoded to it in the source's size, so that everybody can. Default: none.
   */
  readonly passthrough?: readonly Passthrough[];
  /**
   * Makes the sound a rendition of its own, `audio`, which no other has: it is stored and shared once (RFC 8216 section 4.3.4.1).
   * Default false.
   */
  readonly audioRendition?: boolean;
  /**
   * Makes playlists of Low-Latency HLS beside the others, `ll.m3u8`, with parts of a third of a second (ORG-18). Segments then end
   * with the target duration, key frame or not. Default false.
   */
  readonly lowLatency?: boolean;
  /** How long a channel waits for its publisher to come back, 0–3,600,000 ms. Default 30,000. */
  readonly interruptedMs?: number;
  /**
   * How long after the end of a broadcast its playlist stays open, 0–3,600,000 ms. A publisher that comes
   * back meanwhile goes on in it, and players that never stopped polling play on. Default 300,000.
   */
  readonly closeAfterMs?: number;
  /**
   * Keeps what channels make in a store beside the live window. Default: nothing is kept.
   * - `store`: a disk, a bucket, or memory. What a store cannot take is a gap; live goes on without it.
   * - `dvrSeconds`: how far back the DVR playlists reach, 60–86,400. Default 7,200.
   * - `keepHours`: how long a broadcast is kept as a VOD after its end, 0–87,600; with 0 none is, and there is the DVR alone.
   *   Default 168, a week; 0 with a store in memory, which a restart empties.
   * - `keepBytes`: how much of a channel is kept; the oldest broadcasts that are over are deleted beyond. Default 50 GiB, so that
   *   a disk does not fill up; of a store in memory four fifths, shared by the channels, or by 8 where more may come.
   * - `mp4`: makes MP4 files of broadcasts that are over, in the background; `storyboard`: a poster, and small pictures of all of it with a
   *   WebVTT index. Default of both: false.
   */
  readonly recording?: {
    readonly store: StoreOptions;
    readonly dvrSeconds?: number;
    readonly keepHours?: number;
    readonly keepBytes?: number;
    readonly mp4?: boolean;
    readonly storyboard?: boolean;
  };
  /**
   * A Redis, `redis://` or `rediss://`, where what is live is mirrored for delivery processes ({@link startDelivery}), and by which trackers
   * hear of it. The origin serves without it all the same, also where it cannot be reached. Default: none.
   */
  readonly redis?: string;
  /**
   * Who may publish and play.
   * - `publish`: asked about publishers who do not show a stream key of this origin. Default: they are refused.
   * - `read`: asked about requests under `/live/`. Default: everybody may play everything.
   */
  readonly access?: { readonly publish?: AccessGate; readonly read?: AccessGate };
  /**
   * Whether a channel that `access.publish` names, and that the origin does not have, comes into being, up to 1,024 in all. Default: when
   * that is given.
   */
  readonly dynamicChannels?: boolean;
  /** What else the HTTP server serves, such as a broadcast service ({@link openService}); its owner closes it after the origin. */
  readonly mounts?: readonly Mount[];
  /** Folder of pages served at `/`. Default: none. */
  readonly staticDir?: string;
  /** The ffmpeg to use. Default: see {@link findFfmpeg}. */
  readonly ffmpegPath?: string;
  /** Default `info`. Lines go to standard output as JSON. */
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  /** Counts what the process does too: CPU, memory, garbage collection, lag of the event loop. For one origin of a process. Default false. */
  readonly processMetrics?: boolean;
  /** Where `/metrics` is served, to everybody who gets there; port 0 takes any that is free. Default: nowhere. */
  readonly metrics?: { readonly host: string; readonly port: number };
  /** Called once per finished response under /live/, for access logs and measurements. */
  readonly onDelivered?: (record: DeliveryRecord) => void;
};

/** The options with their defaults. */
export type Settings = Omit<OriginOptions, 'recording'> & {
  readonly recording?: RecordingSettings;
} & Required<
    Pick<
      OriginOptions,
      | 'segmentSeconds'
      | 'listedSegments'
      | 'ladder'
      | 'passthrough'
      | 'audioRendition'
      | 'lowLatency'
      | 'interruptedMs'
      | 'closeAfterMs'
      | 'dynamicChannels'
      | 'logLevel'
    >
  >;

/** Fills in defaults; throws an `OriginError` (`bad-options`) that names what is out of range. */
export function readOptions(options: OriginOptions): Settings {
  const { recording, ...others } = options;
  const settings = {
    ...others,
    segmentSeconds: options.segmentSeconds ?? 2,
    listedSegments: options.listedSegments ?? 16,
    ladder: options.ladder ?? DEFAULT_LADDER,
    passthrough: options.passthrough ?? [],
    audioRendition: options.audioRendition ?? false,
    lowLatency: options.lowLatency ?? false,
    interruptedMs: options.interruptedMs ?? 30_000,
    closeAfterMs: options.closeAfterMs ?? 300_000,
    dynamicChannels: options.dynamicChannels ?? options.access?.publish !== undefined,
    logLevel: options.logLevel ?? 'info',
  };
  inRange('http.port', options.http.port, { from: 0, to: 65_535, whole: true });
  inRange('rtmp.port', options.rtmp.port, { from: 0, to: 65_535, whole: true });
  if (options.metrics !== undefined)
    inRange('metrics.port', options.metrics.port, { from: 0, to: 65_535, whole: true });
  if (options.rtmps !== undefined)
    inRange('rtmps.port', options.rtmps.port, { from: 0, to: 65_535, whole: true });
  if (options.srt !== undefined) {
    const to = 65_536 - options.channels.length;
    inRange('srt.port', options.srt.port, { from: 1, to, whole: true });
  }
  inRange('segmentSeconds', settings.segmentSeconds, { from: 1, to: 6, whole: false });
  inRange('listedSegments', settings.listedSegments, { from: 6, to: 60, whole: true });
  inRange('interruptedMs', settings.interruptedMs, { from: 0, to: 3_600_000, whole: true });
  inRange('closeAfterMs', settings.closeAfterMs, { from: 0, to: 3_600_000, whole: true });
  const ladder = ladderProblem(settings.ladder);
  if (ladder !== undefined) throw new OriginError('bad-options', `ladder: ${ladder}`);
  const { channels, staticDir, redis } = options;
  if (redis !== undefined) expectRedisUrl(redis);
  const { dynamicChannels } = settings;
  if (dynamicChannels && options.access?.publish === undefined)
    throw new OriginError('bad-options', 'dynamicChannels needs access.publish');
  const sharers = Math.max(channels.length, dynamicChannels ? MEMORY_SHARERS : 1);
  const recorded = recording && { recording: readRecording(recording, sharers) };
  inRange('channels', channels.length, {
    from: dynamicChannels ? 0 : 1,
    to: ORIGIN_LIMITS.channels,
    whole: true,
  });
  for (const { channel } of channels) {
    const id = parseChannelId(channel);
    if (!id.ok) throw new OriginError('bad-options', id.error);
  }
  if (new Set(channels.map(({ channel }) => channel)).size !== channels.length)
    throw new OriginError('bad-options', 'a channel is there twice');
  if (staticDir === undefined) return { ...settings, ...recorded };
  if (!existsSync(staticDir))
    throw new OriginError('bad-options', `staticDir ${staticDir} does not exist`);
  return { ...settings, ...recorded, staticDir: resolve(staticDir) };
}

function readRecording(
  recording: NonNullable<OriginOptions['recording']>,
  channels: number,
): RecordingSettings {
  const { store } = recording;
  const inMemory = store.type === 'memory';
  const room = inMemory ? Math.floor((store.maxBytes * 0.8) / channels) : KEEP_BYTES;
  const settings = {
    store,
    dvrSeconds: recording.dvrSeconds ?? 7_200,
    keepHours: recording.keepHours ?? (inMemory ? 0 : 168),
    keepBytes: recording.keepBytes ?? room,
    jobs: (['mp4', 'storyboard'] as const).filter((type) => recording[type] === true),
  };
  const { dvrSeconds, keepHours, keepBytes } = settings;
  inRange('recording.dvrSeconds', dvrSeconds, { from: 60, to: 86_400, whole: true });
  inRange('recording.keepHours', keepHours, { from: 0, to: 87_600, whole: false });
  const most = Number.MAX_SAFE_INTEGER;
  inRange('recording.keepBytes', keepBytes, { from: 0, to: most, whole: true });
  return settings;
}

/** Throws an `OriginError` (`bad-options`), without the URL, which may have a password in it. */
export function expectRedisUrl(url: string): void {
  if (/^rediss?:\/\/\S+$/.test(url) && URL.canParse(url)) return;
  throw new OriginError(
    'bad-options',
    'redis must be a URL that begins with redis:// or rediss://',
  );
}

export function inRange(
  name: string,
  value: number,
  range: { readonly from: number; readonly to: number; readonly whole: boolean },
): void {
  const fits = value >= range.from && value <= range.to;
  if (fits && (!range.whole || Number.isInteger(value))) return;
  throw new OriginError(
    'bad-options',
    `${name} must be ${range.whole ? 'a whole number' : 'a number'} from ${range.from} to ${range.to}, not ${value}`,
  );
}
