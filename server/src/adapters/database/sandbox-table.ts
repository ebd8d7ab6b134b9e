import { type Kysely, type Selectable } from 'kysely';
import { type Database } from './schema.ts';

/** What the sandbox knows of a payment. */
export type SandboxRow = Selectable<Database['sandbox_payments']>;

/** Payments of the sandbox. */
export class SandboxTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** The payment of this id: that which was there, or this one. */
  async insert(row: SandboxRow): Promise<SandboxRow> {
    await this.#db
      .insertInto('sandbox_payments')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    return (await this.find(row.id)) ?? row;
  }

  find(id: string): Promise<SandboxRow | undefined> {
    return this.#db
      .selectFrom('sandbox_payments')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
  }

  /** Settles what is pending; false where it is not. */
  async settle(id: string, state: 'paid' | 'failed', reason: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('sandbox_payments')
      .set({ state, reason })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .executeTakeFirst();
    return numUpdatedRows > 0;
  }
}
