import {
  DIGEST_BYTES,
  invariant,
  isListed,
  LIMITS,
  pieceCount,
  pieceDigest,
  pieceLength,
  rootOf,
  segmentKey,
  type SegmentInfo,
  type Sha256,
  verifyDigestList,
  verifyPiece,
} from '@shoal/protocol';
import type { ByteSpan, Listed } from './catalog.ts';

/**
 * Where a piece stands. `staged` pieces came over HTTP and wait for the digest list; only `verified`
 * ones are announced, served or played (SEG-7).
 */
export type PieceState = 'missing' | 'requested' | 'fetching' | 'staged' | 'verified';

const STATES: readonly PieceState[] = ['missing', 'requested', 'fetching', 'staged', 'verified'];

/** The bytes of one segment as they come together from neighbours and the origin. */
export class SegmentEntry {
  readonly info: SegmentInfo;
  readonly url: string;
  readonly within: ByteSpan | undefined;
  readonly plain: Listed['plain'];
  readonly key: string;
  readonly pieces: number;
  /** When the engine first heard of it, and from when it is pulled from neighbours. */
  readonly knownAt: number;
  readonly pullFrom: number;
  httpBytes = 0;
  p2pBytes = 0;
  firstByteAt: number | undefined;
  completedAt: number | undefined;
  /** Failed HTTP attempts in a row, and when the next may start. */
  fetchFailures = 0;
  fetchFrom = 0;
  originFaults = 0;
  /** It was looked after once when nobody else did (SWM-13). */
  adopted = false;

  readonly #sha256: Sha256;
  readonly #memory: ((segment: SegmentInfo) => Uint8Array) | undefined;
  readonly #states: Uint8Array;
  readonly #counts: number[];
  #data: Uint8Array | undefined;
  #digests: Uint8Array | undefined;
  /** Digests of the staged pieces, computed as each came: the last one is not to wait for all the others. */
  #staged: Uint8Array | undefined;
  #fresh: number[] = [];
  #freshFromOrigin = false;
  #promised: Float64Array | undefined;

  constructor(
    { info, url, within, plain }: Listed,
    options: {
      readonly now: number;
      readonly pullFrom: number;
      readonly sha256: Sha256;
      readonly memory?: ((segment: SegmentInfo) => Uint8Array) | undefined;
    },
  ) {
    this.info = info;
    this.url = url;
    this.within = within;
    this.plain = plain;
    this.key = segmentKey(info.id);
    this.pieces = pieceCount(info.size);
    this.knownAt = options.now;
    this.pullFrom = options.pullFrom;
    this.#sha256 = options.sha256;
    this.#memory = options.memory;
    this.#states = new Uint8Array(this.pieces);
    this.#counts = [this.pieces, 0, 0, 0, 0];
  }

  get complete(): boolean {
    return this.#data !== undefined && this.count('verified') === this.pieces;
  }

  /** The whole segment; only when complete. */
  get data(): Uint8Array {
    const data = this.#data;
    invariant(data !== undefined && this.complete, 'data of an incomplete segment');
    return data;
  }

  /** Its verified digest list, once known. */
  get digests(): Uint8Array | undefined {
    return this.#digests;
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#data === undefined ? 0 : this.info.size;
  }

