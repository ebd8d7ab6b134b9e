import { type ChannelId, CLOSE, type TrackerErrorCode } from '@shoal/protocol';
import { DueSet } from './due-set.ts';
import type { Ejection, Grant } from './effect.ts';
import type { TrackerLimits } from './limits.ts';

type Refusal = {
  readonly error: TrackerErrorCode;
  readonly code: number;
  readonly reason: string;
};

/** A connection's right, and how far its renewal has got. */
type Right<Conn> = {
  readonly conn: Conn;
  grant: Grant;
  /** False for stock clients, which cannot renew: theirs lasts as long as a session of theirs may. */
  renews: boolean;
  state: 'valid' | 'asked' | 'checking';
};

/** What has come due: whom to ask for a fresh token, and who must go. */
export type AccessNews<Conn> = {
  readonly ask: readonly Conn[];
  readonly late: readonly Ejection<Conn>[];
};

/** Who may be here: tokens and their expiry, revocations, and channels whose P2P is switched off (TRK-22 to TRK-25). */
export class Access<Conn> {
  readonly #rights = new Map<Conn, Right<Conn>>();
  readonly #ofViewer = new Map<string, Set<Conn>>();
  readonly #due = new DueSet<Right<Conn>>();
  /** Until when; the oldest is forgotten first. */
  readonly #revoked = new Map<string, number>();
  readonly #off = new Set<ChannelId>();
  readonly #limits: TrackerLimits;

  constructor(limits: TrackerLimits) {
    this.#limits = limits;
  }

  /** Takes in the right of a new connection, or says why it may not stay. */
  admit(conn: Conn, grant: Grant, now: number): Refusal | undefined {
    const refusal = this.#whyNot(grant, now);
    if (refusal !== undefined) return refusal;
    const key = viewerKey(grant);
    const others = this.#ofViewer.get(key) ?? new Set();
    if (others.size >= this.#limits.connectionsPerViewer)
      return {
        error: 'too-many-connections',
        code: CLOSE.overload,
        reason: 'too many connections of one viewer',
      };
    this.#ofViewer.set(key, others.add(conn));
    const right: Right<Conn> = { conn, grant, renews: true, state: 'valid' };
    this.#rights.set(conn, right);
    this.#schedule(right, now);
    return undefined;
  }

  /** Why a connection may not join or announce in a channel. */
  refusal(conn: Conn, channel: ChannelId | undefined): Refusal | undefined {
    const right = this.#rights.get(conn);
    if (right !== undefined && right.grant.channel !== channel)
      return { ...UNAUTHORIZED, reason: 'the token is for another channel' };
    return channel !== undefined && this.#off.has(channel) ? P2P_OFF : undefined;
  }

  /** The channel of a connection's token; undefined where there are no tokens. */
  channelOf(conn: Conn): ChannelId | undefined {
    return this.#rights.get(conn)?.grant.channel;
  }

  /** A connection turned out to speak the WebTorrent dialect, whose clients cannot renew. */
  keepForSession(conn: Conn, now: number): void {
    const right = this.#rights.get(conn);
    if (right === undefined) return;
    right.renews = false;
    this.#due.schedule(right, now + this.#limits.stockSessionMs, now);
  }

  /** True when a token that a viewer sent is to be checked: one at a time, and only where there are tokens. */
  beginCheck(conn: Conn): boolean {
    const right = this.#rights.get(conn);
    if (right === undefined || right.state === 'checking') return false;
    right.state = 'checking';
    return true;
  }

  /** Takes in what a token that was checked came to; undefined: it did not verify. */
  renew(conn: Conn, grant: Grant | undefined, now: number): Refusal | undefined {
    const right = this.#rights.get(conn);
    if (right === undefined) return undefined;
    if (grant === undefined) return { ...UNAUTHORIZED, reason: 'the token does not verify' };
    if (viewerKey(grant) !== viewerKey(right.grant))
      return { ...UNAUTHORIZED, reason: 'the token is for another channel or viewer' };
    const refusal = this.#whyNot(grant, now);
    if (refusal !== undefined) return refusal;
    right.grant = grant;
    right.state = 'valid';
    this.#schedule(right, now);
    return undefined;
  }

  /** Takes a viewer's right to a channel back; its connections must go (TRK-24). */
  revoke(of: Pick<Grant, 'channel' | 'viewer'>, now: number): readonly Ejection<Conn>[] {
    const key = viewerKey(of);
    this.#revoked.delete(key);
    if (this.#revoked.size >= this.#limits.revocations) {
      const oldest = this.#revoked.keys().next().value;
      if (oldest !== undefined) this.#revoked.delete(oldest);
    }
    this.#revoked.set(key, now + this.#limits.revokedMs);
    return [...(this.#ofViewer.get(key) ?? [])].map((conn) => ({ conn, ...REVOKED }));
  }

  /** Switches the P2P of a channel; false when too many are off already. */
  setP2p(channel: ChannelId, enabled: boolean): boolean {
    if (enabled) this.#off.delete(channel);
    else if (!this.#off.has(channel) && this.#off.size >= this.#limits.channelsOff) return false;
    else this.#off.add(channel);
    return true;
  }

  p2p(channel: ChannelId): boolean {
    return !this.#off.has(channel);
  }

  forget(conn: Conn): void {
    const right = this.#rights.get(conn);
    if (right === undefined) return;
    this.#rights.delete(conn);
    this.#due.delete(right);
    const key = viewerKey(right.grant);
    const others = this.#ofViewer.get(key);
    others?.delete(conn);
    if (others?.size === 0) this.#ofViewer.delete(key);
  }

  /** What has come due by now. */
  due(now: number): AccessNews<Conn> {
    const ask: Conn[] = [];
    const late: Ejection<Conn>[] = [];
    for (const right of this.#due.take(now)) {
      const { conn, grant, renews, state } = right;
      if (renews && state === 'valid') {
        right.state = 'asked';
        ask.push(conn);
        this.#due.schedule(right, grant.expiresAt, now);
      } else late.push({ conn, ...EXPIRED });
    }
    return { ask, late };
  }

  #whyNot(grant: Grant, now: number): Refusal | undefined {
    const until = this.#revoked.get(viewerKey(grant));
    if (until !== undefined && now < until) return REVOKED;
    if (until !== undefined) this.#revoked.delete(viewerKey(grant));
    return grant.expiresAt <= now ? EXPIRED : undefined;
  }

  /** Asked for anew a minute before the end, and of a short one not before half of it is over. */
  #schedule(right: Right<Conn>, now: number): void {
    const left = right.grant.expiresAt - now;
    const wait = Math.max(left - this.#limits.renewAheadMs, left / 2);
    this.#due.schedule(right, now + wait, now);
  }
}

const UNAUTHORIZED = { error: 'unauthorized', code: CLOSE.unauthorized } as const;
const EXPIRED: Refusal = {
  error: 'token-expired',
  code: CLOSE.unauthorized,
  reason: 'the token has expired',
};
const REVOKED: Refusal = { error: 'revoked', code: CLOSE.unauthorized, reason: 'revoked' };
/** Also told to those who are there when it is switched off. */
export const P2P_OFF: Refusal = {
  error: 'p2p-off',
  code: CLOSE.refused,
  reason: 'P2P is switched off for this channel',
};

/** No channel id contains a space (SEG-1). */
function viewerKey({ channel, viewer }: Pick<Grant, 'channel' | 'viewer'>): string {
  return `${channel} ${viewer}`;
}
