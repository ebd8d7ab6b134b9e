import { type Kysely } from 'kysely';
import { type Envelope } from '@shoal/protocol';
import { FEED_LIMITS, type FeedId, type Replay } from '../../core/index.ts';
import { type Database } from '../database/schema.ts';
import { feedKey } from './feed-key.ts';
import { type CommonLog, type NewestOf } from './shared-feed-log.ts';

type Listener = (feed: FeedId, envelope: Envelope) => void;

/** Every so many events of a feed the oldest are deleted. */
const TRIM_EVERY = 256;

/**
 * The log of one process: events are in the database before anybody is told of them, so that a number that was seen is never given
 * again. Appends of a feed are made one after the other.
 */
export class SqlFeedLog implements CommonLog {
  readonly #db: Kysely<Database>;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<Listener>();
  /** The last append of each feed that has any under way. */
  readonly #lines = new Map<string, Promise<unknown>>();

  constructor(db: Kysely<Database>, onError: (error: unknown) => void) {
    this.#db = db;
    this.#onError = onError;
  }

  append(...[feed, event, { at, id }]: Parameters<CommonLog['append']>): Promise<Envelope> {
    const key = feedKey(feed);
    const appended = (this.#lines.get(key) ?? Promise.resolve()).then(async () => {
      let envelope: Envelope;
      try {
        envelope = await this.#insert(feed, (seq) => ({
          ...event,
          ...{ id, version: 1, at, channel: feed.channel, seq },
        }));
      } catch (error) {
        // What is there already cannot be inserted: then whoever did that also tells.
        const known = await this.#find(feed, id);
        if (known === undefined) throw error;
        return known;
      }
      for (const listener of this.#listeners) this.#tell(listener, feed, envelope);
      return envelope;
    });
    const settled = appended
      .catch(() => undefined)
      .finally(() => {
        if (this.#lines.get(key) === settled) this.#lines.delete(key);
      });
    this.#lines.set(key, settled);
    return appended;
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
    await Promise.all(this.#lines.values());
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

  #insert({ channel, audience }: FeedId, make: (seq: number) => Envelope): Promise<Envelope> {
    return this.#db.transaction().execute(async (db) => {
      const { seq } = await db
        .insertInto('feeds')
        .values({ channel, audience, seq: 1 })
        .onConflict((conflict) =>
          conflict
            .columns(['channel', 'audience'])
            .doUpdateSet((set) => ({ seq: set('feeds.seq', '+', 1) })),
        )
        .returning('seq')
        .executeTakeFirstOrThrow();
      const envelope = make(seq);
      const { id } = envelope;
      await db
        .insertInto('feed_events')
        .values({ channel, audience, seq, id, envelope: JSON.stringify(envelope) })
        .execute();
      if (seq % TRIM_EVERY === 0)
        await db
          .deleteFrom('feed_events')
          .where('channel', '=', channel)
          .where('audience', '=', audience)
          .where('seq', '<=', seq - FEED_LIMITS.kept)
          .execute();
      return envelope;
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
