import { type Kysely, type Selectable } from 'kysely';
import { type Actor } from '../../core/index.ts';
import { type Database } from './schema.ts';

/** A token, without itself. */
export type TokenRow = Selectable<Database['tokens']>;

/** What a token is good for: somebody speaks with it, or reads the alerts of one channel, and nothing else (ACC-7). */
export type TokenHolder = Actor | { readonly type: 'alerts'; readonly channel: string };

/** Tokens, by their digests. */
export class TokenTable {
  readonly #db: Kysely<Database>;
  readonly #given: ReadonlyMap<string, TokenHolder>;

  /** @param given tokens that are good beside those that are kept, by their digests, for as long as the process runs. */
  constructor(db: Kysely<Database>, given: ReadonlyMap<string, TokenHolder> = new Map()) {
    this.#db = db;
    this.#given = given;
  }

  async insert(row: TokenRow): Promise<void> {
    await this.#db.insertInto('tokens').values(row).execute();
  }

  /** What the token of this digest is good for; undefined for one that is unknown, over or revoked. */
  async holderOf(digest: string, now: number): Promise<TokenHolder | undefined> {
    const given = this.#given.get(digest);
    if (given !== undefined) return given;
    const row = await this.#db
      .selectFrom('tokens')
      .select(['type', 'user_id', 'name', 'guest', 'channel'])
      .where('digest', '=', digest)
      .where('revoked_at', 'is', null)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.channel !== null) return { type: 'alerts', channel: row.channel };
    if (row.type === 'admin') return { type: 'admin', id: row.user_id };
    return { type: 'user', id: row.user_id, name: row.name, guest: row.guest === 1 };
  }

  /** What tokens that hold say of somebody: an operator, or a guest. Neither is known of who has none. */
  async kindOf(
    user: string,
    now: number,
  ): Promise<{ readonly admin: boolean; readonly guest: boolean }> {
    const rows = await this.#db
      .selectFrom('tokens')
      .select(['type', 'guest'])
      .distinct()
      .where('user_id', '=', user)
      .where('revoked_at', 'is', null)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
      .execute();
    const given = [...this.#given.values()].some(
      (holder) => holder.type === 'admin' && holder.id === user,
    );
    return {
      admin: given || rows.some(({ type }) => type === 'admin'),
      guest: rows.some(({ guest }) => guest === 1),
    };
  }

  /** Inserts the token of an operator where there is none that holds; false where there is. Of several processes that begin at once one does. */
  async insertFirstAdmin(row: TokenRow, now: number): Promise<boolean> {
    if ([...this.#given.values()].some(({ type }) => type === 'admin')) return false;
    return this.#db.transaction().execute(async (db) => {
      // Whoever writes this first is waited for by the others.
      const value = row.id;
      await db
        .insertInto('facts')
        .values({ name: 'first-admin', value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute();
      const found = await db
        .selectFrom('tokens')
        .select('id')
        .where('type', '=', 'admin')
        .where('revoked_at', 'is', null)
        .where((where) =>
          where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]),
        )
        .executeTakeFirst();
      if (found === undefined) await db.insertInto('tokens').values(row).execute();
      return found === undefined;
    });
  }

  /** False when there is no such token, or it was revoked before. */
  async revoke(id: string, now: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('tokens')
      .set({ revoked_at: now })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows > 0;
  }

  /** Takes those back that are good for the alerts of a channel alone, but for so many of the newest; how many there were. */
  async revokeAlerts(
    channel: string,
    { keep, now }: { readonly keep: number; readonly now: number },
  ): Promise<number> {
    const rows = await this.#db
      .selectFrom('tokens')
      .select('id')
      .where('channel', '=', channel)
      .where('revoked_at', 'is', null)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    const over = rows.slice(keep).map(({ id }) => id);
    if (over.length > 0)
      await this.#db
        .updateTable('tokens')
        .set({ revoked_at: now })
        .where('id', 'in', over)
        .execute();
    return over.length;
  }

  /** Deletes what has expired before this time. */
  async deleteExpired(before: number): Promise<void> {
    await this.#db.deleteFrom('tokens').where('expires_at', '<', before).execute();
  }

  /** How somebody with an account is called, by their newest token; undefined for nobody who is known. */
  async nameOf(user: string): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('tokens')
      .select('name')
      .where('user_id', '=', user)
      .where('type', '=', 'user')
      .where('guest', '=', 0)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.name;
  }
}
