import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterAttempt,
  type Attempt,
  healthAfter,
  HOOK_EVENTS,
  HOOK_LIMITS,
  type HookHealth,
  hookBody,
  isWanted,
  JITTER,
  RETRY_PAUSES_MS,
} from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const answered = (status: number, retryAfterMs?: number): Attempt => ({
  ...{ type: 'answered', status, retryAfterMs },
});
const NO_ANSWER: Attempt = { type: 'failed', reason: 'no connection' };
const FRESH = { state: 'pending', attempts: 0, nextAt: 0 } as const;
const HEALTHY: HookHealth = { active: true, failingSince: undefined, disabledReason: undefined };

describe('a delivery', () => {
  it('HOOK-4 is done with any 2xx, and tried again after everything else', () => {
    const after = (attempt: Attempt) => afterAttempt(FRESH, attempt, { now: 5, random: 0.5 });
    for (const status of [200, 202, 204, 299])
      expect(after(answered(status))).toEqual({ state: 'delivered', attempts: 1, nextAt: 5 });
    for (const status of [100, 199, 300, 301, 302, 307, 400, 404, 429, 500, 503])
      expect(after(answered(status))).toEqual({ state: 'pending', attempts: 1, nextAt: 5_005 });
    expect(after(NO_ANSWER)).toMatchObject({ state: 'pending' });
    expect(after(answered(410))).toMatchObject({ state: 'failed' });
  });

  it('HOOK-4 is tried ten times over three days, with growing pauses, and given up then', () => {
    const clock = new ManualClock();
    let delivery: ReturnType<typeof afterAttempt> = FRESH;
    const pauses: number[] = [];
    while (delivery.state === 'pending') {
      clock.advanceTo(delivery.nextAt);
      delivery = afterAttempt(delivery, answered(500), { now: clock.now, random: 0.5 });
      pauses.push(delivery.nextAt - clock.now);
    }
    expect(delivery).toMatchObject({ state: 'failed', attempts: 10 });
    expect(pauses.slice(0, -1)).toEqual(RETRY_PAUSES_MS);
    expect(clock.now).toBeGreaterThan(3 * 24 * 3_600_000);
  });

  it('HOOK-4 waits about so long as the plan says, and at least as the receiver asks', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const plan = fc.integer({ min: 0, max: RETRY_PAUSES_MS.length - 1 });
    fc.assert(
      fc.property(random, plan, fc.option(fc.nat(200_000_000)), (drawn, attempts, asked) => {
        const attempt = answered(503, asked ?? undefined);
        const before = { state: 'pending', attempts, nextAt: 0 } as const;
        const { nextAt } = afterAttempt(before, attempt, { now: 0, random: drawn });
        const pause = RETRY_PAUSES_MS[attempts] ?? 0;
        const least = Math.min(asked ?? 0, HOOK_LIMITS.retryAfterMs);
        expect(nextAt).toBeGreaterThanOrEqual(Math.max(Math.floor(pause * (1 - JITTER)), least));
        expect(nextAt).toBeLessThanOrEqual(Math.max(Math.ceil(pause * (1 + JITTER)), least));
      }),
    );
  });
});

describe('a webhook', () => {
  it('HOOK-5 is switched off when it has failed for five days without a success', () => {
    const clock = new ManualClock(1_000);
    let health = healthAfter(HEALTHY, NO_ANSWER, clock.now);
    expect(health).toMatchObject({ active: true, failingSince: 1_000 });
    clock.advance(HOOK_LIMITS.disableAfterMs - 1);
    health = healthAfter(health, answered(500), clock.now);
    expect(health.active).toBe(true);
    expect(healthAfter(health, answered(200), clock.now)).toEqual(HEALTHY);
    clock.advance(1);
    expect(healthAfter(health, answered(500), clock.now)).toMatchObject({
      ...{ active: false, failingSince: 1_000, disabledReason: 'it has failed for 5 days' },
    });
  });

  it('HOOK-5 is switched off at once by a receiver that is gone, and stays so', () => {
    const off = healthAfter(HEALTHY, answered(410), 7);
    expect(off).toMatchObject({ active: false, failingSince: 7 });
    expect(healthAfter(off, answered(200), 8)).toBe(off);
  });

  it('HOOK-1 is sent all but chat messages, or what it asks for', () => {
    const unasked = HOOK_EVENTS.filter((type) => isWanted(type, undefined));
    expect(HOOK_EVENTS.filter((type) => !unasked.includes(type))).toEqual(['chat.message']);
    expect(HOOK_EVENTS.filter((type) => isWanted(type, ['chat.message', 'vod.ready']))) //
      .toEqual(['chat.message', 'vod.ready']);
    expect(isWanted('viewer.count', undefined)).toBe(false);
    expect(isWanted('constructor', undefined)).toBe(false);
  });

  it('HOOK-1 is sent the event with its time, its id and its place', () => {
    const body = hookBody({
      ...{ type: 'stream.online', data: {}, id: 'e1', version: 1, at: 0 },
      ...{ channel: channelId(), seq: 4 },
    });
    expect(JSON.parse(body)).toEqual({
      ...{ type: 'stream.online', timestamp: '1970-01-01T00:00:00.000Z', data: {}, id: 'e1' },
      ...{ channel: channelId(), seq: 4, version: 1 },
    });
  });
});
