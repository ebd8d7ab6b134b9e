import { type Kysely, type Selectable } from 'kysely';
import { below, cursorOf, type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** A donation as it is kept. */
export type DonationRow = Selectable<Database['donations']>;

/** Donations, paid or not. */
export class DonationTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  find(channel: string, id: string): Promise<DonationRow | undefined> {
    return this.#db
      .selectFrom('donations')
      .selectAll()
      .where('channel', '=', channel)
      .where('id', '=', id)
      .executeTakeFirst();
  }

  /** Those in one state, newest first. */
  async list(channel: string, state: string, { limit, cursor }: Page): Promise<Paged<DonationRow>> {
    const rows = await this.#db
      .selectFrom('donations')
      .selectAll()
      .where('channel', '=', channel)
      .where('state', '=', state)
      .where(below(cursor))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, cursorOf);
  }
}
