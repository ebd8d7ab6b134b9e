import { type ChannelId, type SegmentId, segmentKey } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';

/** What was served of one segment. */
export type ServedCount = {
  readonly channel: ChannelId;
  /** Of `segmentKey`. */
  readonly segment: string;
  readonly bytes: number;
  readonly requests: number;
};

/** Adds up what is served until it is told; what is of more segments than the limit is not counted. */
export class ServedCounts {
  readonly #limit: number;
  readonly #counts = new Map<string, { -readonly [K in keyof ServedCount]: ServedCount[K] }>();

  constructor(options: { readonly segments?: number } = {}) {
    this.#limit = options.segments ?? ORIGIN_LIMITS.servedSegments;
  }

  /** Counts a response that is over. */
  served(channel: ChannelId, id: SegmentId, bytes: number): void {
    if (bytes === 0) return;
    const segment = segmentKey(id);
    const key = `${channel} ${segment}`;
    const known = this.#counts.get(key);
    if (known === undefined) {
      if (this.#counts.size < this.#limit)
        this.#counts.set(key, { channel, segment, bytes, requests: 1 });
      return;
    }
    known.bytes += bytes;
    known.requests += 1;
  }

  /** All that was counted since the last time. */
  take(): readonly ServedCount[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    return counts;
  }
}
