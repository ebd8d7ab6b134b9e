import { type Kysely, type Selectable, sql } from 'kysely';
import { type Envelope, type StreamerEvent } from '@shoal/protocol';
import { type FeedId, MONEY_LIMITS } from '../../core/index.ts';
import { below, cursorOf, type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** An alert as it is kept until some time after it was acknowledged. */
export type OutboxRow = Selectable<Database['outbox']>;

/** Alerts for streamers. They are put here together with what they tell of, and stay until they are acknowledged (FEED-6). */
export class OutboxTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Alerts that have no number in their feed yet, oldest first. */
  unsent(limit: number): Promise<OutboxRow[]> {
    return this.#db
      .selectFrom('outbox')
      .selectAll()
      .where('seq', 'is', null)
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async sent(id: string, seq: number): Promise<void> {
    await this.#db.updateTable('outbox').set({ seq }).where('id', '=', id).execute();
  }

  /** What was sent to the streamer's feed and is not acknowledged, as it was sent, in that order. */
  async waiting({ channel }: FeedId): Promise<readonly Envelope[]> {
    const rows = await this.#db
      .selectFrom('outbox')
      .selectAll()
      .where('channel', '=', channel)
      .where('acknowledged_at', 'is', null)
      .where('seq', 'is not', null)
      .orderBy('seq')
      .limit(MONEY_LIMITS.outbox)
      .execute();
    return rows.map((row) => ({
      ...eventOf(row),
      ...{ id: row.id, version: 1, at: row.created_at, channel, seq: row.seq ?? 0 },
    }));
  }

  /** Not acknowledged, newest first. */
  async list(channel: string, { limit, cursor }: Page): Promise<Paged<OutboxRow>> {
    const rows = await this.#db
      .selectFrom('outbox')
      .selectAll()
      .where('channel', '=', channel)
      .where('acknowledged_at', 'is', null)
      .where(below(cursor))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, cursorOf);
  }

  /** False when the channel has no such alert; a second time is no error. */
  async acknowledge(channel: string, id: string, now: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('outbox')
      .set(({ fn }) => ({ acknowledged_at: fn.coalesce('acknowledged_at', sql.val(now)) }))
      .where('channel', '=', channel)
      .where('id', '=', id)
      .executeTakeFirst();
    return numUpdatedRows > 0;
  }

  /** Deletes what was acknowledged, and sent, before this time. */
  async deleteAcknowledged(before: number): Promise<void> {
    await this.#db
      .deleteFrom('outbox')
      .where('acknowledged_at', '<', before)
      .where('seq', 'is not', null)
      .execute();
  }
}

/** Puts an alert into the outbox, in a transaction of whoever has something to tell. The oldest goes where there are too many. */
export async function putInOutbox(
  db: Kysely<Database>,
  of: {
    readonly id: string;
    readonly channel: string;
    readonly event: StreamerEvent;
    readonly at: number;
  },
): Promise<void> {
  const { id, channel, event, at } = of;
  await db
    .insertInto('outbox')
    .values({
      ...{ id, channel, event: JSON.stringify(event), created_at: at },
      ...{ seq: null, acknowledged_at: null },
    })
    .execute();
  const beyond = await db
    .selectFrom('outbox')
    .select(['id', 'created_at'])
    .where('channel', '=', channel)
    .where('acknowledged_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .offset(MONEY_LIMITS.outbox)
    .limit(1)
    .executeTakeFirst();
  if (beyond === undefined) return;
  await db
    .deleteFrom('outbox')
    .where('channel', '=', channel)
    .where('acknowledged_at', 'is', null)
    .where(sql<boolean>`(created_at, id) <= (${beyond.created_at}, ${beyond.id})`)
    .execute();
}

/** What was written by {@link putInOutbox}. */
export function eventOf(row: OutboxRow): StreamerEvent {
  return JSON.parse(row.event) as StreamerEvent;
}
