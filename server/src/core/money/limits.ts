/** Limits of donations, subscriptions and the alerts about them. */
export const MONEY_LIMITS = {
  /** Smallest units of one donation, as cents. */
  donationMin: 100,
  donationMax: 10_000_000,
  /**
   * Alerts of a channel that wait to be acknowledged; beyond, the oldest goes. The donation itself stays listed. All of them together are
   * fewer bytes than may wait for a reader.
   */
  outbox: 500,
  /** How long an acknowledged alert is remembered, so that a second acknowledgement finds it: a day. */
  acknowledgedMs: 86_400_000,
  /** How long a payment provider may take to answer; after that the payment is pending. */
  chargeMs: 15_000,
  /** From which age on the provider is asked about a payment that is pending, and how often. */
  askAgainMs: 60_000,
  /** How long a subscription that cannot be renewed goes on: 7 days. */
  graceMs: 604_800_000,
  /** Between attempts to renew: 2 days. */
  renewAgainMs: 172_800_000,
  /** Rows that are looked at in one go. */
  batch: 100,
} as const;
