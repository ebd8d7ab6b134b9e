import { type Kysely } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { type Database } from './schema.ts';

/** Who follows a channel. */
export class AudienceTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Who follows already does so since before. */
  async follow(channel: ChannelId, user: string, since: number): Promise<void> {
    await this.#db
      .insertInto('followers')
      .values({ channel, user_id: user, since })
      .onConflict((conflict) => conflict.columns(['channel', 'user_id']).doNothing())
      .execute();
  }

  async unfollow(channel: ChannelId, user: string): Promise<void> {
    await this.#db
      .deleteFrom('followers')
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .execute();
  }

  /** Since when somebody follows. */
  async follows(channel: ChannelId, user: string): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('followers')
      .select('since')
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .executeTakeFirst();
    return row?.since;
  }

  async followers(channel: ChannelId): Promise<number> {
    const { count } = await this.#db
      .selectFrom('followers')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('channel', '=', channel)
      .executeTakeFirstOrThrow();
    return count;
  }
}
