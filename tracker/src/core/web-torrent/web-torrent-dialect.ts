import { assertNever, type ChannelId, CLOSE } from '@shoal/protocol';
import type { ConnectionOrigin, Effect, Ejection, Turn } from '../effect.ts';
import { ExpiryMap } from '../expiry-map.ts';
import type { TrackerLimits } from '../limits.ts';
import {
  parseWebTorrentMessage,
  type SwarmCounts,
  type WebTorrentMessage,
  type WebTorrentReply,
} from './messages.ts';
import { type Peer, Swarm } from './swarm.ts';

/** A connection of the WebTorrent dialect. */
export type Client<Conn> = {
  readonly conn: Conn;
  /** Its token's, or the one that its URL names. */
  readonly channel: ChannelId | undefined;
  /** Begins the names of its swarms: those of a channel with tokens are its own (TRK-22). */
  readonly realm: string;
  /** Peer ids that belong to it (TRK-2). */
  readonly ids: Set<string>;
  /** Its memberships, the one announced last at the end. */
  readonly peers: Set<Peer<Conn>>;
};

export type WebTorrentDialectOptions = {
  readonly random: () => number;
  readonly allows: (channel: ChannelId) => boolean;
  readonly limits: TrackerLimits;
};

type Announce = Extract<WebTorrentMessage, { readonly type: 'announce' }>;
type Answer = Extract<WebTorrentMessage, { readonly type: 'answer' }>;

/** Swarms by info hash; offers to others of the swarm, answers only to offers (TRK-2, TRK-6). */
export class WebTorrentDialect<Conn> {
  readonly #swarms = new Map<string, Swarm<Conn>>();
  /** Which client a peer id belongs to, until its connection closes. */
  readonly #owners = new Map<string, Client<Conn>>();
  readonly #viewers = new Map<ChannelId, Set<Conn>>();
  readonly #silent: ExpiryMap<Peer<Conn>>;
  readonly #clients = new Map<Conn, Client<Conn>>();
  readonly #options: WebTorrentDialectOptions;

  constructor(options: WebTorrentDialectOptions) {
    this.#options = options;
    this.#silent = new ExpiryMap(options.limits.announceExpiryMs);
  }

  get swarms(): number {
    return this.#swarms.size;
  }

  /** Peers of a swarm; 0 when nobody announced it. */
  swarmSize(infoHash: string): number {
    return this.#swarms.get(infoHash)?.size ?? 0;
  }

  /** How many connections are of this channel. */
  viewers(channel: ChannelId): number {
    return this.#viewers.get(channel)?.size ?? 0;
  }

