import { LIMITS, type PeerId, type RenditionId, type SegmentId, segmentKey } from '@shoal/protocol';
import { HaveMap } from './have-map.ts';
import { ENGINE } from './limits.ts';
import type { SegmentEntry } from './segment-entry.ts';

/** A request that a neighbour has not answered in full yet. */
export type PendingRequest = {
  readonly entry: SegmentEntry;
  /** The pieces that it has not answered, one after the other but for those it has. */
  readonly pieces: readonly number[];
  /** Since when the next of them is awaited. */
  readonly at: number;
  /** Whether a piece of it has been answered: the next comes without a way there and back. */
  readonly begun: boolean;
  /** When it is taken back (SWM-7). */
  readonly until: number;
};

/** One peer of the mesh: what it holds, what was asked of it, and how it behaves. */
export class Neighbour {
  readonly peer: PeerId;
  /** Of the introduction that led to it. */
  readonly session: string;
  /** `connecting` until the link opens, `greeting` until its hello, `ready`, `leaving` once dropped. */
  state: 'connecting' | 'greeting' | 'ready' | 'leaving' = 'connecting';
  shares = true;
  /** Not asked again before this time: it was busy. */
  restUntil = 0;
  request: PendingRequest | undefined;
  failures = 0;
  readonly introducedAt: number;
  /** When it said hello. */
  readySince: number | undefined;
  unrequested = 0;

  #delivered = 0;
  #deliveredAt = 0;
  readonly #haves = new Map<string, { readonly id: SegmentId; readonly map: HaveMap }>();
  readonly #late = new Set<string>();
  readonly #digestsGiven = new Map<string, number>();
  #responseMs: number | undefined;
  #deviationMs = 0;

  constructor(peer: PeerId, session: string, introducedAt: number) {
    this.peer = peer;
    this.session = session;
    this.introducedAt = introducedAt;
  }

  /** Smoothed time from request to piece, in ms. */
  get responseMs(): number {
    return this.#responseMs ?? ENGINE.requestTimeoutMaxMs / 4;
  }

  /** A time that a piece seldom takes longer than. */
  get surelyMs(): number {
    return this.responseMs + 1.5 * this.#deviationMs;
  }

  /** Notes verified bytes as delivered by it. */
  credit(bytes: number, now: number): void {
    this.#delivered = this.delivered(now) + bytes;
    this.#deliveredAt = now;
  }

  /** Verified bytes it delivered, the recent ones above all. */
  delivered(now: number): number {
    return this.#delivered * 2 ** ((this.#deliveredAt - now) / ENGINE.deliveredHalfLifeMs);
  }

  /** What it holds of a segment, or undefined for nothing. */
  holds(key: string): HaveMap | undefined {
    return this.#haves.get(key)?.map;
  }

  /** The have-map of a segment, made if need be; the oldest is forgotten beyond LIM-4. */
  havesOf(id: SegmentId): HaveMap {
    const key = segmentKey(id);
    const known = this.#haves.get(key);
    if (known !== undefined) return known.map;
    const map = new HaveMap();
    this.#haves.set(key, { id, map });
    for (const oldest of this.#haves.keys()) {
      if (this.#haves.size <= LIMITS.haveMapsPerNeighbour) break;
      this.#haves.delete(oldest);
    }
    return map;
  }

  /** Whether it holds a piece of any of these segments of a rendition, `to` included. */
  holdsAny(near: {
    readonly rendition: RenditionId;
    readonly from: number;
    readonly to: number;
  }): boolean {
    for (const { id, map } of this.#haves.values())
      if (
        id.rendition === near.rendition &&
        id.msn >= near.from &&
        id.msn <= near.to &&
        map.count > 0
      )
        return true;
    return false;
  }

  /** It has stopped sharing, or begun again; what it held before counts no more. */
  sharing(shares: boolean): void {
    this.shares = shares;
    this.#haves.clear();
  }

  /** Takes back what it said of a segment. */
  forget(key: string): void {
    this.#haves.delete(key);
  }

  /** Whether it may have the digest list of a segment (once more): a small request must not cost many large answers. */
  mayHaveDigests(key: string): boolean {
    const given = this.#digestsGiven.get(key) ?? 0;
    if (given >= ENGINE.digestsPerSegment) return false;
    this.#digestsGiven.set(key, given + 1);
    for (const oldest of this.#digestsGiven.keys()) {
      if (this.#digestsGiven.size <= LIMITS.haveMapsPerNeighbour) break;
      this.#digestsGiven.delete(oldest);
    }
    return true;
  }

  /** Whether it has answered, and soon: it may be asked for several pieces at once. */
  get isQuick(): boolean {
    return this.#responseMs !== undefined && this.#responseMs <= ENGINE.quickMs;
  }

  /** Notes a request as sent. */
  ask(entry: SegmentEntry, pieces: readonly number[], now: number): void {
    this.request = { entry, pieces, at: now, begun: false, until: now + this.#timeoutMs() };
  }

  /** Takes the request back; its pieces stay welcome if they come late. */
  giveUp(): PendingRequest | undefined {
    const request = this.request;
    if (request === undefined) return undefined;
    this.request = undefined;
    for (const index of request.pieces) this.#late.add(pieceKey(request.entry.key, index));
    for (const oldest of this.#late) {
      if (this.#late.size <= ENGINE.lateRequests) break;
      this.#late.delete(oldest);
    }
    return request;
  }

  /** Matches an incoming piece or rejection to what was asked; `late` if the request had been taken back. */
  answer(id: SegmentId, index: number, now: number): 'asked' | 'late' | 'unasked' {
    const key = segmentKey(id);
    const request = this.request;
    if (request?.entry.key === key && request.pieces.includes(index)) {
      if (!request.begun) this.#measure(now - request.at);
      const pieces = request.pieces.filter((piece) => piece !== index);
      const until = now + this.#timeoutMs();
      this.request =
        pieces.length === 0 ? undefined : { ...request, pieces, at: now, begun: true, until };
      return 'asked';
    }
    return this.#late.delete(pieceKey(key, index)) ? 'late' : 'unasked';
  }

  #measure(took: number): void {
    const error = Math.abs(took - this.responseMs);
    this.#deviationMs =
      this.#responseMs === undefined ? took / 2 : 0.75 * this.#deviationMs + 0.25 * error;
    this.#responseMs =
      this.#responseMs === undefined ? took : 0.75 * this.#responseMs + 0.25 * took;
  }

  #timeoutMs(): number {
    const { requestTimeoutMinMs: min, requestTimeoutMaxMs: max } = ENGINE;
    return Math.min(max, Math.max(min, 4 * this.responseMs));
  }
}

function pieceKey(key: string, index: number): string {
  return `${key}:${index}`;
}
