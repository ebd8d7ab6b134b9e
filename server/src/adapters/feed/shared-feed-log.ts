import { type Envelope } from '@shoal/protocol';
import {
  FEED_LIMITS,
  type FeedBus,
  type FeedBusHandlers,
  type FeedId,
  FeedLine,
  type FeedLog,
  type LineEffect,
  type LineInput,
  type Replay,
} from '../../core/index.ts';
import { Rounds } from '../rounds.ts';
import { feedKey } from './feed-key.ts';

/** The log that all processes have in common. Whoever subscribes to it is not told by others. */
export type CommonLog = FeedLog & {
  /** The newest numbers of these feeds; those that have none are left out. */
  readonly newest: (feeds: readonly FeedId[]) => Promise<readonly NewestOf[]>;
};

/** The newest number of a feed. */
export type NewestOf = { readonly feed: FeedId; readonly seq: number };

/** What the log works with. */
export type SharedFeedLogParts = {
  readonly log: CommonLog;
  /** Begins a bus that tells these. */
  readonly openBus: (handlers: FeedBusHandlers) => FeedBus;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

type Listener = {
  readonly event: (feed: FeedId, envelope: Envelope) => void;
  readonly lost: ((feed: FeedId, seq: number) => void) | undefined;
};

/** A feed, and where this process is in it. */
type Place = { readonly feed: FeedId; readonly line: FeedLine; timer?: NodeJS.Timeout };

/** Feeds that are compared in one query. */
const COMPARED = 500;

/**
 * The log of one of several processes: all of them append to one database, and tell each other over a bus. The bus makes it quick; what
 * it loses is found in the database (FEED-8, FEED-9).
 */
export class SharedFeedLog implements FeedLog {
  readonly #parts: SharedFeedLogParts;
  readonly #bus: FeedBus;
  readonly #listeners = new Set<Listener>();
  readonly #followed = new Map<string, Place>();
  /** Of feeds without readers, in the order in which they were last heard of. */
  readonly #idle = new Map<string, Place>();
  readonly #comparing: Rounds;
  #closed = false;

  constructor(parts: SharedFeedLogParts) {
    this.#parts = parts;
    this.#comparing = new Rounds({
      run: () => this.#compare(),
      ...{ everyMs: FEED_LIMITS.pollMs, onError: parts.onError },
    });
    this.#bus = parts.openBus({
      onEvent: (feed, envelope) => {
        this.#step(feed, { type: 'event', envelope });
      },
      onUp: () => {
        this.#comparing.wake();
      },
    });
  }

  async append(...args: Parameters<FeedLog['append']>): Promise<Envelope> {
    const envelope = await this.#parts.log.append(...args);
    const [feed] = args;
    // Also what another process appended before: it may have died before it told anybody.
    this.#bus.publish(feed, envelope);
    this.#step(feed, { type: 'event', envelope });
    return envelope;
  }

  after(feed: FeedId, seq: number): Promise<Replay> {
    return this.#parts.log.after(feed, seq);
  }

  async last(feed: FeedId): Promise<number> {
    const seq = await this.#parts.log.last(feed);
    this.#step(feed, { type: 'newest', seq });
    return seq;
  }

  subscribe(event: Listener['event'], lost?: Listener['lost']): () => void {
    const listener = { event, lost };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The feed has readers here until the answer is called: it is compared with the log again and again. */
  follow(feed: FeedId): () => void {
    const key = feedKey(feed);
    const place = this.#place(feed);
    this.#idle.delete(key);
    this.#followed.set(key, place);
    this.#step(feed, { type: 'followed' });
    return () => {
      if (this.#followed.get(key) !== place) return;
      this.#step(feed, { type: 'left' });
      this.#followed.delete(key);
      this.#keep(key, place);
    };
  }

  /** How many feeds it knows its place in: those with readers, and the others. */
  get places(): { readonly followed: number; readonly idle: number } {
    return { followed: this.#followed.size, idle: this.#idle.size };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#bus.close();
    await this.#comparing.close();
    for (const { timer } of [...this.#followed.values(), ...this.#idle.values()])
      clearTimeout(timer);
    await this.#parts.log.close();
    this.#listeners.clear();
  }

  async #compare(): Promise<void> {
    const all = [...this.#followed.values()].map(({ feed }) => feed);
    for (let i = 0; i < all.length; i += COMPARED)
      for (const { feed, seq } of await this.#parts.log.newest(all.slice(i, i + COMPARED)))
        if (this.#followed.has(feedKey(feed))) this.#step(feed, { type: 'newest', seq });
  }

  #step(feed: FeedId, input: LineInput): void {
    this.#stepAt(this.#place(feed), input);
  }

  #stepAt(place: Place, input: LineInput): void {
    if (this.#closed) return;
    for (const effect of place.line.step(input, this.#parts.now())) this.#do(place, effect);
  }

  /** An answer to a place that may have been forgotten meanwhile. */
  #answer(place: Place, input: LineInput): void {
    const key = feedKey(place.feed);
    if ((this.#followed.get(key) ?? this.#idle.get(key)) === place) this.#stepAt(place, input);
  }

  #do(place: Place, effect: LineEffect): void {
    const { feed } = place;
    switch (effect.type) {
      case 'tell':
        for (const { event } of this.#listeners)
          this.#tell(() => {
            event(feed, effect.envelope);
          });
        return;
      case 'lost':
        for (const { lost } of this.#listeners) this.#tell(() => lost?.(feed, effect.seq));
        return;
      case 'read':
        this.after(feed, effect.after).then(
          (replay) => {
            this.#answer(place, { type: 'read', replay });
          },
          (error: unknown) => {
            // A database that is closed cannot be read, which is no failure.
            if (this.#closed) return;
            this.#parts.onError(error);
            this.#answer(place, { type: 'unread' });
          },
        );
        return;
      case 'ask':
        this.last(feed).catch(this.#parts.onError);
        return;
      case 'wait':
        clearTimeout(place.timer);
        place.timer = setTimeout(
          () => {
            this.#answer(place, { type: 'tick' });
          },
          Math.max(0, effect.until - this.#parts.now()),
        ).unref();
    }
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  #place(feed: FeedId): Place {
    const key = feedKey(feed);
    const followed = this.#followed.get(key);
    if (followed !== undefined) return followed;
    const place = this.#idle.get(key) ?? { feed, line: new FeedLine() };
    this.#idle.delete(key);
    this.#keep(key, place);
    return place;
  }

  #keep(key: string, place: Place): void {
    this.#idle.set(key, place);
    if (this.#idle.size <= FEED_LIMITS.idleLines) return;
    const [oldest] = this.#idle.entries();
    if (oldest === undefined) return;
    clearTimeout(oldest[1].timer);
    this.#idle.delete(oldest[0]);
  }
}
