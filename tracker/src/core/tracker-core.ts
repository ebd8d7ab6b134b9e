import {
  assertNever,
  type ChannelId,
  CLOSE,
  invariant,
  LIMITS,
  type OriginEvent,
  parseClientMessage,
} from '@shoal/protocol';
import { Access, P2P_OFF } from './access.ts';
import type { ConnectionOrigin, Effect, Ejection, Input, Turn } from './effect.ts';
import { ExpiryMap } from './expiry-map.ts';
import { TRACKER_LIMITS, type TrackerLimits } from './limits.ts';
import { actionOf, dialectOf, isSignalling } from './first-look.ts';
import { Placement } from './placement.ts';
import { TokenBucket } from './rate-limit.ts';
import { Channel } from './shoal/channel.ts';
import { ShoalDialect, type Viewer } from './shoal/shoal-dialect.ts';
import { type SwarmView, viewSwarm } from './shoal/swarm-view.ts';
import type { ChannelStatus, TrackerTotals } from './status.ts';
import { type Client, WebTorrentDialect } from './web-torrent/web-torrent-dialect.ts';

/** What the tracker takes from its host. */
export type TrackerCoreOptions = {
  /** Even in [0, 1). */
  readonly random: () => number;
  /** A new name that nobody can guess, 1–20 characters of `A–Z a–z 0–9 _ -`: for peers and for introductions. */
  readonly newId: () => string;
  /** The name that belongs to a viewer's key (TRK-21), of the same shape. Default: keys are not heeded. */
  readonly nameOf?: ((key: string) => string) | undefined;
  /** Which channels exist. Default: all. */
  readonly channels?: ((channel: ChannelId) => boolean) | undefined;
  /** Default: `TRACKER_LIMITS`. */
  readonly limits?: Partial<TrackerLimits>;
};

type Session<Conn> = {
  readonly conn: Conn;
  readonly origin: ConnectionOrigin;
  readonly messages: TokenBucket;
  readonly signals: TokenBucket;
  speaks: Speaks<Conn>;
};

/** The dialect of a connection, known from its first message (TRK-1). */
type Speaks<Conn> =
  | { readonly dialect: 'none' }
  | { readonly dialect: 'shoal'; readonly viewer: Viewer<Conn> }
  | { readonly dialect: 'web-torrent'; readonly client: Client<Conn> };

/** How often the host should tick while anybody is connected. */
const TICK_MS = 1_000;

/**
 * The tracker without its sockets: connections, dialects, rates and time-outs. It has no clock, no timers,
 * no randomness of its own. Host rule: one input, run all effects in order, then the next; tick at `deadline()`.
 */
export class TrackerCore<Conn> {
  readonly #sessions = new Map<Conn, Session<Conn>>();
  readonly #newcomers: ExpiryMap<Session<Conn>>;
  readonly #limits: TrackerLimits;
  readonly #allows: (channel: ChannelId) => boolean;
  readonly #access: Access<Conn>;
  readonly #shoal: ShoalDialect<Conn>;
  readonly #webTorrent: WebTorrentDialect<Conn>;
  readonly #placement: Placement<Session<Conn>>;
  #tickAt = 0;

