import { type Kysely, type Selectable } from 'kysely';
import { isSubscribed, type Subscription, type SubscriptionState } from '../../core/index.ts';
import { below, cursorOf, type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** A subscription as it is kept: one of each viewer and channel, for ever. */
export type SubscriptionRow = Selectable<Database['subscriptions']>;

/** Who subscribes to which channel. */
export class SubscriptionTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  findOf(channel: string, user: string): Promise<SubscriptionRow | undefined> {
    return this.#db
      .selectFrom('subscriptions')
      .selectAll()
      .where('channel', '=', channel)
      .where('user_id', '=', user)
      .executeTakeFirst();
  }

  /** Whether somebody counts as a subscriber now. */
  async isSubscribed(channel: string, user: string, now: number): Promise<boolean> {
    const row = await this.findOf(channel, user);
    return row !== undefined && isSubscribed(readSubscription(row), now);
  }

  /** Of a channel, newest first; those that wait for their first payment are left out. */
  async list(channel: string, { limit, cursor }: Page): Promise<Paged<SubscriptionRow>> {
    const rows = await this.#db
      .selectFrom('subscriptions')
      .selectAll()
      .where('channel', '=', channel)
      .where('months', '>', 0)
      .where(below(cursor))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, cursorOf);
  }

  /** Those about which something has to be done. */
  due(now: number, limit: number): Promise<SubscriptionRow[]> {
    return this.#db
      .selectFrom('subscriptions')
      .selectAll()
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .limit(limit)
      .execute();
  }

  /** Changes the subscription if it is still as it was read; false when it is not. */
  async change(row: SubscriptionRow, next: Subscription): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('subscriptions')
      .set({ ...writeSubscription(next), version: row.version + 1 })
      .where('id', '=', row.id)
      .where('version', '=', row.version)
      .executeTakeFirst();
    return numUpdatedRows > 0;
  }
}

/** What the core decides by. */
export function readSubscription(row: SubscriptionRow): Subscription {
  return {
    state: row.state as SubscriptionState, // written by `writeSubscription`
    ...{ renews: row.renews === 1, months: row.months, since: row.since, periods: row.periods },
    ...{ expiresAt: row.expires_at, failures: row.failures, dueAt: row.due_at ?? undefined },
  };
}

/** Columns of what the core has decided. */
export function writeSubscription(
  subscription: Subscription,
): Pick<
  SubscriptionRow,
  'state' | 'renews' | 'months' | 'since' | 'periods' | 'expires_at' | 'failures' | 'due_at'
> {
  const { state, months, since, periods, failures } = subscription;
  return {
    ...{ state, renews: subscription.renews ? 1 : 0, months, since, periods, failures },
    ...{ expires_at: subscription.expiresAt, due_at: subscription.dueAt ?? null },
  };
}
