import {
  assertNever,
  type ChannelId,
  type ClientMessage,
  type ClientUpdate,
  CLOSE,
  LIMITS,
  parseClientMessage,
  type PeerId,
  PROTOCOL_VERSION,
  type Result,
  type SegmentInfo,
  type TrackerMessage,
} from '@shoal/protocol';
import type { ConnectionOrigin, Ejection, Turn } from '../effect.ts';
import { ExpiryMap } from '../expiry-map.ts';
import { hashText } from '../keyed-hash.ts';
import type { TrackerLimits } from '../limits.ts';
import { Bans } from './bans.ts';
import { Channel } from './channel.ts';
import { assignDuties } from './duties.ts';
import { Introducer, tell } from './introducer.ts';
import { otherEnd, takeSignal } from './link.ts';
import { countNeighbours, degree, type Member, newMember } from './member.ts';
import { takeReports } from './reports.ts';

/** What the Shoal dialect needs from outside; see `TrackerCoreOptions`. */
export type ShoalDialectOptions<Conn> = {
  readonly random: () => number;
  readonly newId: () => string;
  readonly nameOf: ((key: string) => string) | undefined;
  readonly allows: (channel: ChannelId) => boolean;
  /** Why a connection may not join a channel: its token, or the channel's switch. */
  readonly refusal: (conn: Conn, channel: ChannelId) => Omit<Ejection<Conn>, 'conn'> | undefined;
  readonly limits: TrackerLimits;
};

/** A viewer and where it belongs. */
export type Viewer<Conn> = { readonly member: Member<Conn>; readonly channel: Channel<Conn> };

/** Segments of which it is remembered who had which stripe, for those who look at the swarm. */
const DUTIES_SHOWN = 5;

/** Channels and their viewers: introductions, signals, duties and reports (TRK-4 to TRK-11). */
export class ShoalDialect<Conn> {
  readonly #channels = new Map<ChannelId, Channel<Conn>>();
  /** Viewers by when they were last heard of. */
  readonly #silent: ExpiryMap<Member<Conn>>;
  /** Who holds a name that belongs to a key. */
  readonly #named = new Map<PeerId, Conn>();
  readonly #bans: Bans;
  readonly #introducer: Introducer<Conn>;
  readonly #options: ShoalDialectOptions<Conn>;
  readonly #key: number;

  constructor(options: ShoalDialectOptions<Conn>) {
    this.#options = options;
    this.#silent = new ExpiryMap(options.limits.silentMs);
    this.#bans = new Bans(options.limits);
    this.#introducer = new Introducer(options.random, options.newId, options.limits);
    this.#key = Math.floor(options.random() * 0x1_0000_0000);
  }

  get channels(): ReadonlyMap<ChannelId, Channel<Conn>> {
    return this.#channels;
  }

  /** Who must go since a first message comes from the same viewer: its socket broke without our knowing (TRK-21). */
  replacedBy(value: unknown): readonly Ejection<Conn>[] {
    const parsed = parseClientMessage(value);
    const id = parsed.ok && parsed.value.action === 'join' ? this.#nameOf(parsed.value) : undefined;
    const conn = id && this.#named.get(id);
    if (conn === undefined) return [];
    return [{ conn, error: undefined, code: CLOSE.refused, reason: 'joined again' }];
  }

