import { LIMITS } from '@shoal/protocol';
import { HttpEstimate } from './bandwidth.ts';
import type { Effect } from './io.ts';
import { ENGINE } from './limits.ts';
import type { SegmentEntry } from './segment-entry.ts';

type PieceFetch = {
  readonly type: 'pieces';
  readonly id: number;
  readonly entry: SegmentEntry;
  /** Pieces that this fetch has still to bring; each piece is brought by one fetch. */
  readonly pieces: Set<number>;
  readonly startedAt: number;
  firstByteAt: number | undefined;
  /** The first piece whose beginning comes with this response, and the end of what was asked for. */
  first: number;
  to: number;
  /** Offset in the segment of the next byte to come. */
  at: number;
  /** When the neighbours are told (again) that it is on its way. */
  tellAt: number;
  received: number;
};

type DigestFetch = {
  readonly type: 'digests';
  readonly id: number;
  readonly entry: SegmentEntry;
  readonly startedAt: number;
  readonly chunks: Uint8Array[];
  received: number;
};

/** What the engine has to know of an incoming HTTP event. */
export type FetchOutcome =
  | { readonly type: 'nothing' }
  /** Pieces may have been verified. `wasted` bytes served nobody. */
  | {
      readonly type: 'progress';
      readonly entry: SegmentEntry;
      readonly wasted: number;
      /** Stops a response whose rest neighbours bring. */
      readonly abort: Effect | undefined;
    }
  /** The origin sent bytes that do not verify. */
  | { readonly type: 'corrupt'; readonly entry: SegmentEntry; readonly wasted: number }
  | { readonly type: 'digests'; readonly entry: SegmentEntry; readonly list: Uint8Array }
  /** `of` says what did not come: pieces of the segment, or its digest list. */
  | {
      readonly type: 'failed';
      readonly of: 'pieces' | 'digests';
      readonly entry: SegmentEntry;
      readonly status: number;
    };

const NOTHING: FetchOutcome = { type: 'nothing' };

/** The HTTP requests under way, and what they have brought. */
export class Fetches {
  readonly estimate: HttpEstimate = new HttpEstimate();
  readonly #active = new Map<number, PieceFetch | DigestFetch>();
  #lastId = 0;
  /** Bytes of segment data received over HTTP. */
  receivedBytes = 0;
  /** Responses with segment data under way, and what they have brought together since the last sample. */
  #flowing = 0;
  #flowSince = 0;
  #flowBytes = 0;

