import { describe, expect, it } from 'vitest';
import { nextDelay } from '@shoal/demo/app/restart-delay';

describe('the back-off of the test pattern', () => {
  it('doubles for each failure in a row and stops at ten seconds', () => {
    const delays: number[] = [];
    let failures = 0;
    for (let i = 0; i < 8; i++) {
      const next = nextDelay({ failures, ranMs: 100 });
      delays.push(next.delayMs);
      failures = next.failures;
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  it('begins anew after a run of half a minute', () => {
    expect(nextDelay({ failures: 9, ranMs: 30_000 })).toEqual({ delayMs: 500, failures: 1 });
  });
});
