import { type Kysely, type Selectable } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** A ban or time-out as it is kept. */
export type BanRow = Selectable<Database['bans']>;

/** Bans and time-outs, of which each viewer of a channel has one at most. */
export class BanTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Sets or replaces it. Who is banned moderates no longer. */
  async put(row: BanRow): Promise<void> {
    const { channel, user_id, until, reason, by, at } = row;
    await this.#db.transaction().execute(async (db) => {
      await db
        .insertInto('bans')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['channel', 'user_id']).doUpdateSet({ until, reason, by, at }),
        )
        .execute();
      await db
        .deleteFrom('moderators')
        .where('channel', '=', channel)
        .where('user_id', '=', user_id)
        .execute();
    });
  }

  /** The one that holds now. */
  find(channel: ChannelId, user: string, now: number): Promise<BanRow | undefined> {
    return this.#db
      .selectFrom('bans')
      .selectAll()
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', now)]))
      .executeTakeFirst();
  }

  /** Those that hold now, newest first. */
  async list(channel: ChannelId, page: Page, now: number): Promise<Paged<BanRow>> {
    const { cursor, limit } = page;
    const query = this.#db
      .selectFrom('bans')
      .selectAll()
      .where('channel', '=', channel)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', now)]));
    const rows = await (
      cursor === undefined
        ? query
        : query.where((where) =>
            where.or([
              where('at', '<', cursor.at),
              where.and([where('at', '=', cursor.at), where('user_id', '<', cursor.id)]),
            ]),
          )
    )
      .orderBy('at', 'desc')
      .orderBy('user_id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, ({ at, user_id }) => ({ at, id: user_id }));
  }

  /** How many there are, with those that are over and not yet deleted. */
  async count(channel: ChannelId): Promise<number> {
    const { count } = await this.#db
      .selectFrom('bans')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('channel', '=', channel)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** False when there is none that holds. */
  async remove(channel: ChannelId, user: string, now: number): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('bans')
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', now)]))
      .executeTakeFirst();
    return numDeletedRows > 0;
  }

  /** Deletes time-outs that were over before this time. */
  async deleteExpired(before: number): Promise<void> {
    await this.#db.deleteFrom('bans').where('until', '<', before).execute();
  }
}
