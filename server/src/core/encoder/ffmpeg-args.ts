import { type PictureSize } from '../h264/picture-size.ts';
import { type Rung, rungSize, sourceKbps } from './ladder.ts';
import { type Transcode } from './treatment.ts';

/** One option and its value, or an option alone. They are kept apart: joined text would be split at spaces. */
export type FfmpegOption = readonly [name: string, value?: string];

/** A whole ffmpeg call to standard output. */
export type FfmpegCall = {
  /** A URL to read from. Default: standard input. */
  readonly from?: string;
  readonly inputFormat: string;
  readonly input: readonly FfmpegOption[];
  readonly outputFormat: string;
  readonly output: readonly FfmpegOption[];
};

/**
 * How long ffmpeg may look at its input before it begins to write. A stream with sound and picture is
 * known after its first packets; one with picture alone only after this time, since FLV announces no
 * tracks. 1 s is hidden behind the first group of pictures; the default of 5 s would not be.
 */
const ANALYSE_MS = 800;

/** What the transcoding encoder is to do. */
export type LadderOptions = {
  /** Absent where there is no picture. */
  readonly source?: PictureSize;
  readonly rungs: readonly Rung[];
  /** Whether this ffmpeg has `-fps_mode` ({@link ./capabilities.ts}). */
  readonly fpsMode: boolean;
  /** Default: the source is H.264 and AAC in FLV, and is copied. */
  readonly transcode?: Transcode;
};

/** A picture that is encoded. */
type Encoded = PictureSize & { readonly kbps: number };

/** Sound that is made of whatever the publisher sends: AAC-LC in stereo. */
const AAC: readonly FfmpegOption[] = [
  ['-c:a', 'aac'],
  ['-b:a', '128k'],
  ['-ar', '48000'],
  ['-ac', '2'],
  // What is missing is silence, so that sound and picture do not drift apart.
  ['-af', 'aresample=async=1'],
];
/** Timestamps are whole milliseconds, which make a group a little shorter or longer. */
const KEY_FRAME_SLACK_S = 0.01;

/**
 * Makes every rung of the ladder beside the source, in one fragmented MP4: source, rungs, sound. The source is copied, or encoded
 * anew where viewers could not play it. Each frame is a
 * fragment of its own, which comes at once, and {@link ../fmp4/ladder-muxer.ts} makes renditions of them. The rungs have key frames where the
 * source has them and nowhere else, or all pictures together in even distances where the source is encoded too; its timestamps to the
 * millisecond, and no frames out of order, so that all segments can
 * be cut at the same instants. Encoders that look ahead would hold all of them back (`zerolatency`).
 * `-fflags nobuffer` is left out on purpose: with it ffmpeg drops what it read while analysing, which is the first group.
 */
export function ladderToFragmentedMp4(options: LadderOptions): FfmpegCall {
  const { source, rungs, fpsMode, transcode } = options;
  const { top, copied, sound = false } = transcode ?? {};
  const pictures: readonly Encoded[] = [
    ...(top === undefined ? [] : [topOf(top.size)]),
    ...(source === undefined ? [] : rungs.map((rung) => rungOf(rung, source))),
  ];
  const copies = top === undefined && (transcode?.picture ?? source !== undefined);
  const first = copies ? 1 : 0;
  const encoders = pictures.flatMap((picture, i) =>
    encoder(picture, `v:${first + i}`, top?.keyFrameMs),
  );
  // The older name is gone from newer versions, the newer one unknown to older ones.
  const timing = fpsMode ? '-fps_mode' : '-vsync';
  return {
    inputFormat: transcode?.input ?? 'flv',
    input: [['-hide_banner'], ['-loglevel', 'warning'], ['-analyzeduration', micros(ANALYSE_MS)]],
    outputFormat: 'mp4',
    output: [
      ...split(pictures),
      ...(copies ? ([['-map', '0:v:0']] as const) : []),
      ...pictures.map((_, i): FfmpegOption => ['-map', `[out${i}]`]),
      ['-map', '0:a:0?'],
      ...(copies ? ([['-c:v:0', 'copy']] as const) : []),
      // Players of Apple's want this name for HEVC.
      ...(copies && copied === 'HEVC' ? ([['-tag:v:0', 'hvc1']] as const) : []),
      ...(sound ? AAC : ([['-c:a', 'copy']] as const)),
      ...encoders,
      ...(pictures.length > 0 ? FAST : []),
      [timing, 'passthrough'],
      ['-video_track_timescale', '90000'],
      ['-map_metadata', '-1'],
      ['-frag_duration', '1'],
      ['-movflags', '+empty_moov+default_base_moof+separate_moof'],
      ['-flush_packets', '1'],
    ],
  };
}

