import {
  type BadReport,
  type ChannelId,
  type ClientMessage,
  type ClientUpdate,
  LIMITS,
  type PeerId,
  PROTOCOL_VERSION,
  type RenditionId,
} from '@shoal/protocol';
import { ENGINE } from './limits.ts';

/** What an update says of the viewer itself. */
export type Standing = {
  readonly rendition: RenditionId;
  readonly epoch: number;
  readonly lo: number;
  readonly hi: number;
  readonly next: number;
  readonly also: readonly RenditionId[];
  readonly neighbours: number;
  readonly want: number;
};

/** The viewer's side of the tracker dialogue: join, then an update whenever there is news, not too often. */
export class TrackerSession {
  state: 'off' | 'connecting' | 'joining' | 'joined' = 'off';
  /** What the tracker calls this viewer. */
  self: PeerId | undefined;
  /** Viewers of the channel as last heard. */
  viewers: number | undefined;
  /** When the tracker last announced a segment. */
  announcedAt: number | undefined;
  joinedAt: number | undefined;
  /** When it is to be asked for an update again. */
  lookAt = 0;

  readonly #key: string | undefined;
  #shares: boolean;
  #intervalMs = 10_000;
  #sentAt = -Infinity;
  #sent: Standing | undefined;
  #news = false;
  #received = new Map<PeerId, number>();
  #bad = new Map<PeerId, BadReport>();

  constructor(options: { readonly shares: boolean; readonly key?: string }) {
    this.#shares = options.shares;
    this.#key = options.key;
  }

  /** Told to the tracker with the next update, which is made soon. */
  setShares(shares: boolean): void {
    this.#shares = shares;
    this.#hasNews();
  }

  join(channel: ChannelId): ClientMessage {
    this.state = 'joining';
    const key = this.#key === undefined ? {} : { key: this.#key };
    return { action: 'join', version: PROTOCOL_VERSION, channel, shares: this.#shares, ...key };
  }

  welcomed(
    message: {
      readonly peer: PeerId;
      readonly updateIntervalMs: number;
      readonly viewers: number;
    },
    now: number,
  ): void {
    this.state = 'joined';
    this.self = message.peer;
    this.viewers = message.viewers;
    this.joinedAt = now;
    this.#intervalMs = Math.max(message.updateIntervalMs, ENGINE.updateGapMs);
    this.lookAt = now;
    this.#news = true;
  }

  /** The socket is gone; the mesh stays. */
  lost(): void {
    if (this.state !== 'off') this.state = 'connecting';
    this.announcedAt = undefined;
  }

  received(peer: PeerId, bytes: number): void {
    const total = (this.#received.get(peer) ?? 0) + bytes;
    if (this.#received.size < LIMITS.reportsPerUpdate || this.#received.has(peer))
      this.#received.set(peer, total);
  }

  bad(report: BadReport): void {
    this.#hasNews();
    if (this.#bad.size < LIMITS.reportsPerUpdate) this.#bad.set(report.peer, report);
  }

  /** The update to send now, if there is news or the interval has passed. */
  update(standing: Standing, now: number): ClientUpdate | undefined {
    if (this.state !== 'joined' || now < this.lookAt) return undefined;
    const news = this.#news || this.#sent === undefined || !isSame(standing, this.#sent);
    if (!news && now < this.#sentAt + this.#intervalMs) {
      this.lookAt = Math.min(now + ENGINE.standingMs, this.#sentAt + this.#intervalMs);
      return undefined;
    }
    const update: ClientUpdate = {
      action: 'update',
      ...standing,
      shares: this.#shares,
      received: [...this.#received].map(([peer, bytes]) => ({ peer, bytes })),
      bad: [...this.#bad.values()],
    };
    this.#sentAt = now;
    this.lookAt = now + ENGINE.updateGapMs;
    this.#sent = standing;
    this.#news = false;
    this.#received = new Map();
    this.#bad = new Map();
    return update;
  }

  #hasNews(): void {
    this.#news = true;
    this.lookAt = Math.min(this.lookAt, this.#sentAt + ENGINE.updateGapMs);
  }
}

function isSame(a: Standing, b: Standing): boolean {
  return (
    a.rendition === b.rendition &&
    a.epoch === b.epoch &&
    a.lo === b.lo &&
    a.hi === b.hi &&
    a.next === b.next &&
    a.also.join() === b.also.join() &&
    a.neighbours === b.neighbours &&
    a.want === b.want
  );
}