  /** Whether another fetch of pieces may start. */
  get free(): boolean {
    let pieces = 0;
    for (const fetch of this.#active.values()) if (fetch.type === 'pieces') pieces += 1;
    return pieces < ENGINE.fetchesAtOnce;
  }

  /** Pieces that responses under way have still to bring. */
  get openPieces(): number {
    let open = 0;
    for (const fetch of this.#active.values())
      if (fetch.type === 'pieces') open += fetch.pieces.size;
    return open;
  }

  /** What the neighbours are to be told of now: it is on its way, and was not told of lately (PEER-8). */
  untold(
    now: number,
  ): readonly { readonly entry: SegmentEntry; readonly from: number; readonly to: number }[] {
    const ranges: { readonly entry: SegmentEntry; readonly from: number; readonly to: number }[] =
      [];
    for (const fetch of this.#active.values()) {
      if (fetch.type !== 'pieces' || fetch.pieces.size === 0 || now < fetch.tellAt) continue;
      fetch.tellAt = now + ENGINE.hintRenewMs;
      const [from = 0] = fetch.pieces;
      ranges.push({ entry: fetch.entry, from, to: Math.max(...fetch.pieces) + 1 });
    }
    return ranges;
  }

  /** When there is something to be told next. */
  get tellAt(): number | undefined {
    let first: number | undefined;
    for (const fetch of this.#active.values())
      if (fetch.type === 'pieces' && fetch.pieces.size > 0 && fetch.tellAt < (first ?? Infinity))
        first = fetch.tellAt;
    return first;
  }

  fetchingDigests(entry: SegmentEntry): boolean {
    for (const fetch of this.#active.values())
      if (fetch.type === 'digests' && fetch.entry === entry) return true;
    return false;
  }

  /**
   * Asks the origin for pieces `[from, to)`, all of them missing; for the whole segment without a Range. If they
   * are not there by `tellAt`, the neighbours are told that they come.
   */
  pieces(
    entry: SegmentEntry,
    range: { readonly from: number; readonly to: number },
    { now, tellAt }: { readonly now: number; readonly tellAt: number },
  ): Effect {
    const { from, to } = range;
    const id = ++this.#lastId;
    const at = from * LIMITS.pieceBytes;
    const fetch: PieceFetch = {
      type: 'pieces',
      id,
      entry,
      pieces: new Set(),
      startedAt: now,
      firstByteAt: undefined,
      first: from,
      to,
      at,
      tellAt,
      received: 0,
    };
    claim(fetch, from, to);
    this.#active.set(id, fetch);
    const { url, within } = entry;
    const place = { url, ...(within && { within }) };
    if (from === 0 && to === entry.pieces) return { type: 'fetch', fetch: id, ...place };
    const end = Math.min(to * LIMITS.pieceBytes, entry.info.size);
    return { type: 'fetch', fetch: id, ...place, range: { from: at, to: end } };
  }

  digests(entry: SegmentEntry, url: string, now: number): Effect {
    const id = ++this.#lastId;
    this.#active.set(id, { type: 'digests', id, entry, startedAt: now, chunks: [], received: 0 });
    return { type: 'fetch', fetch: id, url };
  }

  start(id: number, offset: number, now: number): void {
    const fetch = this.#active.get(id);
    if (fetch === undefined) return;
    this.estimate.responded(now - fetch.startedAt);
    if (fetch.type !== 'pieces') return;
    fetch.firstByteAt = now;
    if (this.#flowing === 0) this.#restartFlow(now);
    this.#flowing += 1;
    fetch.entry.firstByteAt ??= now;
    fetch.at = offset;
    fetch.first = Math.ceil(offset / LIMITS.pieceBytes);
    if (!fetch.pieces.has(fetch.first)) claimRest(fetch, fetch.first);
  }

  data(id: number, bytes: Uint8Array, now: number): FetchOutcome {
    const fetch = this.#active.get(id);
    if (fetch === undefined) return NOTHING;
    fetch.received += bytes.length;
    if (fetch.type === 'digests') {
      if (fetch.received <= LIMITS.digestFrameBytes) fetch.chunks.push(bytes);
      return NOTHING;
    }
    this.receivedBytes += bytes.length;
    this.#flowBytes += bytes.length;
    if (now - this.#flowSince >= ENGINE.rateSampleMs) this.#sample(now);
    const { entry } = fetch;
    if (fetch.at + bytes.length > fetch.to * LIMITS.pieceBytes) claimRest(fetch, fetch.to);
    const wasted = entry.write(
      fetch.at,
      bytes,
      (index) => index >= fetch.first && fetch.pieces.has(index),
    );
    entry.httpBytes += bytes.length - wasted;
    const first = Math.max(fetch.first, Math.floor(fetch.at / LIMITS.pieceBytes));
    fetch.at += bytes.length;
    const whole = fetch.at >= entry.info.size;
    const done = whole ? entry.pieces : Math.floor(fetch.at / LIMITS.pieceBytes);
    let genuine = true;
    for (let i = first; i < Math.min(done, entry.pieces); i++)
      if (fetch.pieces.delete(i)) genuine = entry.fetched(i) && genuine;
    // Not at the end of the response: what is decided on its last bytes wants to know.
    if (fetch.pieces.size === 0) this.#ebb(fetch, now);
    const over = fetch.at >= Math.min(fetch.to * LIMITS.pieceBytes, entry.info.size);
    const abort = fetch.pieces.size === 0 && !over ? this.#abort(fetch, now) : undefined;
    // Nobody but a neighbour has said how long it is.
    if (entry.plain?.claimedBy !== undefined && fetch.at > entry.info.size) genuine = false;
    if (entry.digests === undefined && entry.count('staged') === entry.pieces)
      genuine = entry.verifyWhole();
    return genuine
      ? { type: 'progress', entry, wasted, abort }
      : { type: 'corrupt', entry, wasted };
  }

  end(id: number, now: number): FetchOutcome {
    const fetch = this.#active.get(id);
    if (fetch === undefined) return NOTHING;
    this.#active.delete(id);
    if (fetch.type === 'digests')
      return { type: 'digests', entry: fetch.entry, list: joined(fetch.chunks) };
    this.#ebb(fetch, now);
    if (!release(fetch)) return NOTHING;
    return { type: 'failed', of: 'pieces', entry: fetch.entry, status: 0 };
  }

  failed(
    id: number,
    { status, now }: { readonly status: number; readonly now: number },
  ): FetchOutcome {
    const fetch = this.#active.get(id);
    if (fetch === undefined) return NOTHING;
    this.#active.delete(id);
    if (fetch.type === 'pieces') this.#ebb(fetch, now);
    if (fetch.type === 'pieces') release(fetch);
    return { type: 'failed', of: fetch.type, entry: fetch.entry, status };
  }

  /** Stops the fetches of entries for which `unwanted` holds; what they brought stays. */
  abort(unwanted: (entry: SegmentEntry) => boolean, now: number): readonly Effect[] {
    const effects: Effect[] = [];
    for (const fetch of [...this.#active.values()])
      if (unwanted(fetch.entry)) effects.push(this.#abort(fetch, now));
    return effects;
  }

  /**
   * The last piece of `entry` that a response under way has still to bring, and when it will, at the
   * present rate; undefined if none is under way (SWM-12).
   */
  tail(entry: SegmentEntry): { readonly index: number; readonly inMs: number } | undefined {
    const rate = this.estimate.rate(0);
    if (rate <= 0) return undefined;
    let latest: { readonly index: number; readonly inMs: number } | undefined;
    for (const fetch of this.#active.values()) {
      if (fetch.type !== 'pieces' || fetch.entry !== entry || fetch.firstByteAt === undefined)
        continue;
      const index = Math.max(...fetch.pieces);
      const bytes = (index + 1) * LIMITS.pieceBytes - fetch.at;
      const inMs = (bytes * this.#flowing) / rate;
      if (latest === undefined || inMs > latest.inMs) latest = { index, inMs };
    }
    return latest;
  }

  /** A neighbour will bring this piece of a response's tail; a response with nothing left to bring is aborted. */
  giveUp(entry: SegmentEntry, index: number, now: number): readonly Effect[] {
    for (const fetch of this.#active.values()) {
      if (fetch.type !== 'pieces' || fetch.entry !== entry || !fetch.pieces.delete(index)) continue;
      entry.mark(index, 'missing');
      return fetch.pieces.size === 0 ? [this.#abort(fetch, now)] : [];
    }
    return [];
  }

  #abort(fetch: PieceFetch | DigestFetch, now: number): Effect {
    this.#active.delete(fetch.id);
    if (fetch.type === 'pieces') {
      this.#ebb(fetch, now);
      release(fetch);
    }
    return { type: 'fetch-abort', fetch: fetch.id };
  }

  /** A response has brought what was wanted of it. */
  #ebb(fetch: PieceFetch, now: number): void {
    if (fetch.firstByteAt === undefined) return;
    fetch.firstByteAt = undefined;
    this.#sample(now);
    this.#flowing -= 1;
  }

  /** Counts what all responses together have brought towards the estimate: one alone sees only its share. */
  #sample(now: number): void {
    this.estimate.transferred(this.#flowBytes, now - this.#flowSince);
    this.#restartFlow(now);
  }

  #restartFlow(now: number): void {
    this.#flowSince = now;
    this.#flowBytes = 0;
  }
}

/** Marks the missing pieces of `[from, to)` as brought by this fetch. */
function claim({ entry, pieces }: PieceFetch, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if (entry.state(i) !== 'missing') continue;
    entry.mark(i, 'fetching');
    pieces.add(i);
  }
}

/** More comes than was asked for (a 200 to a Range): take all of it, it is paid for. */
function claimRest(fetch: PieceFetch, from: number): void {
  fetch.to = fetch.entry.pieces;
  claim(fetch, from, fetch.to);
}

/** Gives back the pieces that did not come; true if there were any. */
function release({ entry, pieces }: PieceFetch): boolean {
  let missing = false;
  for (const i of pieces) {
    if (entry.state(i) !== 'fetching') continue;
    entry.mark(i, 'missing');
    missing = true;
  }
  return missing;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
