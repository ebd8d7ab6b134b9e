import { type Kysely, type Selectable, type Updateable } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { DEFAULT_CHAT_SETTINGS } from '../../core/index.ts';
import { type Database } from './schema.ts';
import { below, cursorOf, type Page, type Paged, pageOf } from './page.ts';

/** A channel as it is kept. */
export type ChannelRow = Selectable<Database['channels']>;

/** A channel as it is made. */
export function newChannel(
  of: { readonly id: string } & Partial<
    Pick<ChannelRow, 'title' | 'category' | 'owner' | 'thumbnail'> & {
      readonly tags: readonly string[];
    }
  >,
  at: number,
): ChannelRow {
  const { id, title = '', category = '', owner = null, tags = [] } = of;
  const { thumbnail = null } = of;
  return {
    ...{ id, title, category, tags: JSON.stringify(tags), owner, thumbnail },
    chat_mode: DEFAULT_CHAT_SETTINGS.mode,
    chat_slow_seconds: DEFAULT_CHAT_SETTINGS.slowModeSeconds,
    chat_blocked_words: JSON.stringify(DEFAULT_CHAT_SETTINGS.blockedWords),
    ...{ version: 1, created_at: at, updated_at: at },
  };
}

/** Somebody who moderates. */
export type ModeratorRow = Selectable<Database['moderators']>;

/** Channels, and who has which role in them. */
export class ChannelTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  find(id: ChannelId): Promise<ChannelRow | undefined> {
    return this.#db.selectFrom('channels').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** False when there is one of this id. */
  async insert(row: ChannelRow): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await this.#db
      .insertInto('channels')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0;
  }

  /** Changes the channel if it still is of this version; the new row, or undefined. */
  update(
    id: ChannelId,
    change: Omit<Updateable<Database['channels']>, 'id' | 'version'>,
    version: number,
  ): Promise<ChannelRow | undefined> {
    return this.#db
      .updateTable('channels')
      .set({ ...change, version: version + 1 })
      .where('id', '=', id)
      .where('version', '=', version)
      .returningAll()
      .executeTakeFirst();
  }

  /** Newest first. */
  async list(page: Page): Promise<Paged<ChannelRow>> {
    const { cursor, limit } = page;
    const rows = await this.#db
      .selectFrom('channels')
      .selectAll()
      .where(below(cursor))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, cursorOf);
  }

  async moderates(channel: ChannelId, user: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('moderators')
      .select('user_id')
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .executeTakeFirst();
    return row !== undefined;
  }

  moderators(channel: ChannelId): Promise<ModeratorRow[]> {
    return this.#db
      .selectFrom('moderators')
      .selectAll()
      .where('channel', '=', channel)
      .orderBy('added_at')
      .execute();
  }

  /** Adds a moderator; one that is there stays as it was. */
  async addModerator(row: ModeratorRow): Promise<void> {
    await this.#db
      .insertInto('moderators')
      .values(row)
      .onConflict((conflict) => conflict.columns(['channel', 'user_id']).doNothing())
      .execute();
  }

  async removeModerator(channel: ChannelId, user: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('moderators')
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .executeTakeFirst();
    return numDeletedRows > 0;
  }
}
