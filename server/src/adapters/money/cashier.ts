import { err, type Money, ok, type Result } from '@shoal/protocol';
import {
  beginSubscription,
  cancelSubscription,
  type Charge,
  dueOfSubscription,
  endSubscription,
  MONEY_LIMITS,
  type PaymentOutcome,
  type PaymentProvider,
  type Tier,
  TIER_PRICES,
} from '../../core/index.ts';
import { type DonationRow, type DonationTable } from '../database/donation-table.ts';
import { type PaymentRow, type PaymentTable } from '../database/payment-table.ts';
import { withinMs } from '../within-ms.ts';
import {
  readSubscription,
  type SubscriptionRow,
  type SubscriptionTable,
  writeSubscription,
} from '../database/subscription-table.ts';

/** What the cashier works with. */
export type CashierParts = {
  readonly provider: PaymentProvider;
  readonly payments: PaymentTable;
  readonly donations: DonationTable;
  readonly subscriptions: SubscriptionTable;
  readonly now: () => number;
  readonly newId: () => string;
  /** There is something in the outbox. */
  readonly onAlert: () => void;
  readonly onError: (error: unknown) => void;
};

/** Somebody who gives or gets. */
type Person = { readonly id: string; readonly name: string };

/** A donation as it is asked for. */
export type DonationOrder = {
  /** Never used before, but for the same donation. */
  readonly id: string;
  readonly channel: string;
  readonly from: Person;
  readonly amount: Money;
  readonly message: string;
  readonly method: string;
};

/** A subscription as it is asked for. */
export type SubscriptionOrder = {
  /** Of its payment; never used before, but for the same one. */
  readonly id: string;
  readonly channel: string;
  readonly for: Person;
  /** Name of who gives it, where that is another; such a one is not renewed. */
  readonly giver?: string;
  readonly tier: Tier;
  readonly method: string;
};

/** A payment and what it is for. */
export type Paid<Row> = { readonly row: Row; readonly payment: PaymentRow };

/**
 * Takes donations and subscriptions: what is to be paid is in the database before the provider is asked, and what came of it is there
 * together with its alert before anybody is told (MON-2). A process that dies in between leaves a pending payment, about which the
 * provider is asked again.
 */
export class Cashier {
  readonly #parts: CashierParts;
  readonly #unsubscribe: () => void;

  constructor(parts: CashierParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.provider.subscribe((id, outcome) => {
      this.#settle(id, outcome).catch(parts.onError);
    });
  }

  async donate(order: DonationOrder): Promise<Paid<DonationRow>> {
    const { payments, donations, now } = this.#parts;
    const { id, channel, from, amount, message } = order;
    const row: DonationRow = {
      ...{ id, channel, from_id: from.id, from_name: from.name, message, state: 'pending' },
      ...{ minor_units: amount.minorUnits, currency: amount.currency },
      ...{ created_at: now(), paid_at: null },
    };
    const purpose = { purpose: 'donation', subject: id, giver: null } as const;
    await payments.openDonation(row, this.#payment({ ...order, ...purpose }));
    const payment = await this.#charge({ ...order, description: `Donation to ${channel}` });
    return { row: (await donations.find(channel, id)) ?? row, payment };
  }

  /** Refuses where there is a subscription already, or one that waits for its payment. */
  async subscribe(order: SubscriptionOrder): Promise<Result<Paid<SubscriptionRow>, string>> {
    const { payments, subscriptions } = this.#parts;
    const { id, channel, for: user } = order;
    // Of the same request, which was broken off.
    if ((await payments.find(id)) === undefined) {
      const before = await subscriptions.findOf(channel, user.id);
      if (before !== undefined && before.state !== 'ended')
        return err(before.state === 'active' ? 'already-subscribed' : 'payment-pending');
      const [row, payment] = this.#begun(order, before);
      if (!(await payments.openSubscription(row, before, payment))) return err('payment-pending');
    }
    const amount = TIER_PRICES[order.tier];
    const description = `Subscription to ${channel}`;
    const payment = await this.#charge({ id, amount, method: order.method, description });
    const row = await subscriptions.findOf(channel, user.id);
    if (row === undefined) throw new Error(`subscription of payment ${id} is gone`);
    return ok({ row, payment });
  }

  /** Is not renewed any more; undefined where there is none that could be. */
  async cancel(channel: string, user: string): Promise<SubscriptionRow | undefined> {
    const { subscriptions } = this.#parts;
    for (;;) {
      const row = await subscriptions.findOf(channel, user);
      if (row?.state !== 'active') return undefined;
      if (await subscriptions.change(row, cancelSubscription(readSubscription(row))))
        return subscriptions.findOf(channel, user);
    }
  }

  /** Renews and ends the subscriptions that are due, and asks about payments that are long pending. */
  async lookAround(): Promise<void> {
    const { subscriptions, payments, now, onError } = this.#parts;
    for (const row of await subscriptions.due(now(), MONEY_LIMITS.batch))
      await this.#renew(row).catch(onError);
    for (const row of await payments.toAsk(now(), MONEY_LIMITS.batch))
      await this.#ask(row).catch(onError);
  }

  close(): void {
    this.#unsubscribe();
  }

  async #renew(row: SubscriptionRow): Promise<void> {
    const { subscriptions, payments, now } = this.#parts;
    const subscription = readSubscription(row);
    const due = dueOfSubscription(subscription, now());
    if (due === 'nothing') return;
    const { channel, tier, method } = row;
    if (due === 'end' || method === null) {
      await subscriptions.change(row, endSubscription(subscription));
      return;
    }
    // The same for whoever does this: a process that died meanwhile, or another one.
    const id = `${row.id}.${row.months + 1}.${row.failures}`;
    const amount = TIER_PRICES[tier as Tier]; // checked when it was made
    const purpose = { purpose: 'renewal', subject: row.id, giver: null } as const;
    const opened = this.#payment({ id, channel, amount, ...purpose });
    if (await payments.openRenewal(row, opened))
      await this.#charge({ id, amount, method, description: `Subscription to ${channel}` });
  }

