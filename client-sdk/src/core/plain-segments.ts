import { type PeerId, type RenditionId, type SegmentId, segmentKey } from '@shoal/protocol';
import { type ByteSpan, segmentAddress } from './catalog.ts';
import type { PlainListed } from './io.ts';
import { ENGINE } from './limits.ts';

/** Whose word about a segment the origin contradicted, and who else said otherwise. */
type Dispute = {
  readonly claimer: PeerId;
  /** Root of the digests that were claimed. */
  readonly root: string;
  readonly accused: PeerId | undefined;
};

/** A segment whose playlist says neither size nor digests, until they are known. */
export type PlainSegment = {
  readonly id: SegmentId;
  readonly url: string;
  readonly within: ByteSpan | undefined;
  readonly durationMs: number;
  readonly key: string;
  readonly address: string;
  /** When this viewer fetches it for the others, unless somebody is known to have done so: Infinity for never. */
  turnAt: number | undefined;
  /** Its part of the random head start at the deadline, in [0, 1). */
  chance: number | undefined;
  /** Who was asked what it is, and until when it may answer. */
  ask: { readonly peer: PeerId; readonly until: number } | undefined;
  fetch: PlainFetch | undefined;
  /** Failed attempts in a row, and when the next may start. */
  failures: number;
  fetchFrom: number;
  /** What the origin answers cannot be taken for one segment. */
  unusable: boolean;
  /** Set: only the origin is believed. */
  dispute: Dispute | undefined;
};

/** A whole segment on its way from the origin. */
export type PlainFetch = {
  readonly id: number;
  readonly segment: PlainSegment;
  readonly startedAt: number;
  readonly chunks: Uint8Array[];
  received: number;
  firstByteAt: number | undefined;
  /** When the neighbours were last told of it. */
  saidAt: number;
};

/** The segments known by name only, oldest forgotten first, and the requests for whole ones under way. */
export class PlainSegments {
  /** Requests of the player. */
  readonly demands: Map<number, { readonly segment: PlainSegment; readonly since: number }> =
    new Map();
  readonly #byAddress = new Map<string, PlainSegment>();
  readonly #byMsn = new Map<RenditionId, Map<number, PlainSegment>>();
  readonly #fetches = new Map<number, PlainFetch>();
  /** Until when a segment is said to be on its way to somebody; often heard before the playlist lists it. */
  readonly #hints = new Map<string, number>();
  /** Newest media sequence number of each rendition's last playlist. */
  readonly #newest = new Map<RenditionId, number>();
  #lastFetch = 0;
  #bytesPerMs: number | undefined;
  /** Whether the channel is one whose playlists carry no digests. */
  inUse = false;
  /** When the channel was last left because its numbering went back. */
  renumberedAt: number | undefined;

  /** Adds a segment unless it is there; the name that an address got first stays. */
  list({ id, url, within, durationMs }: PlainListed): PlainSegment {
    const address = segmentAddress(url, within);
    const known = this.find(id) ?? this.#byAddress.get(address);
    if (known?.address === address && known.id.msn === id.msn) return known;
    const key = segmentKey(id);
    const segment: PlainSegment = {
      ...{ id, url, within, durationMs, key, address },
      ...{ turnAt: undefined, chance: undefined, ask: undefined, fetch: undefined },
      ...{ failures: 0, fetchFrom: 0, unusable: false, dispute: undefined },
    };
    let numbered = this.#byMsn.get(id.rendition);
    if (numbered === undefined) {
      numbered = new Map();
      this.#byMsn.set(id.rendition, numbered);
    }
    numbered.set(id.msn, segment);
    this.#byAddress.set(address, segment);
    this.#trim();
    return segment;
  }

  byAddress(address: string): PlainSegment | undefined {
    return this.#byAddress.get(address);
  }

  byMsn(rendition: RenditionId, msn: number): PlainSegment | undefined {
    return this.#byMsn.get(rendition)?.get(msn);
  }