  /** Takes a first message; the viewer, or why there is none. */
  join(
    from: { readonly conn: Conn; readonly origin: ConnectionOrigin },
    value: unknown,
    turn: Turn<Conn>,
  ): Result<Viewer<Conn>, Ejection<Conn>> {
    const { limits, newId } = this.#options;
    const parsed = parseClientMessage(value);
    if (!parsed.ok) return refuse(badMessage(from.conn, parsed.error));
    if (parsed.value.action !== 'join')
      return refuse(ejection(from.conn, 'not-joined', 'the first message must be join'));
    const { conn, origin } = from;
    const barred = this.#whyNot(conn, parsed.value, { origin, now: turn.now });
    if (barred !== undefined) return refuse(barred);
    const channel = this.#open(parsed.value.channel);
    const named = this.#nameOf(parsed.value);
    if (named !== undefined) this.#named.set(named, conn);
    const id = named ?? (newId() as PeerId); // the host's ids match the pattern of PeerId
    const { address, network } = origin;
    const { shares } = parsed.value;
    const who = { conn, id, hash: hashText(id, this.#key), address, network, shares };
    const member = newMember(who, limits, turn.now);
    channel.add(member);
    this.#silent.touch(member, turn.now);
    turn.out.push(
      tell(member, {
        action: 'welcome',
        version: PROTOCOL_VERSION,
        peer: id,
        channel: channel.id,
        updateIntervalMs: limits.updateIntervalMs,
        viewers: channel.members.size,
      }),
    );
    // Where not all can be neighbours of all it is worth waiting for the first update, which says whom the viewer needs.
    if (channel.members.size <= LIMITS.maxNeighbours + 1)
      this.#introducer.fill(member, channel, turn);
    return { ok: true, value: { member, channel } };
  }

  /** Takes any later message; the connections that must go because of it. */
  message(viewer: Viewer<Conn>, value: unknown, turn: Turn<Conn>): readonly Ejection<Conn>[] {
    const { conn } = viewer.member;
    const parsed = parseClientMessage(value);
    if (!parsed.ok) return [badMessage(conn, parsed.error)];
    const message = parsed.value;
    switch (message.action) {
      case 'join':
        return [ejection(conn, 'already-joined', 'one join per connection')];
      case 'update':
        return this.#update(viewer, message, turn);
      case 'signal':
        this.#signal(viewer.member, message, turn);
        return [];
      case 'renew':
        // The core's, which knows of tokens.
        return [];
      case 'leave':
        return [{ conn, error: undefined, code: 1000, reason: 'left' }];
      default:
        return assertNever(message);
    }
  }

  /** Forgets a viewer whose connection is gone, at once and altogether (TRK-11). */
  leave({ member, channel }: Viewer<Conn>, turn: Turn<Conn>): void {
    this.#silent.delete(member);
    if (this.#named.get(member.id) === member.conn) this.#named.delete(member.id);
    channel.remove(member);
    if (channel.members.size === 0) this.#channels.delete(channel.id);
    if (!channel.dismissed) this.#introducer.dissolve(member, channel, turn);
  }

  /** Everybody of a channel, who will all be closed: its mesh is not mended meanwhile. */
  dismiss(id: ChannelId): readonly Conn[] {
    const channel = this.#channels.get(id);
    if (channel === undefined) return [];
    channel.dismissed = true;
    return channel.members.items.map(({ conn }) => conn);
  }

  /** Tells all viewers of a channel of a new segment, and its owners of their stripes (TRK-7, TRK-8). */
  segment(id: ChannelId, segment: SegmentInfo, turn: Turn<Conn>): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    channel.learn(segment);
    channel.segments += 1;
    const viewers = channel.members.size;
    const request = { channel, segment: segment.id, key: this.#key };
    const duties = assignDuties(request, this.#options.limits, turn.now);
    channel.duties.unshift({
      segment: segment.id,
      at: turn.now,
      stripes: [...duties].flatMap(([{ id: peer }, own]) => own.map((duty) => ({ peer, ...duty }))),
    });
    channel.duties.length = Math.min(channel.duties.length, DUTIES_SHOWN);
    // Owners first: everybody else waits for them.
    for (const [member, own] of duties)
      turn.out.push(tell(member, { action: 'segment', segment, viewers, duties: own }));
    const to: Conn[] = [];
    for (const member of channel.members.items) if (!duties.has(member)) to.push(member.conn);
    const message: TrackerMessage = { action: 'segment', segment, viewers, duties: [] };
    if (to.length > 0) turn.out.push({ type: 'broadcast', to, message });
  }

  /** Viewers that said nothing for too long. */
  expire(now: number): readonly Ejection<Conn>[] {
    return this.#silent.expire(now).map((member) => ({
      conn: member.conn,
      error: undefined,
      code: CLOSE.timeout,
      reason: 'no update for too long',
    }));
  }

  #nameOf({ key }: { readonly key?: string }): PeerId | undefined {
    if (key === undefined) return undefined;
    return this.#options.nameOf?.(key) as PeerId | undefined; // as for newId
  }

