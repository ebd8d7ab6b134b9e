import { BYE, type ByeReason, LIMITS, type PeerId, PROTOCOL_VERSION } from '@shoal/protocol';
import type { Effect } from './io.ts';
import { ENGINE } from './limits.ts';
import { Neighbour } from './neighbour.ts';

/** The neighbours of this viewer: whom it connects to, who is ready, and who is never let in again. */
export class Mesh {
  readonly #neighbours = new Map<PeerId, Neighbour>();
  #exploring = false;
  #exploredAt = -Infinity;
  readonly #banned = new Set<PeerId>();
  /** Asked for at every step, changed seldom. */
  #ready: readonly Neighbour[] | undefined;

  get(peer: PeerId): Neighbour | undefined {
    return this.#neighbours.get(peer);
  }

  /** Those that have said hello. */
  ready(): readonly Neighbour[] {
    return (this.#ready ??= this.all().filter(({ state }) => state === 'ready'));
  }

  /** A neighbour has said hello. */
  greeted(neighbour: Neighbour, hello: { readonly shares: boolean; readonly now: number }): void {
    neighbour.shares = hello.shares;
    neighbour.readySince = hello.now;
    this.#become(neighbour, 'ready');
  }

  /** A neighbour has said goodbye. */
  left(neighbour: Neighbour): readonly Effect[] {
    this.#become(neighbour, 'leaving');
    return [{ type: 'disconnect', peer: neighbour.peer }];
  }

  /**
   * How many more introductions are welcome: a few at a time, since each costs both sides work all at once, and fewer
   * the more a device waits (`strain`, a share of its time) already (SWM-16).
   */
  want(now: number, strain: number): number {
    if (strain >= ENGINE.calmShare) return 0;
    const atOnce = strain >= ENGINE.easyShare ? 1 : ENGINE.freshLinks;
    const since = now - ENGINE.freshLinkMs;
    const fresh = this.all().filter((n) => isUnderWay(n) && n.introducedAt > since).length;
    const lacking = LIMITS.targetNeighbours - this.#neighbours.size;
    return Math.max(this.#exploring ? 1 : 0, Math.min(lacking, atOnce - fresh), 0);
  }

  /** The neighbours together were too slow: another one is looked for, in the place of one of them (SWM-11). */
  fellShort(now: number): void {
    const lacking = this.#neighbours.size < LIMITS.targetNeighbours;
    if (lacking || now - this.#exploredAt < ENGINE.exploreMs) return;
    this.#exploredAt = now;
    this.#exploring = true;
  }

  /**
   * Follows an introduction, unless the mesh is full or the peer is known or banned. One to a peer that is still
   * being connected to takes the place of the earlier: the other side saw that fail (SWM-51).
   */
  introduce(introduction: {
    readonly peer: PeerId;
    readonly session: string;
    readonly initiator: boolean;
    readonly now: number;
  }): readonly Effect[] {
    const { peer, session, initiator, now } = introduction;
    const known = this.#neighbours.get(peer);
    const stuck = known !== undefined && isUnderWay(known);
    if (this.#banned.has(peer) || (known !== undefined && !(stuck && known.session !== session)))
      return [];
    const full = this.#neighbours.size >= LIMITS.maxNeighbours + LIMITS.spareNeighbours;
    if (full && known === undefined) return [];
    this.#neighbours.set(peer, new Neighbour(peer, session, now));
    this.#exploring = false;
    return [{ type: 'connect', peer, session, initiator }];
  }

  opened(peer: PeerId, shares: boolean): readonly Effect[] {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour?.state !== 'connecting') return [];
    this.#become(neighbour, 'greeting');
    const hello = { type: 'hello', version: PROTOCOL_VERSION, shares } as const;
    return [{ type: 'send', peer, message: hello }];
  }

  /**
   * The neighbour whose place a new one takes in a full mesh, by chance (SWM-11); undefined if the mesh is not full.
   * The best suppliers stay, so that newcomers alone can never surround a viewer.
   */
  replaceable(now: number, random: () => number): Neighbour | undefined {
    const ready = this.ready();
    if (ready.length <= LIMITS.maxNeighbours) return undefined;
    const byWorth = [...ready].sort((a, b) => a.delivered(now) - b.delivered(now));
    const others = byWorth.slice(0, -ENGINE.keptNeighbours);
    const old = others.filter((n) => now - (n.readySince ?? now) >= ENGINE.replaceableAfterMs);
    const from = old.length > 0 ? old : others;
    return from[Math.floor(random() * from.length)];
  }

  /** Takes a neighbour off the list; its link is closed already. */
  remove(peer: PeerId): Neighbour | undefined {
    const neighbour = this.#neighbours.get(peer);
    this.#neighbours.delete(peer);
    this.#ready = undefined;
    return neighbour;
  }

  /** Says goodbye and closes; the neighbour stays listed, as leaving, until its link has closed. */
  farewell(neighbour: Neighbour, reason: ByeReason): readonly Effect[] {
    const { peer, state } = neighbour;
    if (state === 'leaving') return [];
    // What came first from one that never said hello says nothing against it: a hello can get lost (PEER-3).
    const violates = reason === BYE.violation && state === 'ready';
    if (reason === BYE.corrupt || violates) this.#ban(peer);
    this.#become(neighbour, 'leaving');
    const bye: Effect = { type: 'send', peer, message: { type: 'bye', reason } };
    return [...(state === 'connecting' ? [] : [bye]), { type: 'disconnect', peer }];
  }

  all(): readonly Neighbour[] {
    return [...this.#neighbours.values()];
  }

  #become(neighbour: Neighbour, state: Neighbour['state']): void {
    neighbour.state = state;
    this.#ready = undefined;
  }

  #ban(peer: PeerId): void {
    this.#banned.add(peer);
    for (const oldest of this.#banned) {
      if (this.#banned.size <= ENGINE.bannedPeers) return;
      this.#banned.delete(oldest);
    }
  }
}

function isUnderWay({ state }: Neighbour): boolean {
  return state === 'connecting' || state === 'greeting';
}
