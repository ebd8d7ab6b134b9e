import { type Kysely, type Selectable } from 'kysely';
import { type StreamerEvent } from '@shoal/protocol';
import {
  chargingSubscription,
  type PaymentOutcome,
  paidSubscription,
  refusedSubscription,
  type Subscription,
} from '../../core/index.ts';
import { type DonationRow } from './donation-table.ts';
import { putInOutbox } from './outbox-table.ts';
import { type Database } from './schema.ts';
import { readSubscription, type SubscriptionRow, writeSubscription } from './subscription-table.ts';

/** A payment as it is kept. */
export type PaymentRow = Selectable<Database['payments']>;

/** Payments, and what changes with them: all of it in one transaction, or nothing. */
export class PaymentTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  find(id: string): Promise<PaymentRow | undefined> {
    return this.#db.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** A donation that is to be paid; one that is there is left as it is. */
  async openDonation(donation: DonationRow, payment: PaymentRow): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      await insertPayment(db, payment);
      await db
        .insertInto('donations')
        .values(donation)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
    });
  }

  /**
   * A subscription that is to be paid: a new one, or one that was read as `before`. False when it has changed meanwhile; nothing is
   * changed then.
   */
  openSubscription(
    row: SubscriptionRow,
    before: SubscriptionRow | undefined,
    payment: PaymentRow,
  ): Promise<boolean> {
    return this.#db.transaction().execute(async (db) => {
      if (!(await putSubscription(db, row, before))) return false;
      await insertPayment(db, payment);
      return true;
    });
  }

  /** The next month of a subscription is to be paid; false when it is another's turn. */
  openRenewal(row: SubscriptionRow, payment: PaymentRow): Promise<boolean> {
    return this.#db.transaction().execute(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('subscriptions')
        .set({
          ...writeSubscription(chargingSubscription(readSubscription(row))),
          version: row.version + 1,
        })
        .where('id', '=', row.id)
        .where('version', '=', row.version)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await insertPayment(db, payment);
      return true;
    });
  }

  /** Pending payments about which the provider is to be asked. */
  toAsk(now: number, limit: number): Promise<PaymentRow[]> {
    return this.#db
      .selectFrom('payments')
      .selectAll()
      .where('state', '=', 'pending')
      .where('ask_at', '<=', now)
      .orderBy('ask_at')
      .limit(limit)
      .execute();
  }

  /** Puts off when the provider is asked next; false where another process was quicker, which asks then. */
  async takeAsk({ id, ask_at }: PaymentRow, next: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('payments')
      .set({ ask_at: next })
      .where('id', '=', id)
      .where('ask_at', '=', ask_at)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * Settles a pending payment: with it what it paid for changes, and the alert is in the outbox. False when it was settled before, or
   * is not known; nothing is changed then.
   */
  settle(
    id: string,
    outcome: Exclude<PaymentOutcome, { readonly type: 'pending' }>,
    { now, alert }: { readonly now: number; readonly alert: string },
  ): Promise<boolean> {
    return this.#db.transaction().execute(async (db) => {
      const payment = await db
        .updateTable('payments')
        .set({
          ...{ state: outcome.type, settled_at: now },
          reason: outcome.type === 'failed' ? outcome.reason : null,
        })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .returningAll()
        .executeTakeFirst();
      if (payment === undefined) return false;
      const event =
        payment.purpose === 'donation'
          ? await settleDonation(db, payment, now)
          : await settleSubscription(db, payment, now);
      if (event !== undefined)
        await putInOutbox(db, { id: alert, channel: payment.channel, event, at: now });
      return true;
    });
  }
}

/** False where the subscription is not, or no more, as it was read. */
async function putSubscription(
  db: Kysely<Database>,
  row: SubscriptionRow,
  before: SubscriptionRow | undefined,
): Promise<boolean> {
  if (before === undefined) {
    const { numInsertedOrUpdatedRows = 0n } = await db
      .insertInto('subscriptions')
      .values(row)
      .onConflict((conflict) => conflict.columns(['channel', 'user_id']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }
  const { numUpdatedRows } = await db
    .updateTable('subscriptions')
    .set({ ...row, id: before.id, version: before.version + 1 })
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function insertPayment(db: Kysely<Database>, row: PaymentRow): Promise<void> {
  await db
    .insertInto('payments')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

async function settleDonation(
  db: Kysely<Database>,
  { subject, state }: PaymentRow,
  now: number,
): Promise<StreamerEvent | undefined> {
  const donation = await db
    .updateTable('donations')
    .set({ state, paid_at: state === 'paid' ? now : null })
    .where('id', '=', subject)
    .returningAll()
    .executeTakeFirstOrThrow();
  if (state !== 'paid') return undefined;
  const { id, from_name, minor_units, currency, message } = donation;
  const amount = { minorUnits: minor_units, currency };
  return { type: 'donation.received', data: { donation: id, from: from_name, amount, message } };
}

async function settleSubscription(
  db: Kysely<Database>,
  payment: PaymentRow,
  now: number,
): Promise<StreamerEvent | undefined> {
  const { subject } = payment;
  // Written first, so that nobody else changes it until this is done.
  const row = await db
    .updateTable('subscriptions')
    .set((set) => ({ version: set('version', '+', 1) }))
    .where('id', '=', subject)
    .returningAll()
    .executeTakeFirstOrThrow();
  const before = readSubscription(row);
  const next: Subscription =
    payment.state === 'paid' ? paidSubscription(before, now) : refusedSubscription(before, now);
  await db
    .updateTable('subscriptions')
    .set(writeSubscription(next))
    .where('id', '=', subject)
    .execute();
  return payment.state === 'paid' ? told(payment, row, next.months) : undefined;
}

function told(
  { purpose, giver }: PaymentRow,
  { id, user_id, name, tier }: SubscriptionRow,
  months: number,
): StreamerEvent {
  if (purpose === 'gift')
    return {
      type: 'subscription.gifted',
      data: { subscription: id, from: giver ?? '', to: name, tier },
    };
  return {
    type: purpose === 'renewal' ? 'subscription.renewed' : 'subscription.created',
    data: { subscription: id, user: user_id, name, tier, months },
  };
}