  #whyNot(
    conn: Conn,
    join: Extract<ClientMessage, { readonly action: 'join' }>,
    at: { readonly origin: ConnectionOrigin; readonly now: number },
  ): Ejection<Conn> | undefined {
    if (join.version !== PROTOCOL_VERSION)
      return ejection(conn, 'unsupported-version', `this tracker speaks ${PROTOCOL_VERSION}`);
    const refused = { code: CLOSE.refused };
    if (!this.#options.allows(join.channel))
      return { ...ejection(conn, 'unknown-channel', 'no such channel'), ...refused };
    const refusal = this.#options.refusal(conn, join.channel);
    if (refusal !== undefined) return { conn, ...refusal };
    const channel = this.#channels.get(join.channel);
    const { address } = at.origin;
    // An address that other viewers share is a NAT: a ban would hit them all.
    if ((channel?.viewersAt(address) ?? 0) === 0 && this.#bans.has(join.channel, address, at.now))
      return { ...ejection(conn, 'banned', 'reported for corrupt data'), ...refused };
    if ((channel?.members.size ?? 0) >= this.#options.limits.membersPerChannel)
      return { ...ejection(conn, 'channel-full', 'too many viewers'), ...refused };
    return undefined;
  }

  #open(id: ChannelId): Channel<Conn> {
    const known = this.#channels.get(id);
    if (known !== undefined) return known;
    const channel = new Channel<Conn>(id, this.#options.limits);
    this.#channels.set(id, channel);
    return channel;
  }

  #update(
    { member, channel }: Viewer<Conn>,
    update: ClientUpdate,
    turn: Turn<Conn>,
  ): readonly Ejection<Conn>[] {
    const { now } = turn;
    const { limits } = this.#options;
    member.seenAt = now;
    this.#silent.touch(member, now);
    member.shares = update.shares;
    countNeighbours(member, update.neighbours);
    // `want` leaves out those it is connecting to, which here are still settling.
    member.goal = degree(member, now) + update.want;
    const { rendition, lo, hi, next, also } = update;
    channel.move(member, { rendition, lo, hi, next, also });
    const condemned = takeReports({ from: member, channel, update }, limits, now);
    this.#introducer.fill(member, channel, turn);
    return condemned.map(({ conn, address }) => {
      this.#bans.add(channel.id, address, now);
      return { ...ejection(conn, 'banned', 'reported for corrupt data'), code: CLOSE.refused };
    });
  }

  #signal(
    from: Member<Conn>,
    message: Extract<ClientMessage, { readonly action: 'signal' }>,
    turn: Turn<Conn>,
  ): void {
    const link = from.links.get(message.to);
    // A late signal is no offence: the other side may just have left.
    if (link?.session !== message.session) return;
    if (!takeSignal(link, from, { now: turn.now, limits: this.#options.limits })) return;
    const { session, signal } = message;
    const to = otherEnd(link, from);
    turn.out.push(tell(to, { action: 'signal', from: from.id, session, signal }));
  }
}

function refuse<Conn>(error: Ejection<Conn>): Result<never, Ejection<Conn>> {
  return { ok: false, error };
}

function badMessage<Conn>(conn: Conn, reason: string): Ejection<Conn> {
  return ejection(conn, 'bad-message', reason);
}

function ejection<Conn>(
  conn: Conn,
  error: NonNullable<Ejection<Conn>['error']>,
  reason: string,
): Ejection<Conn> {
  return { conn, error, code: CLOSE.protocolViolation, reason };
}
