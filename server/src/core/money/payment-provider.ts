import { type Money } from '@shoal/protocol';

/** What somebody is to pay. */
export type Charge = {
  /** Ours, and never used for another payment: the same id a second time is the same payment, which is not made twice. */
  readonly id: string;
  readonly amount: Money;
  /**
   * How they pay: what the provider's own form gave the viewer's browser, as a token of a card. Numbers of cards never come here. For a
   * subscription the provider must be able to charge it again each month.
   */
  readonly method: string;
  /** What it is for, as on a statement of account. */
  readonly description: string;
};

/**
 * What became of a payment. `paid` and `failed` are final. `pending` becomes one of them in the end: the provider must see to that, and to
 * telling it.
 */
export type PaymentOutcome =
  | { readonly type: 'paid' }
  | { readonly type: 'pending' }
  /** `reason` is for the one who pays. */
  | { readonly type: 'failed'; readonly reason: string };

/**
 * Takes payments. Shoal has one implementation, a sandbox that moves no money. An adapter for a real provider maps `charge` to the
 * provider's "create and confirm", with our id as its idempotency key; `find` to its look-up by that key; and `subscribe` to the
 * webhooks with which it tells of payments that were pending. It keeps what it needs for that itself: nothing of it is stored here but
 * the `method` of a subscription.
 */
export type PaymentProvider = {
  /** As `sandbox`; shown to those who pay. */
  readonly name: string;
  /** Whether a payment moves money. */
  readonly realMoney: boolean;
  /** Rejects only where it is not known what became of the payment; then it is asked with `find` later. */
  readonly charge: (charge: Charge) => Promise<PaymentOutcome>;
  /** What became of a payment; undefined for one that it was never asked for, and never will be. */
  readonly find: (id: string) => Promise<PaymentOutcome | undefined>;
  /** Calls `listener` when a pending payment is settled; more than once for one payment does no harm. Returns its undo. */
  readonly subscribe: (listener: (id: string, outcome: PaymentOutcome) => void) => () => void;
};
