import { type PictureSize } from '../h264/picture-size.ts';
import { type Rung, rungSize } from './ladder.ts';

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
  readonly source: PictureSize;
  /** At least one. */
  readonly rungs: readonly Rung[];
  /** Whether this ffmpeg has `-fps_mode` ({@link ./capabilities.ts}). */
  readonly fpsMode: boolean;
};

/**
 * Copies the source and makes every rung of the ladder beside it, in one fragmented MP4: source, rungs, sound. Each frame is a
 * fragment of its own, which comes at once, and {@link ../fmp4/ladder-muxer.ts} makes renditions of them. The rungs have key frames where the
 * source has them and nowhere else, its timestamps to the millisecond, and no frames out of order, so that all segments can
 * be cut at the same instants. Encoders that look ahead would hold all of them back (`zerolatency`).
 * `-fflags nobuffer` is left out on purpose: with it ffmpeg drops what it read while analysing, which is the first group.
 */
export function ladderToFragmentedMp4(options: LadderOptions): FfmpegCall {
  const { source, rungs, fpsMode } = options;
  const labels = rungs.map((_, i) => `[in${i}]`).join('');
  const scaled = rungs.map((rung, i) => {
    const { width, height } = rungSize(rung, source);
    return `[in${i}]scale=${width}:${height}:flags=bicubic,format=yuv420p[out${i}]`;
  });
  const encoders = rungs.flatMap(({ kbps }, i): readonly FfmpegOption[] => {
    const stream = `v:${i + 1}`;
    return [
      [`-c:${stream}`, 'libx264'],
      [`-profile:${stream}`, 'main'],
      [`-b:${stream}`, `${kbps}k`],
      [`-maxrate:${stream}`, `${kbps}k`],
      [`-bufsize:${stream}`, `${kbps}k`],
      [`-force_key_frames:${stream}`, 'source'],
      [`-enc_time_base:${stream}`, '1:1000'],
    ];
  });
  // The older name is gone from newer versions, the newer one unknown to older ones.
  const timing = fpsMode ? '-fps_mode' : '-vsync';
  return {
    inputFormat: 'flv',
    input: [['-hide_banner'], ['-loglevel', 'warning'], ['-analyzeduration', micros(ANALYSE_MS)]],
    outputFormat: 'mp4',
    output: [
      ['-filter_complex', [`[0:v:0]split=${rungs.length}${labels}`, ...scaled].join(';')],
      ['-map', '0:v:0'],
      ...rungs.map((_, i): FfmpegOption => ['-map', `[out${i}]`]),
      ['-map', '0:a:0?'],
      ['-c:v:0', 'copy'],
      ['-c:a', 'copy'],
      ...encoders,
      ['-preset', 'veryfast'],
      ['-tune', 'zerolatency'],
      ['-forced-idr', '1'],
      ['-g', '100000'],
      ['-sc_threshold', '0'],
      [timing, 'passthrough'],
      ['-video_track_timescale', '90000'],
      ['-map_metadata', '-1'],
      ['-frag_duration', '1'],
      ['-movflags', '+empty_moov+default_base_moof+separate_moof'],
      ['-flush_packets', '1'],
    ],
  };
}

/** How long an SRT listener waits for a caller. */
export const SRT_LISTEN_MS = 20_000;

/**
 * Takes one SRT caller with this passphrase and copies its MPEG-TS into FLV. The timestamps are its own; what FLV cannot hold
 * (HEVC with ffmpeg 5) ends it.
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