  find(id: SegmentId): PlainSegment | undefined {
    const segment = this.byMsn(id.rendition, id.msn);
    return segment?.id.epoch === id.epoch ? segment : undefined;
  }

  /** It is known now, or cannot be shared. */
  remove(segment: PlainSegment): void {
    this.#byAddress.delete(segment.address);
    const numbered = this.#byMsn.get(segment.id.rendition);
    if (numbered?.get(segment.id.msn) === segment) numbered.delete(segment.id.msn);
    if (segment.fetch !== undefined) this.#fetches.delete(segment.fetch.id);
    segment.fetch = undefined;
  }

  isDemanded(segment: PlainSegment): boolean {
    for (const demand of this.demands.values()) if (demand.segment === segment) return true;
    return false;
  }

  /** Takes out the requests of the player for a segment, with the times since when they wait. */
  takeDemands(segment: PlainSegment): readonly (readonly [number, number])[] {
    const taken: [number, number][] = [];
    for (const [demand, { segment: of, since }] of this.demands)
      if (of === segment) taken.push([demand, since]);
    for (const [demand] of taken) this.demands.delete(demand);
    return taken;
  }

  /** Begins to fetch it; ids count down, so that they are not those of {@link Fetches}. */
  begin(segment: PlainSegment, now: number): PlainFetch {
    const fetch: PlainFetch = {
      ...{ id: --this.#lastFetch, segment, startedAt: now, chunks: [], received: 0 },
      ...{ firstByteAt: undefined, saidAt: now },
    };
    segment.fetch = fetch;
    this.#fetches.set(fetch.id, fetch);
    return fetch;
  }

  fetch(id: number): PlainFetch | undefined {
    return this.#fetches.get(id);
  }

  /** Takes a request off the list: it ended, or is to be stopped. */
  finish(fetch: PlainFetch): void {
    fetch.segment.fetch = undefined;
    this.#fetches.delete(fetch.id);
  }

  get fetches(): readonly PlainFetch[] {
    return [...this.#fetches.values()];
  }

  /** Somebody says that it is getting the segment from the origin. */
  hint(id: SegmentId, until: number): void {
    this.#hints.set(segmentKey(id), until);
    for (const oldest of this.#hints.keys()) {
      if (this.#hints.size <= ENGINE.plainHints) return;
      this.#hints.delete(oldest);
    }
  }

  hintedUntil(key: string): number {
    return this.#hints.get(key) ?? -Infinity;
  }

  /** Notes the newest segment of a playlist; returns that of the one before. */
  advance(rendition: RenditionId, newest: number): number | undefined {
    const before = this.#newest.get(rendition);
    this.#newest.set(rendition, newest);
    for (const oldest of this.#newest.keys()) {
      if (this.#newest.size <= ENGINE.plainRenditions) break;
      this.#newest.delete(oldest);
    }
    return before;
  }

  /** Learns how large segments are from one of them. */
  measure(size: number, durationMs: number): void {
    if (durationMs <= 0) return;
    const sample = size / durationMs;
    this.#bytesPerMs =
      this.#bytesPerMs === undefined ? sample : 0.7 * this.#bytesPerMs + 0.3 * sample;
  }

  /** How large a segment probably is; undefined before the first was seen. */
  expectedSize({ within, durationMs }: PlainSegment): number | undefined {
    if (within !== undefined) return within.to - within.from;
    return this.#bytesPerMs === undefined ? undefined : this.#bytesPerMs * durationMs;
  }

  clear(): void {
    this.demands.clear();
    this.#byAddress.clear();
    this.#byMsn.clear();
    this.#fetches.clear();
    this.#hints.clear();
    this.#newest.clear();
    this.#bytesPerMs = undefined;
    this.inUse = false;
  }

  #trim(): void {
    for (const segment of this.#byAddress.values()) {
      if (this.#byAddress.size <= ENGINE.plainSegments) return;
      if (!this.isDemanded(segment) && segment.fetch === undefined) this.remove(segment);
    }
  }
}
