import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { joined } from './boxes.ts';
import { type PartedCut, type Cutter, type CutSegment } from './cut.ts';
import { type FragmentInfo, readFragment } from './fragment.ts';
import { type FragmentPart, type MoviePart, MovieStream } from './movie-stream.ts';
import { type Track } from './movie.ts';
import { segmentOf, type WrittenPart } from './written-part.ts';

/** How long segments may be. */
export type PartSegmenterOptions = {
  /** No segment becomes longer than this, key frame or not, unless one part already is. */
  readonly limitMs: () => number;
  /** How long segments of sound alone should be, which any part may end. */
  readonly targetMs: number;
};

/**
 * Takes an encoder's fragments for parts (draft-pantos-hls-rfc8216bis section 4.4.4.9), and joins them into segments where the
 * encoder says that one ends, or where it would become too long. Each part comes before the segment that it is of.
 */
export class PartSegmenter implements Cutter {
  readonly #options: PartSegmenterOptions;
  readonly #input: MovieStream = new MovieStream();
  #tracks: readonly Track[] = [];
  #pieces: WrittenPart[] = [];
  #bytes = 0;
  #durationMs = 0;

  constructor(options: PartSegmenterOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array, endsSegment = false): Result<readonly PartedCut[], string> {
    const cuts: PartedCut[] = [];
    const taken = this.#input.push(chunk, (part) =>
      part.type === 'movie' ? this.#movie(part, cuts) : this.#media(part, cuts),
    );
    if (!taken.ok) return taken;
    if (endsSegment) this.#emit(cuts);
    return ok(cuts);
  }

  finish(): readonly CutSegment[] {
    const last = this.#close();
    return last === undefined ? [] : [last];
  }

  #movie({ head, moov, tracks }: MoviePart, cuts: PartedCut[]): Result<undefined, string> {
    this.#tracks = tracks;
    cuts.push({ type: 'init', renditions: [{ bytes: joined([...head, moov]), tracks }] });
    return ok(undefined);
  }

  #media({ moof, mdat }: FragmentPart, cuts: PartedCut[]): Result<undefined, string> {
    const read = readFragment(moof.subarray(8), this.#tracks);
    if (!read.ok) return read;
    const info = read.value ?? this.#followOn();
    const bytes = joined([moof, mdat]);
    if (bytes.length > ORIGIN_LIMITS.segmentBytes) return err('fragment too large');
    if (this.#mustCloseBefore(info, bytes)) this.#emit(cuts);
    const { startMs, durationMs, samples, firstMs, sync: independent } = info;
    const piece = { media: [bytes], startMs, durationMs, independent, samples, firstMs };
    this.#pieces.push(piece);
    this.#bytes += bytes.length;
    this.#durationMs += durationMs;
    cuts.push({ type: 'part', part: piece });
    const sound = this.#tracks.every((track) => track.kind === 'audio');
    const { targetMs, limitMs } = this.#options;
    // One of sound more would be further from the target.
    const reached = sound && this.#durationMs + durationMs / 2 > targetMs;
    if (reached || this.#durationMs > limitMs()) this.#emit(cuts);
    return ok(undefined);
  }

  /** A fragment without the leading track: the very last sound. */
  #followOn(): FragmentInfo {
    const last = this.#pieces[this.#pieces.length - 1];
    const startMs = last === undefined ? 0 : last.startMs + last.durationMs;
    return { startMs, shownLaterMs: 0, durationMs: 0, samples: 0, firstMs: 0, sync: false };
  }

  #mustCloseBefore(next: FragmentInfo, bytes: Uint8Array): boolean {
    if (this.#pieces.length === 0) return false;
    if (this.#pieces.length >= ORIGIN_LIMITS.fragmentsPerSegment) return true;
    if (this.#bytes + bytes.length > ORIGIN_LIMITS.segmentBytes) return true;
    return this.#durationMs + next.durationMs > this.#options.limitMs();
  }

  #emit(cuts: PartedCut[]): void {
    const segment = this.#close();
    if (segment !== undefined) cuts.push({ type: 'segment', segment });
  }

  #close(): CutSegment | undefined {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    this.#durationMs = 0;
    return pieces.some(({ samples }) => samples > 0) ? segmentOf(pieces) : undefined;
  }
}
