/** One option and its value, or an option alone. They are kept apart: joined text would be split at spaces. */
export type FfmpegOption = readonly [name: string, value?: string];

/** A whole ffmpeg call from standard input to standard output. */
export type FfmpegCall = {
  readonly inputFormat: string;
  readonly input: readonly FfmpegOption[];
  readonly outputFormat: string;
  readonly output: readonly FfmpegOption[];
};

/** What the copying encoder is to do. */
export type CopyOptions = {
  /** Milliseconds after which a fragment ends even without a key frame. */
  readonly fragmentMs: number;
};

/**
 * How long ffmpeg may look at its input before it begins to write. A stream with sound and picture is
 * known after its first packets; one with picture alone only after this time, since FLV announces no
 * tracks. 1 s is hidden behind the first group of pictures; the default of 5 s would not be.
 */
const ANALYSE_MS = 800;

/**
 * Copies H.264 and AAC from FLV into fragmented MP4, a fragment for each group of pictures.
 * `-fflags nobuffer` is left out on purpose: with it ffmpeg drops what it read while analysing, which is
 * the first group.
 */
export function copyToFragmentedMp4({ fragmentMs }: CopyOptions): FfmpegCall {
  return {
    inputFormat: 'flv',
    input: [['-hide_banner'], ['-loglevel', 'warning'], ['-analyzeduration', micros(ANALYSE_MS)]],
    outputFormat: 'mp4',
    output: [
      ['-map', '0:v:0?'],
      ['-map', '0:a:0?'],
      ['-c', 'copy'],
      ['-map_metadata', '-1'],
      ['-frag_duration', micros(fragmentMs)],
      ['-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
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