  constructor(options: TrackerCoreOptions) {
    const limits = { ...TRACKER_LIMITS, ...options.limits };
    const { random, newId, nameOf } = options;
    this.#limits = limits;
    this.#placement = new Placement(random, limits);
    this.#allows = options.channels ?? (() => true);
    this.#newcomers = new ExpiryMap(limits.firstMessageMs);
    this.#access = new Access(limits);
    const refusal = (conn: Conn, channel: ChannelId) => this.#access.refusal(conn, channel);
    this.#shoal = new ShoalDialect({
      random,
      newId,
      nameOf,
      allows: this.#allows,
      refusal,
      limits,
    });
    this.#webTorrent = new WebTorrentDialect({ random, allows: this.#allows, limits });
  }

  /** Takes one input. No input makes it throw, and no connection's input closes another, bans apart (TRK-3). */
  step(input: Input<Conn>, now: number): readonly Effect<Conn>[] {
    const turn: Turn<Conn> = { now, out: [] };
    switch (input.type) {
      case 'connected':
        this.#connected(input, turn);
        break;
      case 'message':
        this.#message(input, turn);
        break;
      case 'malformed':
        this.#malformed(input.from, 'not JSON text', turn);
        break;
      case 'closed':
        this.#drop(input.from, turn);
        break;
      case 'verified': {
        const { from: conn, grant } = input;
        const refusal = this.#access.renew(conn, grant, now);
        if (refusal !== undefined) this.#eject([{ conn, ...refusal }], turn);
        break;
      }
      case 'revoke':
        this.#eject(this.#access.revoke(input, now), turn);
        break;
      case 'p2p':
        this.#switchP2p(input, turn);
        break;
      case 'nodes':
        this.#placement.change(input, this.#placed(), now);
        break;
      case 'origin-event':
        this.#originEvent(input.event, turn);
        break;
      case 'tick':
        this.#tick(turn);
        break;
      default:
        assertNever(input);
    }
    return turn.out;
  }

  /** When to tick next; undefined while nobody is connected. */
  deadline(): number | undefined {
    return this.#sessions.size > 0 ? this.#tickAt : undefined;
  }

  /** Who watches a channel; undefined when there is no such channel. All zeros when nobody does. */
  channel(id: ChannelId): ChannelStatus | undefined {
    if (!this.#allows(id)) return undefined;
    const channel = this.#shoal.channels.get(id);
    const webTorrent = this.#webTorrent.viewers(id);
    const shoal = channel?.members.size ?? 0;
    return {
      channel: id,
      viewers: shoal + webTorrent,
      shoal,
      sharing: channel?.members.items.filter(({ shares }) => shares).length ?? 0,
      webTorrent,
      renditions: [...(channel?.groups ?? [])].map(([rendition, { members, holders }]) => ({
        rendition,
        viewers: members.size,
        holders: holders.size,
      })),
      introductions: channel?.introductions ?? 0,
      segments: channel?.segments ?? 0,
    };
  }

  /** The swarm of a channel, for operators; undefined when there is no such channel. */
  swarm(id: ChannelId, now: number): SwarmView | undefined {
    if (!this.#allows(id)) return undefined;
    const channel = this.#shoal.channels.get(id) ?? new Channel<Conn>(id, this.#limits);
    return viewSwarm(channel, { now, p2p: this.#access.p2p(id), limits: this.#limits });
  }

  /** Peers of a WebTorrent swarm; 0 when nobody announced it. */
  swarmSize(infoHash: string): number {
    return this.#webTorrent.swarmSize(infoHash);
  }

  totals(): TrackerTotals {
    return {
      connections: this.#sessions.size,
      channels: this.#shoal.channels.size,
      swarms: this.#webTorrent.swarms,
    };
  }

  #connected(
    { from, origin }: Extract<Input<Conn>, { readonly type: 'connected' }>,
    turn: Turn<Conn>,
  ): void {
    const { now } = turn;
    invariant(!this.#sessions.has(from), 'a connection connects once');
    const { messagesPerSecond, messageBurst, signalsPerSecond, signalBurst } = this.#limits;
    const session: Session<Conn> = {
      conn: from,
      origin,
      messages: new TokenBucket({ perSecond: messagesPerSecond, burst: messageBurst }, now),
      signals: new TokenBucket({ perSecond: signalsPerSecond, burst: signalBurst }, now),
      speaks: { dialect: 'none' },
    };
    if (this.#sessions.size === 0) this.#tickAt = now + TICK_MS;
    this.#sessions.set(from, session);
    this.#newcomers.touch(session, now);
    const refusal = origin.grant && this.#access.admit(from, origin.grant, now);
    // Without a word: it may be a stock client, which knows no errors of ours.
    if (refusal !== undefined) this.#eject([{ conn: from, ...refusal, error: undefined }], turn);
  }

  #message(input: Extract<Input<Conn>, { readonly type: 'message' }>, turn: Turn<Conn>): void {
    const session = this.#sessions.get(input.from);
    // A connection that was closed may have more messages on the way.
    if (session === undefined) return;
    const { value, bytes } = input;
    const budget = isSignalling(value) ? session.signals : session.messages;
    if (!budget.take(turn.now)) {
      const error = 'too-many-messages';
      const ejection = { conn: input.from, error, code: CLOSE.overload, reason: error } as const;
      this.#eject([ejection], turn);
      return;
    }
    const { speaks } = session;
    switch (speaks.dialect) {
      case 'none':
        this.#firstMessage(session, input, turn);
        return;
      case 'shoal':
        if (bytes > LIMITS.trackerMessageBytes) this.#malformed(input.from, TOO_LARGE, turn);
        else if (actionOf(value) === 'renew') this.#renew(input.from, value, turn);
        else this.#eject(this.#shoal.message(speaks.viewer, value, turn), turn);
        return;
      case 'web-torrent':
        if (bytes > LIMITS.webTorrentMessageBytes) this.#malformed(input.from, TOO_LARGE, turn);
        else this.#eject(this.#webTorrent.message(speaks.client, value, turn), turn);
        return;
      default:
        assertNever(speaks);
    }
  }

  /** Where a first message should have been said, if not here; undefined for one that is no join, too. */
  #nodeFor(value: unknown): string | undefined {
    const parsed = parseClientMessage(value);
    if (!parsed.ok || parsed.value.action !== 'join') return undefined;
    return this.#placement.elsewhere(parsed.value.channel);
  }

  *#placed(): Iterable<readonly [Session<Conn>, ChannelId | undefined]> {
    for (const session of this.#sessions.values())
      if (session.speaks.dialect !== 'none') yield [session, channelOf(session)];
  }

  /** Sends a connection to the node that has its channel; a stock client can only be closed, and comes back by itself (TRK-26). */
  #move({ conn, speaks }: Session<Conn>, url: string, turn: Turn<Conn>): void {
    if (speaks.dialect !== 'web-torrent')
      turn.out.push({
        type: 'send',
        to: conn,
        message: { action: 'moved', url },
        droppable: false,
      });
    this.#eject([{ conn, error: undefined, code: CLOSE.moved, reason: 'another node' }], turn);
  }

  /** Has a fresh token checked (TRK-23). */
  #renew(conn: Conn, value: unknown, turn: Turn<Conn>): void {
    const parsed = parseClientMessage(value);
    if (!parsed.ok) this.#malformed(conn, parsed.error, turn);
    else if (parsed.value.action === 'renew' && this.#access.beginCheck(conn))
      turn.out.push({ type: 'verify', of: conn, token: parsed.value.token });
  }

  /** Switches the P2P of a channel: off, everybody is told and closed, and nobody comes in (TRK-25). */
  #switchP2p(
    { channel, enabled }: Extract<Input<Conn>, { readonly type: 'p2p' }>,
    turn: Turn<Conn>,
  ): void {
    this.#access.setP2p(channel, enabled);
    if (enabled) return;
    const conns = [...this.#shoal.dismiss(channel), ...this.#webTorrent.connectionsOf(channel)];
    this.#eject(
      conns.map((conn) => ({ conn, ...P2P_OFF })),
      turn,
    );
  }

  /** Decides the dialect of a connection (TRK-1). */
  #firstMessage(
    session: Session<Conn>,
    input: Extract<Input<Conn>, { readonly type: 'message' }>,
    turn: Turn<Conn>,
  ): void {
    const { conn, origin } = session;
    const { value, bytes } = input;
    const dialect = dialectOf(value);
    if (dialect === 'web-torrent' && bytes <= LIMITS.webTorrentMessageBytes) {
      const refusal = this.#access.refusal(conn, origin.channel ?? origin.grant?.channel);
      if (refusal !== undefined) {
        this.#eject([{ conn, ...refusal, error: undefined }], turn);
        return;
      }
      const home = origin.channel ?? origin.grant?.channel;
      const node = origin.relayed === true ? undefined : this.#placement.elsewhere(home);
      if (node !== undefined) {
        turn.out.push({ type: 'relay', of: conn, to: node, message: value });
        this.#drop(conn, turn);
        return;
      }
      this.#access.keepForSession(conn, turn.now);
      const client = this.#webTorrent.open(conn, origin);
      session.speaks = { dialect: 'web-torrent', client };
      this.#newcomers.delete(session);
      this.#eject(this.#webTorrent.message(client, value, turn), turn);
    } else if (dialect === 'shoal' && bytes <= LIMITS.trackerMessageBytes) {
      const node = this.#nodeFor(value);
      if (node !== undefined) {
        this.#move(session, node, turn);
        return;
      }
      this.#eject(this.#shoal.replacedBy(value), turn);
      const joined = this.#shoal.join({ conn, origin }, value, turn);
      if (joined.ok) {
        session.speaks = { dialect: 'shoal', viewer: joined.value };
        this.#newcomers.delete(session);
      } else this.#eject([joined.error], turn);
    } else this.#malformed(conn, 'no dialect begins like this', turn);
  }

  #malformed(conn: Conn, reason: string, turn: Turn<Conn>): void {
    const shoal = this.#sessions.get(conn)?.speaks.dialect === 'shoal';
    const error = shoal ? 'bad-message' : undefined;
    this.#eject([{ conn, error, code: CLOSE.protocolViolation, reason }], turn);
  }

  #eject(ejections: readonly Ejection<Conn>[], turn: Turn<Conn>): void {
    for (const { conn, error, code, reason } of ejections) {
      const session = this.#sessions.get(conn);
      if (session === undefined) continue;
      // A stock client takes an unknown action for a broken tracker (TRK-1).
      if (error !== undefined && session.speaks.dialect !== 'web-torrent') {
        const message = { action: 'error', code: error, message: reason } as const;
        turn.out.push({ type: 'send', to: conn, message, droppable: false });
      }
      turn.out.push({ type: 'close', to: conn, code, reason });
      this.#drop(conn, turn);
    }
  }

  #drop(conn: Conn, turn: Turn<Conn>): void {
    const session = this.#sessions.get(conn);
    if (session === undefined) return;
    this.#sessions.delete(conn);
    this.#newcomers.delete(session);
    this.#access.forget(conn);
    this.#placement.forget(session);
    const { speaks } = session;
    if (speaks.dialect === 'shoal') this.#shoal.leave(speaks.viewer, turn);
    else if (speaks.dialect === 'web-torrent') this.#webTorrent.close(speaks.client);
  }

  #originEvent(event: OriginEvent, turn: Turn<Conn>): void {
    // Viewers follow the state of the stream in the playlist; only segments concern the swarm.
    if (event.type === 'segment.ready') this.#shoal.segment(event.channel, event.segment, turn);
  }

  #tick(turn: Turn<Conn>): void {
    const { now } = turn;
    this.#tickAt = now + TICK_MS;
    const late = this.#newcomers.expire(now).map(({ conn }) => ({
      conn,
      error: undefined,
      code: CLOSE.timeout,
      reason: 'no message in time',
    }));
    this.#eject(late, turn);
    this.#eject(this.#shoal.expire(now), turn);
    for (const session of this.#placement.due(now)) {
      const node = this.#placement.elsewhere(channelOf(session));
      if (node !== undefined) this.#move(session, node, turn);
    }
    const { ask, late: expired } = this.#access.due(now);
    if (ask.length > 0) turn.out.push({ type: 'broadcast', to: ask, message: { action: 'renew' } });
    this.#eject(expired, turn);
    this.#webTorrent.expire(now);
  }
}

function channelOf<Conn>({ origin, speaks }: Session<Conn>): ChannelId | undefined {
  return speaks.dialect === 'shoal'
    ? speaks.viewer.channel.id
    : (origin.channel ?? origin.grant?.channel);
}

const TOO_LARGE = 'message too large';