  async #ask(row: PaymentRow): Promise<void> {
    const { provider, payments, now } = this.#parts;
    const { id } = row;
    if (!(await payments.takeAsk(row, now() + MONEY_LIMITS.askAgainMs))) return;
    const found = await provider.find(id);
    await this.#settle(id, found ?? { type: 'failed', reason: 'it was broken off' });
  }

  async #charge(charge: Charge): Promise<PaymentRow> {
    const { provider, payments, onError } = this.#parts;
    const { id, amount, method, description } = charge;
    const outcome = await inTime(provider.charge({ id, amount, method, description })).catch(
      (error: unknown): PaymentOutcome => {
        onError(error);
        return { type: 'pending' };
      },
    );
    await this.#settle(id, outcome);
    const payment = await payments.find(id);
    if (payment === undefined) throw new Error(`payment ${id} is gone`);
    return payment;
  }

  async #settle(id: string, outcome: PaymentOutcome): Promise<void> {
    if (outcome.type === 'pending') return;
    const { payments, now, newId, onAlert } = this.#parts;
    if (await payments.settle(id, outcome, { now: now(), alert: newId() })) onAlert();
  }

  #begun(
    order: SubscriptionOrder,
    before: SubscriptionRow | undefined,
  ): [SubscriptionRow, PaymentRow] {
    const { now, newId } = this.#parts;
    const { id, channel, for: user, giver, tier, method } = order;
    const renews = giver === undefined;
    const begun = beginSubscription(before && readSubscription(before), { renews, now: now() });
    const row: SubscriptionRow = {
      ...{ id: before?.id ?? newId(), channel, user_id: user.id, name: user.name, tier },
      ...writeSubscription(begun),
      ...{ method: renews ? method : null, created_at: before?.created_at ?? now(), version: 1 },
    };
    const purpose = renews ? 'subscription' : 'gift';
    const amount = TIER_PRICES[tier];
    const of = { id, channel, amount, purpose, subject: row.id, giver: giver ?? null } as const;
    return [row, this.#payment(of)];
  }

  #payment(
    of: Pick<PaymentRow, 'id' | 'channel' | 'purpose' | 'subject' | 'giver'> & {
      readonly amount: Money;
    },
  ): PaymentRow {
    const { id, channel, purpose, subject, giver, amount } = of;
    const now = this.#parts.now();
    return {
      ...{ id, channel, purpose, subject, giver, state: 'pending', reason: null },
      ...{ minor_units: amount.minorUnits, currency: amount.currency },
      ...{ created_at: now, ask_at: now + MONEY_LIMITS.askAgainMs, settled_at: null },
    };
  }
}

/** What was answered in time; rejects where nothing was. */
function inTime(charged: Promise<PaymentOutcome>): Promise<PaymentOutcome> {
  const tooLate = (): Error => new Error('the payment provider did not answer in time');
  return withinMs(MONEY_LIMITS.chargeMs, charged, tooLate);
}
