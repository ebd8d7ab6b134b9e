import { MONEY_LIMITS } from './limits.ts';

/** Milliseconds since the Unix epoch. */
type Millis = number;

/** `pending` waits for its first payment; `active` counts until it has expired; `ended` may begin anew. */
export type SubscriptionState = 'pending' | 'active' | 'ended';

/** What of a subscription decides what is due (MON-5 to MON-7). */
export type Subscription = {
  readonly state: SubscriptionState;
  /** Whether the next month is to be paid by itself. */
  readonly renews: boolean;
  /** Months that were paid, gaps left out. */
  readonly months: number;
  /** When the months without a gap began, and how many they are. */
  readonly since: Millis;
  readonly periods: number;
  readonly expiresAt: Millis;
  /** Attempts to renew since the last month that was paid. */
  readonly failures: number;
  /** When something has to be done; undefined: nothing. */
  readonly dueAt: Millis | undefined;
};

/** What has to be done about a subscription. */
export type Due = 'nothing' | 'charge' | 'end';

/** A subscription that waits for its first payment, after an earlier one of the same viewer where there was one. */
export function begin(
  before: Subscription | undefined,
  { renews, now }: { readonly renews: boolean; readonly now: Millis },
): Subscription {
  return {
    ...{ state: 'pending', renews, months: before?.months ?? 0, since: now, periods: 0 },
    ...{ expiresAt: now, failures: 0, dueAt: undefined },
  };
}

/** After a month was paid: it begins where the month before ends, or now where that is past. */
export function paid(subscription: Subscription, now: Millis): Subscription {
  const goesOn = subscription.state === 'active';
  const since = goesOn ? subscription.since : now;
  const periods = goesOn ? subscription.periods + 1 : 1;
  const expiresAt = monthsAfter(since, periods);
  return {
    ...{ state: 'active', renews: subscription.renews, months: subscription.months + 1 },
    ...{ since, periods, expiresAt, failures: 0, dueAt: expiresAt },
  };
}

/** After a payment failed: the first one ends it, a renewal is tried again while the grace lasts. */
export function refused(subscription: Subscription, now: Millis): Subscription {
  if (subscription.state !== 'active') return ended(subscription);
  const failures = subscription.failures + 1;
  const last = subscription.expiresAt + MONEY_LIMITS.graceMs;
  const dueAt = Math.min(now + MONEY_LIMITS.renewAgainMs, last);
  return { ...subscription, failures, dueAt };
}

/** It is not renewed any more, and goes on until it expires; past that it ends. */
export function cancel(subscription: Subscription): Subscription {
  if (subscription.state !== 'active') return ended(subscription);
  return { ...subscription, renews: false, dueAt: subscription.expiresAt };
}

/** What is due. */
export function due({ state, renews, expiresAt, dueAt }: Subscription, now: Millis): Due {
  if (state !== 'active' || dueAt === undefined || now < dueAt) return 'nothing';
  return renews && now < expiresAt + MONEY_LIMITS.graceMs ? 'charge' : 'end';
}

/** While a renewal is being paid for: unless it is settled, the subscription ends with the grace. */
export function charging(subscription: Subscription): Subscription {
  return { ...subscription, dueAt: subscription.expiresAt + MONEY_LIMITS.graceMs };
}

/** It is over. */
export function ended(subscription: Subscription): Subscription {
  return { ...subscription, state: 'ended', renews: false, dueAt: undefined };
}

/** Whether the viewer counts as a subscriber. */
export function isSubscribed(
  { state, renews, expiresAt }: Pick<Subscription, 'state' | 'renews' | 'expiresAt'>,
  now: Millis,
): boolean {
  return state === 'active' && now < expiresAt + (renews ? MONEY_LIMITS.graceMs : 0);
}

/** The same day and time some months later, in UTC; the last day of a month that is too short. */
export function monthsAfter(start: Millis, months: number): Millis {
  const from = new Date(start);
  const month = from.getUTCFullYear() * 12 + from.getUTCMonth() + months;
  const [year, inYear] = [Math.floor(month / 12), month % 12];
  const lastDay = new Date(Date.UTC(year, inYear + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  return Date.UTC(year, inYear, day) + (((start % DAY_MS) + DAY_MS) % DAY_MS);
}

const DAY_MS = 86_400_000;
