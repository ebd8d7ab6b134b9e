import type { Effect } from '@shoal/client-sdk/core';
import { encodePeerMessage, type PeerMessage, REJECT, segmentKey } from '@shoal/protocol';
import { expect } from 'vitest';
import { type OriginSegment, originSegment, peerId, pieceOf } from './builders.ts';
import { EngineDriver } from './engine-driver.ts';
import { piecesOf } from './engine-effects.ts';
import { type EngineEvent, EVENT_SEGMENTS } from './engine-events.ts';
import { seededRandom } from './seeded-random.ts';

const FIRST = originSegment(10, { pieces: 5 });
const P = 16_384;

/** What a peer was asked for and has not answered. */
type Outstanding = { readonly key: string; readonly indexes: readonly number[] };

type Allowance = Omit<Extract<EngineEvent, { type: 'upload' }>, 'type'>;

/** One engine among peers and an origin that do what the events say, watched from outside. */
export class EngineWorld {
  readonly driver: EngineDriver;
  readonly #outstanding = new Map<string, Outstanding>();
  readonly #demands = new Set<number>();
  /** Whose link is up, and how often that place among the peers was filled anew. */
  readonly #met = new Set<string>();
  readonly #lost = new Map<string, number>();
  /** Bodies that have begun: where the next chunk starts. */
  readonly #begun = new Map<number, number>();
  #seen = 0;
  #allowed: Allowance = { shares: true, limit: undefined, budget: undefined };

  constructor(seed: number) {
    this.driver = new EngineDriver({ random: seededRandom(seed) });
  }

  take(event: EngineEvent): void {
    this.#apply('peer' in event ? { ...event, peer: this.#name(event.peer) } : event);
    this.#watch();
  }

  /** From here on the origin is honest, the peers are gone, and time passes: nothing may be left waiting. */
  settle(): void {
    const { driver } = this;
    for (const name of [...this.#met]) {
      this.#close(name);
      this.#watch();
    }
    for (const { fetch } of driver.openFetches) driver.fail(fetch, 0);
    for (let i = 0; i < 400; i++) {
      driver.answerAll();
      driver.advance(100);
      this.#watch();
    }
    expect([...this.#demands]).toEqual([]);
  }

  #apply(event: EngineEvent): void {
    const { driver } = this;
    switch (event.type) {
      case 'list':
        driver.list(EVENT_SEGMENTS.slice(0, event.n + 1));
        return;
      case 'demand':
        this.#demands.add(driver.demand(EVENT_SEGMENTS[event.n] ?? FIRST));
        return;
      case 'cancel':
        this.#demands.delete(event.n);
        driver.step({ type: 'demand-cancelled', demand: event.n });
        return;
      case 'open-tracker':
        driver.join();
        return;
      case 'close-tracker':
        driver.step({ type: 'tracker-closed' });
        return;
      case 'play':
        driver.play(10 + event.n, event.bufferedMs, event.playing);
        return;
      case 'p2p':
        driver.step(event);
        return;
      case 'upload':
        this.#allowed = event;
        driver.step(event);
        return;
      case 'announce':
        driver.announce(EVENT_SEGMENTS[event.n] ?? FIRST, event.duties);
        return;
      case 'wait':
        driver.advance(event.ms);
        return;
      case 'answer':
      case 'chunk':
        this.#origin(event);
        return;
      default:
        this.#peer(event);
    }
  }

  #peer(event: Extract<EngineEvent, { peer: string }>): void {
    const { driver } = this;
    const about = 'n' in event ? (EVENT_SEGMENTS[event.n] ?? FIRST) : FIRST;
    switch (event.type) {
      case 'offer':
        if (!this.#met.has(event.peer)) driver.meet(event.peer);
        this.#met.add(event.peer);
        driver.have(about, event.peer);
        driver.hearDigests(about, event.peer);
        return;
      case 'open':
        driver.step({ type: 'link-open', peer: peerId(event.peer) });
        return;
      case 'close':
        this.#close(event.peer);
        return;
      case 'drain':
        driver.step({ type: 'link-drained', peer: peerId(event.peer) });
        return;
      case 'have':
        driver.have(about, event.peer);
        return;
      case 'reject': {
        const request = this.#outstanding.get(event.peer);
        if (request === undefined) return;
        this.#hear(event.peer, {
          type: 'reject',
          segment: this.#segment(request.key).info.id,
          index: event.n % 2 === 0 ? first(request) : last(request),
          reason: REJECT.busy,
        });
        return;
      }
      case 'serve': {
        const request = this.#outstanding.get(event.peer);
        if (request === undefined) return;
        const source = this.#segment(request.key);
        const index = first(request);
        const payload = pieceOf(source, index).slice();
        if (event.corrupt) payload[0] = (payload[0] ?? 0) ^ 1;
        this.#hear(event.peer, { type: 'piece', segment: source.info.id, index, payload });
        return;
      }
      case 'say':
        this.#hear(event.peer, event.message);
        return;
      case 'noise':
        driver.hearBytes(event.peer, event.frame);
        return;
    }
  }

