import { type Result } from '@shoal/protocol';
import { type Track } from './movie.ts';

/** The initialisation section of a rendition. */
export type CutInit = { readonly bytes: Uint8Array; readonly tracks: readonly Track[] };

/** A media segment in every rendition: the same time, cut at the same instants. */
export type CutSegment = {
  /** One or more whole movie fragments for each rendition, the source first. */
  readonly media: readonly Uint8Array[];
  /** Decode time of its first sample since the media of the epoch began. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Samples per second of the leading track: frames, when there is video. */
  readonly sampleRate: number;
  /** Whether it begins with a key frame. */
  readonly independent: boolean;
  /** Its last parts, where they could not come before it, since the encoder has left. */
  readonly tail?: readonly CutPart[];
};

/** A part of the segment that comes next, in every rendition (draft-pantos-hls-rfc8216bis section 4.4.4.9). */
export type CutPart = Pick<CutSegment, 'media' | 'startMs' | 'durationMs' | 'independent'>;

/** What is made of the encoder's output. */
export type Cut =
  | { readonly type: 'init'; readonly renditions: readonly CutInit[] }
  | { readonly type: 'segment'; readonly segment: CutSegment };

/** The same where parts are cut too. */
export type PartedCut = Cut | { readonly type: 'part'; readonly part: CutPart };

/** Cuts the output of one encoder into an initialisation section and segments. */
export type Cutter = {
  /**
   * Takes output of the encoder. An error means that this output cannot be segmented any further. `endsSegment`: where the
   * encoder cuts parts, whether it ends a segment here.
   */
  readonly push: (chunk: Uint8Array, endsSegment?: boolean) => Result<readonly PartedCut[], string>;
  /** What is left when the encoder has ended. */
  readonly finish: () => readonly CutSegment[];
};

/** How long segments should and may be. */
export type SegmenterOptions = {
  /** A segment ends at the first key frame after this. */
  readonly targetMs: number;
  /**
   * The encoder ends a fragment at a key frame or after this time, whichever comes first
   * ({@link ../encoder/ffmpeg-args.ts}). A shorter fragment therefore ended at a key frame.
   */
  readonly fragmentMs: number;
  /** No segment becomes longer than this, key frame or not, unless one fragment already is. */
  readonly limitMs: () => number;
};

/** How much a group of pictures may fall short of the target, as 29.97 frames per second make it. */
export const TARGET_SLACK_MS = 60;
/** EXTINF, rounded to the nearest second, must not exceed the target (RFC 8216 section 4.3.3.1). */
export const ROUNDING_MS = 499;
