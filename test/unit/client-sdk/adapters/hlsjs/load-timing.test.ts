import { describe, expect, it } from 'vitest';
import {
  idleStats,
  recordArrival,
  resetStats,
} from '../../../../../client-sdk/src/adapters/hlsjs/load-timing.ts';

describe('what the player is told about a load', () => {
  it('looks complete while it runs, so that the player does not abandon it', () => {
    const stats = idleStats();
    expect(stats.loaded).toBe(stats.total);
    expect(stats.loaded).toBeGreaterThan(0);
  });

  it('shows the rate of the HTTP connection, however long the swarm waited', () => {
    const stats = idleStats();
    recordArrival(stats, {
      size: 500_000,
      startedAt: 1_000,
      firstByteAt: 4_000,
      now: 5_000,
      httpBitsPerSecond: 8_000_000,
    });
    expect(stats.loading).toEqual({ start: 4_490, first: 4_500, end: 5_000 });
    expect([stats.loaded, stats.total, stats.bwEstimate]).toEqual([500_000, 500_000, 8_000_000]);
  });

  it('shows what was observed while nothing is known of HTTP, a segment at hand taking 50 ms', () => {
    const stats = idleStats();
    const arrival = { size: 500_000, startedAt: 1_000, now: 3_000, httpBitsPerSecond: undefined };
    recordArrival(stats, { ...arrival, firstByteAt: 2_000 });
    expect(stats.bwEstimate).toBe(4_000_000);
    recordArrival(stats, { ...arrival, firstByteAt: 3_000 });
    expect(stats.bwEstimate).toBe(80_000_000);
  });

  it('is emptied in place for another loader, its retries kept', () => {
    const stats = { ...idleStats(), retry: 2 };
    recordArrival(stats, {
      size: 5,
      startedAt: 1,
      firstByteAt: 2,
      now: 3,
      httpBitsPerSecond: undefined,
    });
    resetStats(stats);
    expect(stats).toMatchObject({ loaded: 0, total: 0, retry: 2, loading: { start: 0, end: 0 } });
  });
});
