import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reconnectDelay } from '../../../../../client-sdk/src/adapters/tracker/reconnect-delay.ts';

describe('the pause before reconnecting', () => {
  it('doubles from half a second to half a minute', () => {
    const middle = (): number => 0.5;
    expect([0, 1, 2, 5, 6, 7, 1_000_000].map((n) => reconnectDelay(n, middle))).toEqual([
      500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('is spread over as long again', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, draw) => {
        const delay = reconnectDelay(attempt, () => draw);
        const middle = reconnectDelay(attempt, () => 0.5);
        expect(delay).toBeGreaterThanOrEqual(middle * 0.5);
        expect(delay).toBeLessThanOrEqual(middle * 1.5);
      }),
    );
  });
});
