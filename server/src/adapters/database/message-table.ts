import { type Kysely, type Selectable, sql } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** A message as it is kept. */
export type MessageRow = Selectable<Database['chat_messages']>;

/** Who deletes, and when. */
export type Deletion = { readonly by: string; readonly at: number };

/** Messages of chats. Those that viewers are still to be told of are marked. */
export class MessageTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async insert(row: MessageRow): Promise<void> {
    await this.#db.insertInto('chat_messages').values(row).execute();
  }

  find(channel: ChannelId, id: string): Promise<MessageRow | undefined> {
    return this.#db
      .selectFrom('chat_messages')
      .selectAll()
      .where('id', '=', id)
      .where('channel', '=', channel)
      .executeTakeFirst();
  }

  /** Those that viewers were told, the last first. */
  async list(channel: ChannelId, { cursor, limit }: Page): Promise<Paged<MessageRow>> {
    const rows = await this.#db
      .selectFrom('chat_messages')
      .selectAll()
      .where('channel', '=', channel)
      .where('seq', '<', cursor?.at ?? Number.MAX_SAFE_INTEGER)
      .orderBy('seq', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, ({ seq, id }) => ({ at: seq ?? 0, id }));
  }

  /** Those of which viewers are to be told yet, the oldest first. */
  untold(of: { readonly channel?: ChannelId; readonly limit: number }): Promise<MessageRow[]> {
    const query = this.#db.selectFrom('chat_messages').selectAll().where('untold', '=', 1);
    const { channel, limit } = of;
    return (channel === undefined ? query : query.where('channel', '=', channel))
      .orderBy('at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  /** Puts it where viewers were told it. Told it is, unless it was deleted meanwhile. */
  place(id: string, seq: number): Promise<MessageRow | undefined> {
    return this.#db
      .updateTable('chat_messages')
      .set({ seq, untold: sql<number>`case when deleted_at is null then 0 else 1 end` })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  /** Viewers know all there is to know of it. */
  async settle(id: string): Promise<void> {
    await this.#db.updateTable('chat_messages').set({ untold: 0 }).where('id', '=', id).execute();
  }

  /** Marks it as deleted; undefined when it is so already or not there. */
  delete(channel: ChannelId, id: string, { by, at }: Deletion): Promise<MessageRow | undefined> {
    return this.#db
      .updateTable('chat_messages')
      .set({ deleted_at: at, deleted_by: by, untold: 1 })
      .where('id', '=', id)
      .where('channel', '=', channel)
      .where('deleted_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
  }

  /** Marks the last messages of somebody as deleted. */
  async deleteLast(
    of: { readonly channel: ChannelId; readonly author: string; readonly limit: number },
    { by, at }: Deletion,
  ): Promise<MessageRow[]> {
    const { channel, author, limit } = of;
    const rows = await this.#db
      .updateTable('chat_messages')
      .set({ deleted_at: at, deleted_by: by, untold: 1 })
      .where('deleted_at', 'is', null)
      .where('id', 'in', (sub) =>
        sub
          .selectFrom('chat_messages')
          .select('id')
          .where('channel', '=', channel)
          .where('author_id', '=', author)
          .where('deleted_at', 'is', null)
          .orderBy('at', 'desc')
          .limit(limit),
      )
      .returningAll()
      .execute();
    return rows.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity));
  }

  /** Deletes all but the last so many of a channel. */
  async trim(channel: ChannelId, keep: number): Promise<void> {
    await this.#db
      .deleteFrom('chat_messages')
      .where('channel', '=', channel)
      .where('untold', '=', 0)
      .where('seq', '<=', (sub) =>
        sub
          .selectFrom('chat_messages')
          .select('seq')
          .where('channel', '=', channel)
          .where('seq', 'is not', null)
          .orderBy('seq', 'desc')
          .limit(1)
          .offset(keep),
      )
      .execute();
  }
}
