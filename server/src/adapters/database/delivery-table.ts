import { type Kysely, type Selectable, sql } from 'kysely';
import { type FeedAudience } from '@shoal/protocol';
import { type DeliveryState, HOOK_LIMITS } from '../../core/index.ts';
import { below, cursorOf, type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';
import { type WebhookRow } from './webhook-table.ts';

/** A delivery of one event to one webhook. */
export type DeliveryRow = Selectable<Database['deliveries']>;

/** What is new to be delivered. */
export type NewDelivery = Pick<
  DeliveryRow,
  'id' | 'event_id' | 'event_type' | 'body' | 'created_at'
>;

/** What is to be delivered, and what was: a log that is bounded for each webhook. */
export class DeliveryTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Adds a delivery; that of an event that the webhook has already is left as it is. */
  add(webhook: string, delivery: NewDelivery): Promise<DeliveryRow> {
    return this.#db.transaction().execute(async (db) => {
      await insert(db, webhook, [delivery]);
      return db
        .selectFrom('deliveries')
        .selectAll()
        .where('webhook', '=', webhook)
        .where('event_id', '=', delivery.event_id)
        .executeTakeFirstOrThrow();
    });
  }

  /** Adds what a webhook has to be told of a feed up to a number, and notes that: both, or nothing. */
  async collect(
    hook: WebhookRow,
    found: {
      readonly audience: FeedAudience;
      readonly upTo: number;
      readonly deliveries: readonly NewDelivery[];
    },
  ): Promise<void> {
    const { audience, upTo, deliveries } = found;
    const column = audience === 'viewers' ? 'after_viewers' : 'after_streamer';
    await this.#db.transaction().execute(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('webhooks')
        .set({ [column]: upTo })
        .where('id', '=', hook.id)
        .where(column, '=', hook[column])
        .where('active', '=', 1)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await insert(db, hook.id, deliveries);
    });
  }

  find(webhook: string, id: string): Promise<DeliveryRow | undefined> {
    return this.#db
      .selectFrom('deliveries')
      .selectAll()
      .where('webhook', '=', webhook)
      .where('id', '=', id)
      .executeTakeFirst();
  }

  /** Newest first. */
  async list(
    webhook: string,
    state: DeliveryState | undefined,
    { limit, cursor }: Page,
  ): Promise<Paged<DeliveryRow>> {
    const all = this.#db.selectFrom('deliveries').selectAll().where('webhook', '=', webhook);
    const rows = await (state === undefined ? all : all.where('state', '=', state))
      .where(below(cursor))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, cursorOf);
  }

  /** Begins a delivery anew, at once. */
  async again(id: string, now: number): Promise<DeliveryRow | undefined> {
    return this.#db
      .updateTable('deliveries')
      .set({ state: 'pending', attempts: 0, next_at: now })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  /** Active webhooks that have deliveries to be made now, those that wait the longest first; some of them are left out. */
  async dueHooks(now: number, busy: readonly string[]): Promise<string[]> {
    const all = this.#db
      .selectFrom('deliveries')
      .innerJoin('webhooks', 'webhooks.id', 'deliveries.webhook')
      .select('deliveries.webhook')
      .where('deliveries.state', '=', 'pending')
      .where('deliveries.next_at', '<=', now)
      .where('webhooks.active', '=', 1);
    const rows = await (busy.length === 0 ? all : all.where('deliveries.webhook', 'not in', busy))
      .groupBy('deliveries.webhook')
      .orderBy(sql`min(deliveries.next_at)`)
      .limit(HOOK_LIMITS.requests)
      .execute();
    return rows.map(({ webhook }) => webhook);
  }

  /** Takes over deliveries of a webhook: for the time of the lease nobody else does. */
  async claim(webhook: string, now: number, limit: number): Promise<DeliveryRow[]> {
    const due = await this.#db
      .selectFrom('deliveries')
      .selectAll()
      .where('webhook', '=', webhook)
      .where('state', '=', 'pending')
      .where('next_at', '<=', now)
      .orderBy('next_at')
      .orderBy('created_at')
      .limit(limit)
      .execute();
    const claimed: DeliveryRow[] = [];
    for (const row of due) {
      const mine = await this.#db
        .updateTable('deliveries')
        .set({ next_at: now + HOOK_LIMITS.leaseMs })
        .where('id', '=', row.id)
        .where('state', '=', 'pending')
        .where('next_at', '=', row.next_at)
        .returningAll()
        .executeTakeFirst();
      if (mine !== undefined) claimed.push(mine);
    }
    return claimed;
  }

  /** Notes what came of an attempt, unless the delivery was begun anew meanwhile. */
  async note(
    claimed: DeliveryRow,
    change: Pick<DeliveryRow, 'state' | 'attempts' | 'next_at' | 'last_status' | 'last_error'>,
  ): Promise<void> {
    await this.#db
      .updateTable('deliveries')
      .set(change)
      .where('id', '=', claimed.id)
      .where('state', '=', 'pending')
      .where('next_at', '=', claimed.next_at)
      .execute();
  }
}

async function insert(
  db: Kysely<Database>,
  webhook: string,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  for (const delivery of deliveries)
    await db
      .insertInto('deliveries')
      .values({
        ...delivery,
        ...{ webhook, state: 'pending', attempts: 0, next_at: delivery.created_at },
        ...{ last_status: null, last_error: null },
      })
      .onConflict((conflict) => conflict.columns(['webhook', 'event_id']).doNothing())
      .execute();
  const beyond = await db
    .selectFrom('deliveries')
    .select(['id', 'created_at'])
    .where('webhook', '=', webhook)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .offset(HOOK_LIMITS.deliveries)
    .limit(1)
    .executeTakeFirst();
  if (beyond === undefined) return;
  await db
    .deleteFrom('deliveries')
    .where('webhook', '=', webhook)
    .where(sql<boolean>`(created_at, id) <= (${beyond.created_at}, ${beyond.id})`)
    .execute();
}
