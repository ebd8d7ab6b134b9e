import { LIMITS, type PeerId, REJECT, type RejectReason } from '@shoal/protocol';
import { type SegmentId, segmentKey } from '@shoal/protocol';
import { ENGINE } from './limits.ts';

/** A piece that a neighbour asked for. */
export type UploadRequest = {
  readonly peer: PeerId;
  readonly segment: SegmentId;
  readonly index: number;
};

/** What may be uploaded: bytes a second and bytes in all, undefined for no bound. */
export type UploadAllowance = {
  readonly limit: number | undefined;
  readonly budget: number | undefined;
};

type Queued = UploadRequest & { readonly since: number };

/** Whether a budget has no room for a piece any more; it is never overdrawn (SWM-42). */
export function isSpent(uploadedBytes: number, budget: number | undefined): boolean {
  return budget !== undefined && uploadedBytes + LIMITS.pieceBytes > budget;
}

/**
 * Who gets what next from this viewer: oldest request first, those of neighbours that share before the others (SWM-43), one
 * piece per send buffer (SWM-9), under a rate cap and a byte budget (SWM-42).
 */
export class Uploads {
  #allowance: UploadAllowance;
  /** Bytes of segments sent so far. */
  sentBytes = 0;
  /** To whom a piece is on its way, and since when. */
  readonly #sending = new Map<PeerId, number>();
  #queue: Queued[] = [];
  /** Bytes that may be sent now under the cap; refilled with time, at most a second's worth. */
  #tokens: number;
  #refilledAt: number | undefined;

  constructor(allowance: UploadAllowance) {
    this.#allowance = allowance;
    this.#tokens = allowance.limit ?? 0;
  }

  /** Whether the allowance leaves nothing to give. */
  get exhausted(): boolean {
    return this.#allowance.limit === 0 || isSpent(this.sentBytes, this.#allowance.budget);
  }

  /** Changes the allowance. A new cap brings no second's worth at once, or changing it often would get past it. */
  allow(allowance: UploadAllowance, now: number): void {
    const { limit: old } = this.#allowance;
    this.#refill(now);
    this.#allowance = allowance;
    this.#refilledAt = now;
    this.#tokens = Math.min(old === undefined ? 0 : this.#tokens, allowance.limit ?? 0);
  }

  /** Queues a request, or says why not (PEER-7). */
  add(request: UploadRequest, now: number): RejectReason | undefined {
    const waiting = this.#queue.filter((queued) => queued.peer === request.peer).length;
    if (waiting >= ENGINE.uploadsPerNeighbour) return REJECT.busy;
    this.#queue.push({ ...request, since: now });
    return undefined;
  }

  /** Takes `count` pieces from `index` on off the queue, as far as they wait for that neighbour. */
  cancel(
    peer: PeerId,
    pieces: { readonly segment: SegmentId; readonly index: number; readonly count: number },
  ): void {
    const { index: from, count } = pieces;
    const key = segmentKey(pieces.segment);
    this.#queue = this.#queue.filter(
      ({ peer: by, index, segment }) =>
        by !== peer || index < from || index >= from + count || segmentKey(segment) !== key,
    );
  }

  drained(peer: PeerId): void {
    this.#sending.delete(peer);
  }

  forget(peer: PeerId): void {
    this.#sending.delete(peer);
    this.#queue = this.#queue.filter((queued) => queued.peer !== peer);
  }

  /** Takes everything off the queue that waits. */
  clear(): readonly UploadRequest[] {
    const waiting = this.#queue;
    this.#queue = [];
    return waiting;
  }

  /** The request to serve now, taken off the queue; call until undefined. `shares`: whether a neighbour does. */
  next(now: number, shares: (peer: PeerId) => boolean): UploadRequest | undefined {
    this.#refill(now);
    if (this.#isHeld() || this.exhausted) return undefined;
    if (this.#slots(now).length >= ENGINE.uploadSlots) return undefined;
    const free = ({ peer }: Queued): boolean => !this.#sending.has(peer);
    const at = this.#queue.findIndex(
      (queued) => free(queued) && (shares(queued.peer) || queued.since + ENGINE.leechWaitMs <= now),
    );
    const chosen = at < 0 ? this.#queue.findIndex(free) : at;
    return chosen < 0 ? undefined : this.#queue.splice(chosen, 1)[0];
  }

  sent(peer: PeerId, bytes: number, now: number): void {
    this.#sending.set(peer, now);
    this.sentBytes += bytes;
    if (this.#allowance.limit !== undefined) this.#tokens -= bytes;
  }

  /** When the cap or a slot lets the next piece go; undefined if nothing waits for that. */
  deadline(now: number): number | undefined {
    if (this.#queue.length === 0 || this.exhausted) return undefined;
    const { limit } = this.#allowance;
    if (limit !== undefined && this.#isHeld()) return now + (1 - this.#tokens) / (limit / 1000);
    const slots = this.#slots(now);
    return slots.length < ENGINE.uploadSlots ? undefined : Math.min(...slots) + ENGINE.uploadSlotMs;
  }

  /** Whether the cap holds everything back. */
  #isHeld(): boolean {
    return this.#allowance.limit !== undefined && this.#tokens <= 0;
  }

  /** Since when each of the slots has been taken. */
  #slots(now: number): readonly number[] {
    return [...this.#sending.values()].filter((since) => now < since + ENGINE.uploadSlotMs);
  }

  #refill(now: number): void {
    const { limit } = this.#allowance;
    if (limit === undefined) return;
    const passed = now - (this.#refilledAt ?? now);
    this.#refilledAt = now;
    this.#tokens = Math.min(limit, this.#tokens + (passed * limit) / 1000);
  }
}
