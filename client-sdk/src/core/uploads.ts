import {
  type PeerId,
  REJECT,
  type RejectReason,
  type SegmentId,
  segmentKey,
} from '@shoal/protocol';
import { ENGINE } from './limits.ts';

/** A piece that a neighbour asked for and has not got yet. */
type Queued = { readonly peer: PeerId; readonly segment: SegmentId; readonly index: number };

/** Who gets what next from this viewer: oldest request first, one piece per send buffer, under a rate cap (SWM-9). */
export class Uploads {
  readonly #shares: boolean;
  readonly #limit: number | undefined;
  /** To whom a piece is on its way, and since when. */
  readonly #sending = new Map<PeerId, number>();
  #queue: Queued[] = [];
  /** Bytes that may be sent now under the cap; refilled with time, at most a second's worth. */
  #tokens: number;
  #refilledAt: number | undefined;

  constructor(options: { readonly shares: boolean; readonly limit: number | undefined }) {
    this.#shares = options.shares;
    this.#limit = options.limit;
    this.#tokens = options.limit ?? 0;
  }

  /** Queues a request, or says why not (PEER-7). */
  add(request: Queued): RejectReason | undefined {
    if (!this.#shares || this.#limit === 0) return REJECT.notSharing;
    const waiting = this.#queue.filter((queued) => queued.peer === request.peer).length;
    if (waiting >= ENGINE.uploadsPerNeighbour) return REJECT.busy;
    this.#queue.push(request);
    return undefined;
  }

  cancel(peer: PeerId, segment: SegmentId, index: number): void {
    const key = segmentKey(segment);
    this.#queue = this.#queue.filter(
      (q) => q.peer !== peer || q.index !== index || segmentKey(q.segment) !== key,
    );
  }

  drained(peer: PeerId): void {
    this.#sending.delete(peer);
  }

  forget(peer: PeerId): void {
    this.#sending.delete(peer);
    this.#queue = this.#queue.filter((queued) => queued.peer !== peer);
  }

  /** The request to serve now, taken off the queue; call until undefined. */
  next(now: number): Queued | undefined {
    this.#refill(now);
    if (this.#limit !== undefined && this.#tokens <= 0) return undefined;
    if (this.#slots(now).length >= ENGINE.uploadSlots) return undefined;
    const at = this.#queue.findIndex((queued) => !this.#sending.has(queued.peer));
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0];
  }

  sent(peer: PeerId, bytes: number, now: number): void {
    this.#sending.set(peer, now);
    if (this.#limit !== undefined) this.#tokens -= bytes;
  }

  /** When the cap or a slot lets the next piece go; undefined if nothing waits for that. */
  deadline(now: number): number | undefined {
    if (this.#queue.length === 0) return undefined;
    if (this.#limit !== undefined && this.#tokens <= 0)
      return now + (1 - this.#tokens) / (this.#limit / 1000);
    const slots = this.#slots(now);
    return slots.length < ENGINE.uploadSlots ? undefined : Math.min(...slots) + ENGINE.uploadSlotMs;
  }

  /** Since when each of the slots has been taken. */
  #slots(now: number): readonly number[] {
    return [...this.#sending.values()].filter((since) => now < since + ENGINE.uploadSlotMs);
  }

  #refill(now: number): void {
    if (this.#limit === undefined) return;
    const passed = now - (this.#refilledAt ?? now);
    this.#refilledAt = now;
    this.#tokens = Math.min(this.#limit, this.#tokens + (passed * this.#limit) / 1000);
  }
}
