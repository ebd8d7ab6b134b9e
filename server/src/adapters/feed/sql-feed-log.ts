import { type Kysely } from 'kysely';
import { type Envelope } from '@shoal/protocol';
import { FEED_LIMITS, type FeedId, type Replay } from '../../core/index.ts';
import { type Database } from '../database/schema.ts';
import { feedKey } from './feed-key.ts';
import { type CommonLog, type NewestOf } from './shared-feed-log.ts';

type Listener = (feed: FeedId, envelope: Envelope) => void;

/** Every so many events of a feed the oldest are deleted. */
const TRIM_EVERY = 256;
/** Events that are appended in one go. */
const TOGETHER = 64;

/** An append that is to be made. */
type Waiting = {
  readonly id: string;
  readonly make: (seq: number) => Envelope;
  readonly resolve: (envelope: Envelope) => void;
  readonly reject: (error: unknown) => void;
};

/** Appends of one feed, and how they are made one after the other. */
type Line = { readonly waiting: Waiting[]; running: Promise<void> };

/**
 * The log of one process: events are in the database before anybody is told of them, so that a number that was seen is never given
 * again. Appends of a feed are made one after the other.
 */
export class SqlFeedLog implements CommonLog {
  readonly #db: Kysely<Database>;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<Listener>();
  /** Of feeds that have appends under way. */
  readonly #lines = new Map<string, Line>();

  constructor(db: Kysely<Database>, onError: (error: unknown) => void) {
    this.#db = db;
    this.#onError = onError;
  }

  append(...[feed, event, { at, id }]: Parameters<CommonLog['append']>): Promise<Envelope> {
    const make = (seq: number): Envelope => ({
      ...event,
      ...{ id, version: 1, at, channel: feed.channel, seq },
    });
    return new Promise((resolve, reject) => {
      const key = feedKey(feed);
      const append = { id, make, resolve, reject };
      const line = this.#lines.get(key);
      if (line !== undefined) {
        line.waiting.push(append);
        return;
      }
      const begun: Line = { waiting: [append], running: Promise.resolve() };
      this.#lines.set(key, begun);
      begun.running = this.#run(feed, begun.waiting);
    });
  }

  async after({ channel, audience }: FeedId, seq: number): Promise<Replay> {
    const last = await this.last({ channel, audience });
    if (seq > last) return { type: 'resync', seq: last };
    const rows = await this.#db
      .selectFrom('feed_events')
      .select(['seq', 'envelope'])
      .where('channel', '=', channel)
      .where('audience', '=', audience)
      .where('seq', '>', seq)
      .where('seq', '<=', last)
      .orderBy('seq')
      .limit(FEED_LIMITS.kept + 1)
      .execute();
    const first = rows[0]?.seq ?? last + 1;
    if (first > seq + 1 || rows.length > FEED_LIMITS.kept) return { type: 'resync', seq: last };
    return { type: 'events', events: rows.map(({ envelope }) => read(envelope)) };
  }

  async last({ channel, audience }: FeedId): Promise<number> {
    const row = await this.#db
      .selectFrom('feeds')
      .select('seq')
      .where('channel', '=', channel)
      .where('audience', '=', audience)
      .executeTakeFirst();
    return row?.seq ?? 0;
  }

  async newest(feeds: readonly FeedId[]): Promise<readonly NewestOf[]> {
    if (feeds.length === 0) return [];
    const asked = new Map(feeds.map((feed) => [feedKey(feed), feed]));
    const rows = await this.#db
      .selectFrom('feeds')
      .selectAll()
      .where(
        'channel',
        'in',
        feeds.map(({ channel }) => channel),
      )
      .execute();
    return rows.flatMap(({ channel, audience, seq }) => {
      const feed = asked.get(`${audience}/${channel}`);
      return feed === undefined ? [] : [{ feed, seq }];
    });
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ running }) => running));
    this.#listeners.clear();
  }

  async #find({ channel, audience }: FeedId, id: string): Promise<Envelope | undefined> {
    const row = await this.#db
      .selectFrom('feed_events')
      .select('envelope')
      .where('channel', '=', channel)
      .where('audience', '=', audience)
      .where('id', '=', id)
      .executeTakeFirst();
    return row && read(row.envelope);
  }

  async #run(feed: FeedId, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) await this.#appendAll(feed, waiting.splice(0, TOGETHER));
    // At once, so that whoever comes next begins a line of its own.
    this.#lines.delete(feedKey(feed));
  }

  async #appendAll(feed: FeedId, appends: readonly Waiting[]): Promise<void> {
    let envelopes: readonly Envelope[];
    try {
      envelopes = await this.#insert(feed, appends);
    } catch (error) {
      const [first, ...others] = appends;
      if (others.length > 0) for (const each of appends) await this.#appendAll(feed, [each]);
      else if (first !== undefined) await this.#settle(feed, first, error);
      return;
    }
    for (const [i, envelope] of envelopes.entries()) {
      for (const listener of this.#listeners) this.#tell(listener, feed, envelope);
      appends[i]?.resolve(envelope);
    }
  }

  /** What is there already cannot be inserted: then whoever did that also tells. */
  async #settle(feed: FeedId, { id, resolve, reject }: Waiting, error: unknown): Promise<void> {
    try {
      const known = await this.#find(feed, id);
      if (known === undefined) reject(error);
      else resolve(known);
    } catch (unreadable) {
      reject(unreadable);
    }
  }

  #insert({ channel, audience }: FeedId, appends: readonly Waiting[]): Promise<Envelope[]> {
    const count = appends.length;
    return this.#db.transaction().execute(async (db) => {
      const { seq: last } = await db
        .insertInto('feeds')
        .values({ channel, audience, seq: count })
        .onConflict((conflict) =>
          conflict
            .columns(['channel', 'audience'])
            .doUpdateSet((set) => ({ seq: set('feeds.seq', '+', count) })),
        )
        .returning('seq')
        .executeTakeFirstOrThrow();
      const before = last - count;
      const envelopes = appends.map(({ make }, i) => make(before + i + 1));
      await db
        .insertInto('feed_events')
        .values(
          envelopes.map((envelope) => ({
            ...{ channel, audience, seq: envelope.seq, id: envelope.id },
            envelope: JSON.stringify(envelope),
          })),
        )
        .execute();
      if (Math.floor(last / TRIM_EVERY) > Math.floor(before / TRIM_EVERY))
        await db
          .deleteFrom('feed_events')
          .where('channel', '=', channel)
          .where('audience', '=', audience)
          .where('seq', '<=', last - FEED_LIMITS.kept)
          .execute();
      return envelopes;
    });
  }

  #tell(listener: Listener, feed: FeedId, envelope: Envelope): void {
    try {
      listener(feed, envelope);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** What was written here. */
function read(text: string): Envelope {
  return JSON.parse(text) as Envelope;
}
