import { QUALITY } from './limits.ts';

/** What the choice of a quality depends on. Rates in bits a second. */
export type QualityView = {
  /** Of each quality that may be chosen, lowest first. */
  readonly bitrates: readonly number[];
  /** Place of the quality that plays among them. */
  readonly current: number;
  /** Media ahead of the playhead, and the length of a segment, in ms. */
  readonly bufferMs: number;
  readonly segmentMs: number;
  /** What the connection carries at the least, from whomever. */
  readonly atLeast: number;
  /** What the origin gives; undefined before the first transfer that tells. */
  readonly httpRate: number | undefined;
  /** Neighbours that hold the next better quality. */
  readonly holders: number;
};

/**
 * Which quality to load next (SWM-21). How long a segment of the swarm took says little of the connection:
 * so it goes up in single steps on what has been carried, and down when the buffer runs low.
 */
export class QualityPolicy {
  readonly #random: () => number;
  /** Bitrate of the quality that was played last, since when, and how long it stays at least. */
  #playing: number | undefined;
  #since = 0;
  #stayMs: number;
  /** Segments in a row for which the connection would have carried the next better quality. */
  #carried = 0;
  /** Segments since playback began, a seek or a flush, and since the switch. */
  #fromStart = 0;
  #ofThis = 0;
  /** Whether the buffer was filled once since the start. */
  #filled = false;
  #seen: { readonly bufferMs: number; readonly at: number } | undefined;

  constructor(random: () => number) {
    this.#random = random;
    // Who came together would otherwise switch together, with nobody to take the better quality from.
    this.#stayMs = random() * QUALITY.jitterMs;
  }

  /** A segment of the quality that plays has come in. */
  loaded(view: QualityView, now: number): void {
    this.#watchBuffer(view, now);
    const bitrate = view.bitrates[view.current];
    if (this.#playing === undefined) this.#since = now;
    else if (bitrate !== this.#playing) {
      this.#since = now;
      this.#stayMs = QUALITY.stayMs + this.#random() * QUALITY.jitterMs;
      this.#carried = 0;
      this.#ofThis = 0;
    }
    this.#playing = bitrate;
    this.#fromStart += 1;
    this.#ofThis += 1;
    this.#carried = view.atLeast >= needed(view) ? this.#carried + 1 : 0;
  }

  /** The place of the quality to load next. Before the first segment: the one that plays. */
  choose(view: QualityView, now: number): number {
    this.#watchBuffer(view, now);
    const { bitrates, current, bufferMs, httpRate, holders, atLeast } = view;
    const low = lowBuffer(view);
    // The buffer is low at the start of every playback; what counts is that it does not fill, or no longer.
    const settled = this.#filled || this.#fromStart >= QUALITY.startSegments;
    if (bufferMs < low && settled && this.#ofThis > 0 && current > 0) {
      const affordable = QUALITY.downShare * (httpRate ?? atLeast);
      const below = bitrates.slice(0, current).filter((bitrate) => bitrate <= affordable);
      return Math.max(0, below.length - 1);
    }
    const up =
      this.#carried >= QUALITY.carriedSegments &&
      now - this.#since >= this.#stayMs &&
      bufferMs >= low &&
      (holders >= QUALITY.holders || (httpRate ?? 0) >= needed(view));
    return up ? Math.min(current + 1, bitrates.length - 1) : current;
  }

  /** A buffer that shrinks faster than it is played was flushed, or the playhead was moved. */
  #watchBuffer({ bufferMs, segmentMs }: QualityView, now: number): void {
    const seen = this.#seen;
    this.#seen = { bufferMs, at: now };
    if (seen !== undefined && seen.bufferMs - bufferMs > 2 * (now - seen.at) + segmentMs / 2) {
      this.#filled = false;
      this.#fromStart = 0;
    }
    if (bufferMs >= 1.25 * lowBuffer({ segmentMs })) this.#filled = true;
  }
}

/** Bits a second for the next better quality, with something to spare; beyond all for the best. */
function needed({ bitrates, current }: QualityView): number {
  return QUALITY.upFactor * (bitrates[current + 1] ?? Infinity);
}

/**
 * Less than this when a segment has come in and it came after its deadline (SWM-5), or playback even stood still
 * for it and has that one segment left: there is nothing to spare.
 */
function lowBuffer({ segmentMs }: Pick<QualityView, 'segmentMs'>): number {
  const low = segmentMs + QUALITY.lowBufferSpareMs;
  return Math.min(Math.max(low, QUALITY.lowBufferMinMs), QUALITY.lowBufferMaxMs);
}