  connectionsOf(channel: ChannelId): readonly Conn[] {
    return [...(this.#viewers.get(channel) ?? [])];
  }

  /** Takes in a connection that turned out to speak this dialect. */
  open(conn: Conn, origin: ConnectionOrigin): Client<Conn> {
    const { grant } = origin;
    const channel = grant?.channel ?? origin.channel;
    // No channel id contains a space (SEG-1).
    const realm = grant === undefined ? '' : `${grant.channel} `;
    const client: Client<Conn> = { conn, channel, realm, ids: new Set(), peers: new Set() };
    this.#clients.set(conn, client);
    if (channel === undefined) return client;
    const others = this.#viewers.get(channel);
    if (others === undefined) this.#viewers.set(channel, new Set([conn]));
    else others.add(conn);
    return client;
  }

  message(client: Client<Conn>, value: unknown, turn: Turn<Conn>): readonly Ejection<Conn>[] {
    const parsed = parseWebTorrentMessage(value, this.#options.limits);
    if (!parsed.ok) return [eject(client, CLOSE.protocolViolation, parsed.error)];
    if (client.channel !== undefined && !this.#options.allows(client.channel))
      return [eject(client, CLOSE.refused, 'no such channel')];
    const message = parsed.value;
    switch (message.type) {
      case 'announce':
        this.#announce(client, message, turn);
        break;
      case 'answer':
        this.#answer(client, message, turn);
        break;
      case 'scrape':
        turn.out.push(send(client.conn, { action: 'scrape', files: this.#files(client, message) }));
        break;
      default:
        assertNever(message);
    }
    return [];
  }

  /** Forgets a client: its ids and memberships are free at once (TRK-11). */
  close(client: Client<Conn>): void {
    for (const peer of client.peers) this.#remove(client, peer);
    for (const id of client.ids) this.#owners.delete(id);
    this.#clients.delete(client.conn);
    const { channel } = client;
    if (channel === undefined) return;
    const others = this.#viewers.get(channel);
    others?.delete(client.conn);
    if (others?.size === 0) this.#viewers.delete(channel);
  }

  /** Drops memberships that were not announced again: a client may leave a swarm and keep its socket. */
  expire(now: number): void {
    for (const peer of this.#silent.expire(now)) {
      const client = this.#clients.get(peer.conn);
      if (client !== undefined) this.#remove(client, peer);
    }
  }

  #announce(client: Client<Conn>, message: Announce, turn: Turn<Conn>): void {
    const { conn } = client;
    const { infoHash, peerId } = message;
    const refusal = this.#claim(client, message);
    if (refusal !== undefined) {
      const failure = {
        action: 'announce',
        info_hash: infoHash,
        'failure reason': refusal,
      } as const;
      turn.out.push(send(conn, failure));
      return;
    }
    const name = client.realm + infoHash;
    const known = this.#swarms.get(name);
    const swarm = known ?? new Swarm<Conn>({ name, infoHash }, this.#options.limits);
    if (message.stopped) {
      const peer = swarm.get(peerId);
      if (peer !== undefined) this.#remove(client, peer);
    } else {
      if (known === undefined) this.#swarms.set(name, swarm);
      const peer = swarm.announce({ id: peerId, conn }, message.complete);
      client.peers.delete(peer);
      client.peers.add(peer);
      this.#silent.touch(peer, turn.now);
      const [oldest] = client.peers;
      if (oldest !== undefined && client.peers.size > this.#options.limits.swarmsPerConnection)
        this.#remove(client, oldest);
    }
    const { complete, incomplete } = swarm.counts;
    const interval = this.#options.limits.announceIntervalSeconds;
    const reply = {
      action: 'announce',
      info_hash: infoHash,
      interval,
      complete,
      incomplete,
    } as const;
    turn.out.push(send(conn, reply));
    if (!message.stopped) this.#offer(swarm, { conn, message }, turn);
  }

  #offer(
    swarm: Swarm<Conn>,
    by: { readonly conn: Conn; readonly message: Announce },
    turn: Turn<Conn>,
  ): void {
    const { offers, peerId } = by.message;
    const others = swarm.pick(by.conn, offers.length, this.#options.random);
    others.forEach((to, i) => {
      const offer = offers[i];
      if (offer === undefined) return;
      const { offerId, sdp } = offer;
      swarm.expectAnswer({ from: peerId, id: offerId }, to, turn.now);
      turn.out.push({
        type: 'send',
        to: to.conn,
        message: {
          action: 'announce',
          info_hash: swarm.infoHash,
          peer_id: peerId,
          offer_id: offerId,
          offer: { type: 'offer', sdp },
        },
        droppable: true,
      });
    });
  }

  #answer(client: Client<Conn>, message: Answer, turn: Turn<Conn>): void {
    const { infoHash, peerId, toPeerId, offerId, sdp } = message;
    // A late answer is no offence: the peer that offered may just have left.
    if (this.#owners.get(peerId) !== client) return;
    const swarm = this.#swarms.get(client.realm + infoHash);
    const by = swarm?.get(peerId);
    const to = swarm?.get(toPeerId);
    if (swarm === undefined || by === undefined || to === undefined) return;
    if (!swarm.takeAnswer({ from: toPeerId, id: offerId }, by, turn.now)) return;
    turn.out.push(
      send(to.conn, {
        action: 'announce',
        info_hash: infoHash,
        peer_id: peerId,
        offer_id: offerId,
        answer: { type: 'answer', sdp },
      }),
    );
  }

  /** Binds the peer id to this client, or says why not (TRK-2). */
  #claim(client: Client<Conn>, { infoHash, peerId, stopped }: Announce): string | undefined {
    const owner = this.#owners.get(peerId);
    if (owner !== undefined && owner !== client) return 'peer_id belongs to another connection';
    if (stopped) return undefined;
    const { peerIdsPerConnection, swarms } = this.#options.limits;
    if (owner === undefined && client.ids.size >= peerIdsPerConnection)
      return 'too many peer ids on one connection';
    if (!this.#swarms.has(client.realm + infoHash) && this.#swarms.size >= swarms)
      return 'too many swarms';
    client.ids.add(peerId);
    this.#owners.set(peerId, client);
    return undefined;
  }

  #remove(client: Client<Conn>, peer: Peer<Conn>): void {
    peer.swarm.remove(peer);
    client.peers.delete(peer);
    this.#silent.delete(peer);
    if (peer.swarm.size === 0) this.#swarms.delete(peer.swarm.name);
  }

  #files(
    { realm }: Client<Conn>,
    message: Extract<WebTorrentMessage, { readonly type: 'scrape' }>,
  ): Readonly<Record<string, SwarmCounts>> {
    const none = { complete: 0, incomplete: 0, downloaded: 0 };
    return Object.fromEntries(
      message.infoHashes.map((hash) => [hash, this.#swarms.get(realm + hash)?.counts ?? none]),
    );
  }
}

function send<Conn>(to: Conn, message: WebTorrentReply): Effect<Conn> {
  return { type: 'send', to, message, droppable: false };
}

function eject<Conn>(client: Client<Conn>, code: number, reason: string): Ejection<Conn> {
  return { conn: client.conn, error: undefined, code, reason };
}
