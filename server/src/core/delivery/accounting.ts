import { type SegmentInfo, type SegmentId, segmentKey } from '@shoal/protocol';

/** What was served of one segment. */
export type SegmentDelivery = {
  readonly rendition: string;
  readonly epoch: number;
  readonly msn: number;
  /** Bytes. */
  readonly size: number;
  readonly durationMs: number;
  /** Unix milliseconds at which it could first be fetched. */
  readonly readyAt: number;
  /** Bytes of its body that were written to sockets; divided by `size`: copies that left the origin. */
  readonly servedBytes: number;
  /** Responses that carried some of it. */
  readonly requests: number;
};

/** Counts what leaves the origin, for the newest segments. */
export class DeliveryAccounting {
  readonly #limit: number;
  readonly #segments = new Map<
    string,
    { -readonly [K in keyof SegmentDelivery]: SegmentDelivery[K] }
  >();

  constructor(options: { readonly segments: number }) {
    this.#limit = options.segments;
  }

  /** Begins to count for a segment; the oldest one beyond the limit is forgotten. */
  ready(segment: SegmentInfo, readyAt: number): void {
    const { id, size, durationMs } = segment;
    const { rendition, epoch, msn } = id;
    const fresh = { rendition, epoch, msn, size, durationMs, readyAt, servedBytes: 0, requests: 0 };
    this.#segments.set(segmentKey(id), fresh);
    if (this.#segments.size <= this.#limit) return;
    const [oldest] = this.#segments.keys();
    if (oldest !== undefined) this.#segments.delete(oldest);
  }

  /** Counts a response that is over, or several. Segments that are no longer counted are ignored. */
  served(id: SegmentId, bytes: number, requests = 1): void {
    const entry = this.#segments.get(segmentKey(id));
    if (entry === undefined || bytes === 0) return;
    entry.servedBytes += bytes;
    entry.requests += requests;
  }

  /** Oldest first. */
  list(): readonly SegmentDelivery[] {
    return [...this.#segments.values()].map((entry) => ({ ...entry }));
  }
}