const FAST: readonly FfmpegOption[] = [
  ['-preset', 'veryfast'],
  ['-tune', 'zerolatency'],
  ['-forced-idr', '1'],
  ['-g', '100000'],
  ['-sc_threshold', '0'],
];

/** The source in its own size, as far as H.264 has even sides. */
function topOf(size: PictureSize): Encoded {
  const even = (side: number): number => Math.max(2, side - (side % 2));
  return { width: even(size.width), height: even(size.height), kbps: sourceKbps(size) };
}

function rungOf(rung: Rung, source: PictureSize): Encoded {
  return { ...rungSize(rung, source), kbps: rung.kbps };
}

function split(pictures: readonly Encoded[]): readonly FfmpegOption[] {
  if (pictures.length === 0) return [];
  const labels = pictures.map((_, i) => `[in${i}]`).join('');
  const scaled = pictures.map(
    ({ width, height }, i) =>
      `[in${i}]scale=${width}:${height}:flags=bicubic,format=yuv420p[out${i}]`,
  );
  const graph = [`[0:v:0]split=${pictures.length}${labels}`, ...scaled].join(';');
  return [['-filter_complex', graph]];
}

function encoder(
  { kbps }: Encoded,
  stream: string,
  keyFrameMs: number | undefined,
): readonly FfmpegOption[] {
  return [
    [`-c:${stream}`, 'libx264'],
    [`-profile:${stream}`, 'main'],
    [`-b:${stream}`, `${kbps}k`],
    [`-maxrate:${stream}`, `${kbps}k`],
    [`-bufsize:${stream}`, `${kbps}k`],
    [`-force_key_frames:${stream}`, keyFrameMs === undefined ? 'source' : every(keyFrameMs)],
    [`-enc_time_base:${stream}`, '1:1000'],
  ];
}

/** A key frame when so much time has passed since the last one: the same in all pictures, which have the same frames. */
function every(ms: number): string {
  const seconds = ms / 1000 - KEY_FRAME_SLACK_S;
  return `expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+${seconds.toFixed(3)}))`;
}

/** How long an SRT listener waits for a caller. */
export const SRT_LISTEN_MS = 20_000;

/**
 * Takes one SRT caller with this passphrase and copies its MPEG-TS into FLV. The timestamps are its own; what FLV cannot hold
 * (HEVC with ffmpeg 5) ends it, with the reason.
 */
export function srtToFlv(at: {
  readonly host: string;
  readonly port: number;
  /** Of characters that need no escape in a URL. */
  readonly passphrase: string;
}): FfmpegCall {
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  // Without a caller for so long it leaves, so that none outlives an origin that was killed by much.
  const listening = `mode=listener&listen_timeout=${micros(SRT_LISTEN_MS)}`;
  return {
    from: `srt://${host}:${at.port}?${listening}&transtype=live&pbkeylen=16&passphrase=${at.passphrase}`,
    inputFormat: 'mpegts',
    input: [['-hide_banner'], ['-loglevel', 'warning'], ['-analyzeduration', micros(ANALYSE_MS)]],
    outputFormat: 'flv',
    output: [
      ['-map', '0:v:0?'],
      ['-map', '0:a:0?'],
      ['-c', 'copy'],
      ['-flvflags', 'no_duration_filesize'],
      ['-flush_packets', '1'],
    ],
  };
}

function micros(ms: number): string {
  return String(Math.round(ms * 1000));
}

/**
 * After how long a fragment ends without a key frame, for segments of `segmentMs`: a little more, so that
 * usual groups stay whole, and so little that a frame more still fits the target duration.
 */
export function fragmentMsFor(segmentMs: number): number {
  return segmentMs + 200;
}
