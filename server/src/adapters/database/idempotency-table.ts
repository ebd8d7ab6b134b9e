import { type Kysely } from 'kysely';
import { type Database } from './schema.ts';

/** Keys of one actor that are remembered. */
export const KEYS_OF_ONE = 1_000;
const DAY_MS = 86_400_000;
/** Longer than any request takes: after that it was broken off, and a second one goes on with it. */
const LEASE_MS = 30_000;

/** An answer that is given again. */
export type KeptAnswer = {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** A request by its key. */
export type KeyedRequest = {
  readonly actor: string;
  readonly key: string;
  /** Of what it asks for. */
  readonly digest: string;
};

/** What is known of a key. */
export type Known =
  /** Nothing: it is this request's own, and what it makes has this id. */
  | { readonly type: 'begun'; readonly made: string }
  | { readonly type: 'answered'; readonly answer: KeptAnswer }
  /** The first request is being answered. */
  | { readonly type: 'busy' }
  /** It was used for another request. */
  | { readonly type: 'other' }
  /** The actor has too many. */
  | { readonly type: 'full' };

/** Keys of requests that make something, and what was answered (draft-ietf-httpapi-idempotency-key-header). */
export class IdempotencyTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async begin(request: KeyedRequest, made: string, now: number): Promise<Known> {
    const { actor, key, digest } = request;
    const found = await this.#find(request);
    if (found === undefined || found.expires_at <= now) {
      if (found === undefined && (await this.#count(actor, now)) >= KEYS_OF_ONE)
        return { type: 'full' };
      await this.#db
        .deleteFrom('idempotency')
        .where('actor', '=', actor)
        .where('key', '=', key)
        .where('expires_at', '<=', now)
        .execute();
      const { numInsertedOrUpdatedRows = 0n } = await this.#db
        .insertInto('idempotency')
        .values({
          ...{ actor, key, digest, made, status: null, body: null, headers: null },
          ...{ lease_until: now + LEASE_MS, expires_at: now + DAY_MS },
        })
        .onConflict((conflict) => conflict.columns(['actor', 'key']).doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n ? { type: 'begun', made } : { type: 'busy' };
    }
    if (found.digest !== digest) return { type: 'other' };
    const { status, body, headers } = found;
    if (status !== null) {
      const kept = JSON.parse(headers ?? '{}') as Readonly<Record<string, string>>; // written by `finish`
      return { type: 'answered', answer: { status, body: body ?? '', headers: kept } };
    }
    if (found.lease_until > now) return { type: 'busy' };
    const { numUpdatedRows } = await this.#db
      .updateTable('idempotency')
      .set({ lease_until: now + LEASE_MS })
      .where('actor', '=', actor)
      .where('key', '=', key)
      .where('lease_until', '=', found.lease_until)
      .where('status', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows > 0n ? { type: 'begun', made: found.made } : { type: 'busy' };
  }

  async finish({ actor, key }: KeyedRequest, { status, body, headers }: KeptAnswer): Promise<void> {
    await this.#db
      .updateTable('idempotency')
      .set({ status, body, headers: JSON.stringify(headers) })
      .where('actor', '=', actor)
      .where('key', '=', key)
      .where('status', 'is', null)
      .execute();
  }

  /** The request came to nothing that is known: the next one with its key goes on with it. */
  async release({ actor, key }: KeyedRequest, now: number): Promise<void> {
    await this.#db
      .updateTable('idempotency')
      .set({ lease_until: now })
      .where('actor', '=', actor)
      .where('key', '=', key)
      .where('status', 'is', null)
      .execute();
  }

  async deleteExpired(now: number): Promise<void> {
    await this.#db.deleteFrom('idempotency').where('expires_at', '<=', now).execute();
  }

  #find({ actor, key }: KeyedRequest) {
    return this.#db
      .selectFrom('idempotency')
      .selectAll()
      .where('actor', '=', actor)
      .where('key', '=', key)
      .executeTakeFirst();
  }

  async #count(actor: string, now: number): Promise<number> {
    const { count } = await this.#db
      .selectFrom('idempotency')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('actor', '=', actor)
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    return count;
  }
}
