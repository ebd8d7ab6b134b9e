import { IndexedArray } from '../indexed-array.ts';
import type { TrackerLimits } from '../limits.ts';
import type { SwarmCounts } from './messages.ts';

/** One peer id in one swarm. */
export type Peer<Conn> = {
  readonly id: string;
  readonly conn: Conn;
  readonly swarm: Swarm<Conn>;
  complete: boolean;
  /** Offers made to it that it may still answer, by their ids; oldest first. */
  readonly offers: Map<string, PendingOffer>;
};

type PendingOffer = {
  readonly from: string;
  /** Until when it may be answered. */
  readonly ends: number;
};

/** The peers of one info hash. */
export class Swarm<Conn> {
  /** The info hash within its realm. */
  readonly name: string;
  readonly infoHash: string;
  readonly #peers = new IndexedArray<Peer<Conn>>();
  readonly #byId = new Map<string, Peer<Conn>>();
  readonly #limits: TrackerLimits;
  #complete = 0;
  #downloaded = 0;
  #turn = 0;

  constructor(of: { readonly name: string; readonly infoHash: string }, limits: TrackerLimits) {
    this.name = of.name;
    this.infoHash = of.infoHash;
    this.#limits = limits;
  }

  get size(): number {
    return this.#peers.size;
  }

  get counts(): SwarmCounts {
    const complete = this.#complete;
    return { complete, incomplete: this.size - complete, downloaded: this.#downloaded };
  }

  get(id: string): Peer<Conn> | undefined {
    return this.#byId.get(id);
  }

  /** Adds a peer, or refreshes what it says of itself. */
  announce(who: { readonly id: string; readonly conn: Conn }, complete: boolean): Peer<Conn> {
    const peer = this.#byId.get(who.id) ?? this.#add(who);
    if (complete && !peer.complete) {
      this.#complete += 1;
      this.#downloaded += 1;
      peer.complete = true;
    }
    return peer;
  }

  remove(peer: Peer<Conn>): void {
    if (!this.#peers.delete(peer)) return;
    this.#byId.delete(peer.id);
    if (peer.complete) this.#complete -= 1;
  }

  /**
   * At most `count` peers on other connections than `except`: half in turn, so that everybody gets an offer
   * within one interval, half by chance, so that the mesh does not become a ring.
   */
  pick(except: Conn, count: number, random: () => number): readonly Peer<Conn>[] {
    const picked = new Set<Peer<Conn>>();
    const inTurn = Math.ceil(count / 2);
    // Bounded tries: with few peers a draw often hits one that is picked already.
    const tries = count * 3;
    for (let i = 0; i < tries && picked.size < inTurn; i++)
      this.#take(this.#next(), except, picked);
    const whole = this.size <= count * 2;
    for (let i = 0; i < tries && picked.size < count; i++)
      this.#take(whole ? this.#next() : this.#peers.at(random()), except, picked);
    return [...picked];
  }

  /** Remembers that `from` offered to `to`, so that its answer will be passed on (TRK-6). */
  expectAnswer(
    offer: { readonly from: string; readonly id: string },
    to: Peer<Conn>,
    now: number,
  ): void {
    for (const [key, { ends }] of to.offers) {
      if (ends > now && to.offers.size < this.#limits.pendingOffers) break;
      to.offers.delete(key);
    }
    to.offers.set(offer.id, { from: offer.from, ends: now + this.#limits.offerMs });
  }

  /** True once for an answer to an offer that was made to `by` and is not too old. */
  takeAnswer(
    offer: { readonly from: string; readonly id: string },
    by: Peer<Conn>,
    now: number,
  ): boolean {
    const made = by.offers.get(offer.id);
    if (made?.from !== offer.from) return false;
    by.offers.delete(offer.id);
    return made.ends > now;
  }

  #add(who: { readonly id: string; readonly conn: Conn }): Peer<Conn> {
    const peer: Peer<Conn> = { ...who, swarm: this, complete: false, offers: new Map() };
    this.#peers.add(peer);
    this.#byId.set(peer.id, peer);
    return peer;
  }

  #next(): Peer<Conn> | undefined {
    this.#turn = (this.#turn + 1) % Math.max(1, this.size);
    return this.#peers.items[this.#turn];
  }

  #take(peer: Peer<Conn> | undefined, except: Conn, into: Set<Peer<Conn>>): void {
    if (peer !== undefined && peer.conn !== except) into.add(peer);
  }
}
