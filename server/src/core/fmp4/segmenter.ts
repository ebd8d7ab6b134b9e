import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type FragmentInfo, readFragment } from './fragment.ts';
import {
  type Cut,
  type Cutter,
  type CutSegment,
  ROUNDING_MS,
  type SegmenterOptions,
  TARGET_SLACK_MS,
} from './cut.ts';
import { joined } from './boxes.ts';
import { type FragmentPart, type MoviePart, MovieStream } from './movie-stream.ts';
import { type Track } from './movie.ts';

type Fragment = FragmentInfo & { readonly moof: Uint8Array; readonly mdat: Uint8Array };

/** By how many frames a fragment may be shorter than asked and yet not have ended at a key frame. */
const SLACK_FRAMES = 1.5;

/**
 * Cuts an encoder's fragmented MP4 into an initialisation section and segments. A segment closes at the
 * key frame at which it reached the target, as soon as the fragment before that key frame is whole.
 * When key frames are farther apart than the playlist allows, it closes without one.
 */
export class Segmenter implements Cutter {
  readonly #options: SegmenterOptions;
  readonly #input: MovieStream = new MovieStream();
  #tracks: readonly Track[] = [];
  #pending: Fragment[] = [];

  constructor(options: SegmenterOptions) {
    this.#options = options;
  }

  /** Takes output of the encoder. An error means that this output cannot be segmented any further. */
  push(chunk: Uint8Array): Result<readonly Cut[], string> {
    const cuts: Cut[] = [];
    const taken = this.#input.push(chunk, (part) =>
      part.type === 'movie' ? this.#movie(part, cuts) : this.#media(part, cuts),
    );
    return taken.ok ? ok(cuts) : taken;
  }

  /** What is left when the encoder has ended. */
  finish(): readonly CutSegment[] {
    const last = this.#close();
    return last === undefined ? [] : [last];
  }

  #movie({ head, moov, tracks }: MoviePart, cuts: Cut[]): Result<undefined, string> {
    this.#tracks = tracks;
    cuts.push({ type: 'init', renditions: [{ bytes: joined([...head, moov]), tracks }] });
    return ok(undefined);
  }

  #media({ moof, mdat }: FragmentPart, cuts: Cut[]): Result<undefined, string> {
    const info = readFragment(moof.subarray(8), this.#tracks);
    if (!info.ok) return info;
    // A fragment without the leading track (the very last audio) joins the segment that is open.
    const fragment = { ...(info.value ?? this.#followOn()), moof, mdat };
    if (moof.length + mdat.length > ORIGIN_LIMITS.segmentBytes) return err('fragment too large');
    if (this.#mustCloseBefore(fragment)) this.#emit(cuts);
    this.#pending.push(fragment);
    if (this.#mayCloseAfter(fragment)) this.#emit(cuts);
    return ok(undefined);
  }

  #followOn(): FragmentInfo {
    const last = this.#pending[this.#pending.length - 1];
    const startMs = last === undefined ? 0 : last.startMs + last.durationMs;
    return { startMs, shownLaterMs: 0, durationMs: 0, samples: 0, firstMs: 0, sync: false };
  }

  #mustCloseBefore(next: Fragment): boolean {
    if (this.#pending.length === 0) return false;
    if (this.#pending.length >= ORIGIN_LIMITS.fragmentsPerSegment) return true;
    const bytes = this.#bytes() + next.moof.length + next.mdat.length;
    if (bytes > ORIGIN_LIMITS.segmentBytes) return true;
    const duration = this.#duration();
    if (next.sync && this.#reached(duration)) return true;
    return duration + next.durationMs > this.#options.limitMs();
  }

  /** True when the key frame that ended this fragment is also where the segment should end. */
  #mayCloseAfter(last: Fragment): boolean {
    const duration = this.#duration();
    if (duration > this.#options.limitMs()) return true;
    const slackMs = (SLACK_FRAMES * last.durationMs) / Math.max(1, last.samples);
    const endedAtKey = last.durationMs < this.#options.fragmentMs - slackMs;
    const audioOnly = this.#tracks.every((track) => track.kind === 'audio');
    if (!endedAtKey && !audioOnly) return false;
    if (this.#reached(duration)) return true;
    // The next group is probably as long as this one: when it would not fit, waiting only costs latency.
    return last.sync && duration + last.durationMs > this.#options.targetMs + ROUNDING_MS;
  }

  #reached(durationMs: number): boolean {
    return durationMs >= this.#options.targetMs - TARGET_SLACK_MS;
  }

  #duration(): number {
    return this.#pending.reduce((sum, fragment) => sum + fragment.durationMs, 0);
  }

  #bytes(): number {
    return this.#pending.reduce((sum, { moof, mdat }) => sum + moof.length + mdat.length, 0);
  }

  #emit(cuts: Cut[]): void {
    const segment = this.#close();
    if (segment !== undefined) cuts.push({ type: 'segment', segment });
  }

  #close(): CutSegment | undefined {
    const [first] = this.#pending;
    if (first === undefined) return undefined;
    const durationMs = this.#duration();
    const samples = this.#pending.reduce((sum, fragment) => sum + fragment.samples, 0);
    const bytes = joined(this.#pending.flatMap(({ moof, mdat }) => [moof, mdat]));
    this.#pending = [];
    if (samples === 0) return undefined;
    const { startMs, firstMs, sync: independent } = first;
    const sampleRate = ((samples - 1) * 1000) / Math.max(1, durationMs - firstMs);
    return { media: [bytes], startMs, durationMs, sampleRate, independent };
  }
}