  state(index: number): PieceState {
    return STATES[this.#states[index] ?? 0] ?? 'missing';
  }

  count(state: PieceState): number {
    return this.#counts[STATES.indexOf(state)] ?? 0;
  }

  /** Bytes of the pieces that are neither verified nor staged. */
  get missingBytes(): number {
    const pieces = this.pieces - this.count('verified') - this.count('staged');
    return Math.min(pieces * LIMITS.pieceBytes, this.info.size);
  }

  /** Notes that a piece is on its way, or is so no longer. Verified pieces stay verified. */
  mark(index: number, state: 'missing' | 'requested' | 'fetching'): void {
    if (this.state(index) !== 'verified') this.#set(index, state);
  }

  /** A verified piece, as a view. */
  piece(index: number): Uint8Array | undefined {
    return this.state(index) === 'verified' ? this.#view(index) : undefined;
  }

  /**
   * Writes bytes that came over HTTP into those pieces being fetched for which `take` holds. `offset`
   * is their place in the segment. The bytes of other pieces are dropped; their number is returned.
   */
  write(offset: number, bytes: Uint8Array, take: (index: number) => boolean): number {
    let dropped = 0;
    for (let at = 0; at < bytes.length;) {
      const index = Math.floor((offset + at) / LIMITS.pieceBytes);
      const end = Math.min(bytes.length, (index + 1) * LIMITS.pieceBytes - offset);
      const chunk = bytes.subarray(at, end);
      if (index < this.pieces && this.state(index) === 'fetching' && take(index)) {
        const fits = chunk.subarray(0, Math.max(0, this.info.size - offset - at));
        this.#allocate().set(fits, offset + at);
      } else dropped += chunk.length;
      at = end;
    }
    return dropped;
  }

  /** All bytes of a piece being fetched have been written: it waits for, or passes, verification. False: corrupt. */
  fetched(index: number): boolean {
    if (this.state(index) !== 'fetching') return true;
    const digest = pieceDigest(this.#view(index), this.#sha256);
    if (this.#digests !== undefined) return this.#judge(index, digest, this.#digests);
    this.#set(index, 'staged');
    this.#staged ??= new Uint8Array(this.pieces * DIGEST_BYTES);
    this.#staged.set(digest, index * DIGEST_BYTES);
    return true;
  }

  /** Offers a piece that came from a neighbour. Nothing is stored unless it verifies. */
  offer(index: number, payload: Uint8Array): 'stored' | 'held-already' | 'corrupt' {
    const list = this.#digests;
    if (this.state(index) === 'verified') return 'held-already';
    if (list === undefined || index >= this.pieces) return 'corrupt';
    if (payload.length !== pieceLength(this.info.size, index)) return 'corrupt';
    if (!verifyPiece(payload, { list, index }, this.#sha256)) return 'corrupt';
    this.#allocate().set(payload, index * LIMITS.pieceBytes);
    this.#keep(index, 'neighbours');
    return 'stored';
  }

  /**
   * Takes a digest list from anybody, if it belongs to this segment, and verifies what was staged.
   * Returns the staged pieces that were corrupt (they are missing again), or undefined for a false list.
   */
  acceptDigests(list: Uint8Array): readonly number[] | undefined {
    const checked = verifyDigestList(list, this.info, this.#sha256);
    if (!checked.ok) return undefined;
    this.#digests ??= list.slice();
    const staged = this.#staged;
    this.#staged = undefined;
    const corrupt: number[] = [];
    for (let i = 0; i < this.pieces; i++) {
      const digest = staged?.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
      if (digest === undefined || this.state(i) !== 'staged') continue;
      if (!this.#judge(i, digest, list)) corrupt.push(i);
    }
    return corrupt;
  }

  /**
   * Every piece has arrived, and no digest list: it can be computed, and stands or falls with the
   * root. False: corrupt, everything staged is missing again.
   */
  verifyWhole(): boolean {
    const list = this.#staged;
    invariant(
      list !== undefined && this.count('staged') === this.pieces,
      'verifyWhole before all is staged',
    );
    const genuine = rootOf(list, this.#sha256) === this.info.root;
    if (genuine) this.#digests = list;
    this.#staged = undefined;
    for (let i = 0; i < this.pieces; i++)
      if (genuine) this.#keep(i, 'origin');
      else this.#set(i, 'missing');
    return genuine;
  }

  /** Takes the whole segment as the origin sent it, with the digest list that makes up its root. */
  own(bytes: Uint8Array, list: Uint8Array): void {
    this.#allocate().set(bytes);
    this.#digests = list;
    for (let i = 0; i < this.pieces; i++) if (this.state(i) !== 'verified') this.#keep(i, 'origin');
  }

  /** Pieces verified since the last call, for announcement (PEER-4). */
  takeFresh(): readonly number[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#freshFromOrigin = false;
    return fresh;
  }

  /** Where pieces come from that wait for announcement; undefined if there are none. */
  get freshFrom(): 'origin' | 'neighbours' | undefined {
    if (this.#fresh.length === 0) return undefined;
    return this.#freshFromOrigin ? 'origin' : 'neighbours';
  }

  /** Verified pieces as a have-map. */
  bitmap(): Uint8Array {
    const bitmap = new Uint8Array(Math.ceil(this.pieces / 8));
    for (let i = 0; i < this.pieces; i++)
      if (this.state(i) === 'verified') bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (0x80 >> (i & 7));
    return bitmap;
  }

  /** Somebody said that it is getting these pieces from the origin (PEER-8). */
  promise(range: { readonly from: number; readonly to: number }, until: number): void {
    this.#promised ??= new Float64Array(this.pieces);
    this.#promised.fill(until, range.from, Math.min(range.to, this.pieces));
  }

  promisedAfter(index: number, now: number): boolean {
    return (this.#promised?.[index] ?? 0) > now;
  }

  /** Keeps what came over HTTP if the list has its digest; false: corrupt, it is missing again. */
  #judge(index: number, digest: Uint8Array, list: Uint8Array): boolean {
    const genuine = isListed(digest, { list, index });
    if (genuine) this.#keep(index, 'origin');
    else this.#set(index, 'missing');
    return genuine;
  }

  #keep(index: number, from: 'origin' | 'neighbours'): void {
    this.#set(index, 'verified');
    this.#fresh.push(index);
    this.#freshFromOrigin ||= from === 'origin';
  }

  #view(index: number): Uint8Array {
    const from = index * LIMITS.pieceBytes;
    return this.#allocate().subarray(from, from + pieceLength(this.info.size, index));
  }

  #allocate(): Uint8Array {
    return (this.#data ??= this.#memory?.(this.info) ?? new Uint8Array(this.info.size));
  }

  #set(index: number, state: PieceState): void {
    const old = this.#states[index] ?? 0;
    const code = STATES.indexOf(state);
    this.#counts[old] = (this.#counts[old] ?? 0) - 1;
    this.#counts[code] = (this.#counts[code] ?? 0) + 1;
    this.#states[index] = code;
  }
}
