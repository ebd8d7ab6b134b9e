import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginSubscription,
  cancelSubscription,
  chargingSubscription,
  dueOfSubscription,
  endSubscription,
  isSubscribed,
  MONEY_LIMITS,
  monthsAfter,
  paidSubscription,
  refusedSubscription,
} from '@shoal/server/core';
import { ManualClock } from '../../../../support/manual-clock.ts';

const at = (text: string): number => Date.parse(`${text}T10:00:00Z`);
const day = 86_400_000;

describe('a month', () => {
  it('MON-5 ends on the same day of the next one, or on its last day', () => {
    const ends = [1, 2, 3, 12, 13].map((months) =>
      new Date(monthsAfter(at('2027-01-31'), months)).toISOString().slice(0, 13),
    );
    expect(ends).toEqual([
      ...['2027-02-28T10', '2027-03-31T10', '2027-04-30T10', '2028-01-31T10', '2028-02-29T10'],
    ]);
  });

  it('MON-5 is from 28 to 31 days long, and never drifts', () => {
    const since = fc.integer({ min: 0, max: at('2100-01-01') });
    fc.assert(
      fc.property(since, fc.integer({ min: 0, max: 240 }), (start, months) => {
        const length = monthsAfter(start, months + 1) - monthsAfter(start, months);
        expect(length).toBeGreaterThanOrEqual(28 * day);
        expect(length).toBeLessThanOrEqual(31 * day);
        const [from, to] = [start, monthsAfter(start, months)].map((ms) => new Date(ms));
        expect(to?.toISOString().slice(11)).toBe(from?.toISOString().slice(11));
      }),
    );
  });
});

describe('a subscription', () => {
  it('MON-5 counts from its first payment, and is renewed when a month is over', () => {
    const clock = new ManualClock(at('2027-01-31'));
    const begun = beginSubscription(undefined, { renews: true, now: clock.now });
    expect([isSubscribed(begun, clock.now), dueOfSubscription(begun, clock.now)]) //
      .toEqual([false, 'nothing']);
    let subscription = paidSubscription(begun, clock.now);
    for (const end of ['2027-02-28', '2027-03-31', '2027-04-30']) {
      expect(subscription.expiresAt).toBe(at(end));
      clock.advanceTo(at(end) - 1);
      expect(dueOfSubscription(subscription, clock.now)).toBe('nothing');
      clock.advance(1);
      expect(dueOfSubscription(subscription, clock.now)).toBe('charge');
      subscription = chargingSubscription(subscription);
      expect(dueOfSubscription(subscription, clock.now)).toBe('nothing');
      subscription = paidSubscription(subscription, clock.now);
    }
    expect(subscription).toMatchObject({ months: 4, periods: 4, since: at('2027-01-31') });
  });

  it('MON-6 goes on for some days while it cannot be renewed, and ends then', () => {
    const clock = new ManualClock(at('2027-03-01'));
    let subscription = paidSubscription(
      beginSubscription(undefined, { renews: true, now: clock.now }),
      clock.now,
    );
    clock.advanceTo(subscription.expiresAt);
    let attempts = 0;
    while (dueOfSubscription(subscription, clock.now) !== 'end') {
      expect(isSubscribed(subscription, clock.now)).toBe(true);
      expect(dueOfSubscription(subscription, clock.now)).toBe('charge');
      subscription = refusedSubscription(chargingSubscription(subscription), clock.now);
      attempts += 1;
      clock.advanceTo(subscription.dueAt ?? Infinity);
    }
    expect(attempts).toBe(Math.ceil(MONEY_LIMITS.graceMs / MONEY_LIMITS.renewAgainMs));
    expect(clock.now).toBe(subscription.expiresAt + MONEY_LIMITS.graceMs);
    subscription = endSubscription(subscription);
    expect(isSubscribed(subscription, clock.now)).toBe(false);
    expect(dueOfSubscription(subscription, clock.now + 1e12)).toBe('nothing');
  });

  it('MON-6 a payment that stays pending does not carry it over the grace', () => {
    const now = at('2027-03-01');
    const active = paidSubscription(beginSubscription(undefined, { renews: true, now }), now);
    const waiting = chargingSubscription(active);
    const last = active.expiresAt + MONEY_LIMITS.graceMs;
    expect(dueOfSubscription(waiting, last - 1)).toBe('nothing');
    expect(dueOfSubscription(waiting, last)).toBe('end');
  });

  it('MON-7 that is cancelled goes on until it expires', () => {
    const now = at('2027-03-01');
    const active = paidSubscription(beginSubscription(undefined, { renews: true, now }), now);
    const cancelled = cancelSubscription(active);
    expect(isSubscribed(cancelled, active.expiresAt - 1)).toBe(true);
    expect(isSubscribed(cancelled, active.expiresAt)).toBe(false);
    expect(dueOfSubscription(cancelled, active.expiresAt)).toBe('end');
  });

  it('MON-7 that begins anew keeps its months, and a first payment that fails ends it', () => {
    const now = at('2027-03-01');
    const before = endSubscription(
      paidSubscription(beginSubscription(undefined, { renews: false, now }), now),
    );
    const later = at('2028-01-05');
    const again = beginSubscription(before, { renews: true, now: later });
    expect(refusedSubscription(again, later)).toMatchObject({ state: 'ended', months: 1 });
    expect(paidSubscription(again, later)).toMatchObject({
      ...{ months: 2, periods: 1, since: later, expiresAt: at('2028-02-05') },
    });
  });
});
