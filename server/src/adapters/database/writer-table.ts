import { type Kysely } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { type Database } from './schema.ts';

/** A writer in a channel. */
type WriterId = { readonly channel: ChannelId; readonly user: string };

/** What is remembered of a writer. */
export type KnownWriter = {
  /** When they wrote lately, Unix milliseconds, the oldest first. */
  readonly times: readonly number[];
  readonly version: number;
};

/** When viewers wrote lately in which channel, in one place for all processes. */
export class WriterTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find({ channel, user }: WriterId): Promise<KnownWriter | undefined> {
    const row = await this.#db
      .selectFrom('chat_writers')
      .select(['times', 'version'])
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .executeTakeFirst();
    return row && { times: JSON.parse(row.times) as number[], version: row.version }; // written by `put`
  }

  /** Remembers when they wrote; false where something else is remembered than this version, or than nothing. */
  async put(
    { channel, user }: WriterId,
    times: readonly number[],
    version: number | undefined,
  ): Promise<boolean> {
    const change = { times: JSON.stringify(times), last_at: times.at(-1) ?? 0 };
    if (version === undefined) {
      const { numInsertedOrUpdatedRows = 0n } = await this.#db
        .insertInto('chat_writers')
        .values({ channel, user_id: user, ...change, version: 1 })
        .onConflict((conflict) => conflict.columns(['channel', 'user_id']).doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    }
    const { numUpdatedRows } = await this.#db
      .updateTable('chat_writers')
      .set({ ...change, version: version + 1 })
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .where('version', '=', version)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Forgets those who last wrote before this time. */
  async deleteBefore(time: number): Promise<void> {
    await this.#db.deleteFrom('chat_writers').where('last_at', '<', time).execute();
  }
}