  #origin(event: Extract<EngineEvent, { type: 'answer' | 'chunk' }>): void {
    const { driver } = this;
    const open = driver.openFetches;
    const target = open[event.n % Math.max(open.length, 1)];
    if (target === undefined) return;
    const source = EVENT_SEGMENTS.find(({ url }) => url === target.url);
    if (source === undefined || this.#begun.has(target.fetch)) {
      if (event.type === 'chunk' && source !== undefined)
        this.#chunk(target.fetch, source.bytes, event.bytes);
      else if (source === undefined) driver.answer(target);
      return;
    }
    const from = target.range?.from ?? 0;
    const bytes = source.bytes.slice(from, target.range?.to);
    if (event.type === 'chunk') {
      this.#begun.set(target.fetch, from);
      driver.step({ type: 'fetch-start', fetch: target.fetch, offset: from });
      this.#chunk(target.fetch, source.bytes, event.bytes);
      return;
    }
    if (event.fault === 'fail') {
      driver.fail(target.fetch, 503);
      return;
    }
    if (event.fault === 'corrupt') bytes[0] = (bytes[0] ?? 0) ^ 1;
    const body = {
      none: bytes,
      corrupt: bytes,
      short: bytes.subarray(0, 20_000),
      whole: source.bytes,
      shifted: bytes.subarray(5_000),
    }[event.fault];
    const offset = event.fault === 'whole' ? 0 : event.fault === 'shifted' ? from + 5_000 : from;
    driver.respond(target.fetch, { offset, bytes: body });
  }

  /** A body trickles in, past the end of its range to the end of the segment. */
  #chunk(fetch: number, body: Uint8Array, length: number): void {
    const at = this.#begun.get(fetch) ?? 0;
    this.#begun.set(fetch, at + length);
    if (at < body.length)
      this.driver.step({ type: 'fetch-data', fetch, bytes: body.subarray(at, at + length) });
    else this.driver.end(fetch);
  }

  #segment(key: string): OriginSegment {
    return EVENT_SEGMENTS.find(({ info }) => segmentKey(info.id) === key) ?? FIRST;
  }

  #hear(from: string, said: PeerMessage): void {
    const request = this.#outstanding.get(from);
    if (
      (said.type === 'piece' || said.type === 'reject') &&
      request?.key === segmentKey(said.segment)
    ) {
      const indexes = request.indexes.filter((index) => index !== said.index);
      if (indexes.length === 0) this.#outstanding.delete(from);
      else this.#outstanding.set(from, { ...request, indexes });
    }
    this.driver.hearBytes(from, encodePeerMessage(said));
  }

  /** A place whose peer is gone is taken by another, who may be let in where that one was not. */
  #name(place: string): string {
    return `${place}${this.#lost.get(place) ?? 0}`;
  }

  #close(peer: string): void {
    const place = peer.slice(0, 1);
    this.#outstanding.delete(peer);
    if (this.#met.delete(peer)) this.#lost.set(place, (this.#lost.get(place) ?? 0) + 1);
    this.driver.close(peer);
  }

  #watch(): void {
    const { log } = this.driver;
    for (; this.#seen < log.length; this.#seen++) {
      const effect = log[this.#seen]?.effect;
      if (effect !== undefined) this.#check(effect);
    }
  }

  #check(effect: Effect): void {
    if (effect.type === 'deliver' || effect.type === 'fail' || effect.type === 'fall-back')
      expect(this.#demands.delete(effect.demand)).toBe(true);
    if (effect.type === 'disconnect') this.#close(effect.peer);
    if (effect.type === 'fetch') this.#checkFetch(effect);
    if (effect.type !== 'send') return;
    const { peer: to, message: sent } = effect;
    if (sent.type === 'request') {
      const key = segmentKey(sent.segment);
      // PEER-5, and SWM-6 of two neighbours.
      expect(this.#outstanding.has(to)).toBe(false);
      const indexes = piecesOf(sent);
      for (const index of indexes) expect(this.#isOutstanding(key, index)).toBe(false);
      this.#outstanding.set(to, { key, indexes });
    }
    if (sent.type === 'cancel') this.#outstanding.delete(to);
    if (sent.type === 'piece') {
      const { shares, limit, budget } = this.#allowed;
      // SWM-41, SWM-42.
      expect(shares && limit !== 0).toBe(true);
      expect(this.driver.engine.stats().uploadedBytes).toBeLessThanOrEqual(budget ?? Infinity);
      const source = this.#segment(segmentKey(sent.segment));
      expect(Buffer.compare(sent.payload, pieceOf(source, sent.index))).toBe(0);
    }
  }

  /** SWM-6: what a neighbour was asked for, or another request to the origin is about to bring, is not asked for. */
  #checkFetch({ fetch, url, range }: Extract<Effect, { type: 'fetch' }>): void {
    const segment = EVENT_SEGMENTS.find((each) => each.url === url);
    if (segment === undefined) return;
    const { from, to } = range ?? { from: 0, to: segment.info.size };
    expect(from).toBeLessThan(to);
    for (let i = from / P; i < to / P; i++)
      expect(this.#isOutstanding(segmentKey(segment.info.id), i)).toBe(false);
    for (const other of this.driver.openFetches) {
      if (other.fetch >= fetch || other.url !== url || this.#begun.has(other.fetch)) continue;
      const { from: start, to: end } = other.range ?? { from: 0, to: segment.info.size };
      expect(end <= from || to <= start).toBe(true);
    }
  }

  #isOutstanding(key: string, index: number): boolean {
    return [...this.#outstanding.values()].some((r) => r.key === key && r.indexes.includes(index));
  }
}

function first({ indexes }: Outstanding): number {
  return indexes[0] ?? 0;
}

function last({ indexes }: Outstanding): number {
  return indexes.at(-1) ?? 0;
}
