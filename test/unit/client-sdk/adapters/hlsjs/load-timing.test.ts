import { describe, expect, it } from 'vitest';
import {
  awaitSwarm,
  idleStats,
  recordArrival,
  recordEnd,
  resetStats,
} from '../../../../../client-sdk/src/adapters/hlsjs/load-timing.ts';

const arrival = { size: 500_000, now: 5_000, transferMs: 1_000, httpBitsPerSecond: undefined };

describe('what the player is told about a load', () => {
  it('SWM-21 has not begun while the swarm is waited for, so that the player does not abandon it', () => {
    const stats = idleStats();
    awaitSwarm(stats);
    // hls.js abandons nothing before half of the segment's length has passed since the start.
    expect(1e15 - stats.loading.start).toBeLessThan(0);
    expect(stats.loaded).toBe(0);
    recordEnd(stats, 700);
    expect(stats.loading.start).toBe(700);
  });

  it('SWM-21 shows the rate of the HTTP connection, however slowly the swarm brought it', () => {
    const stats = idleStats();
    recordArrival(stats, { ...arrival, httpBitsPerSecond: 8_000_000 });
    expect(stats.loading).toEqual({ start: 4_490, first: 4_500, end: 5_000 });
    expect([stats.loaded, stats.total, stats.bwEstimate]).toEqual([500_000, 500_000, 8_000_000]);
  });

  it('SWM-21 shows at least the rate at which the segment came in, within 50 ms at the shortest', () => {
    const stats = idleStats();
    recordArrival(stats, { ...arrival, httpBitsPerSecond: 1_000_000 });
    expect(stats.bwEstimate).toBe(4_000_000);
    recordArrival(stats, arrival);
    expect(stats.bwEstimate).toBe(4_000_000);
    recordArrival(stats, { ...arrival, transferMs: 0 });
    expect(stats.bwEstimate).toBe(80_000_000);
  });

  it('is emptied in place for another loader, its retries kept', () => {
    const stats = { ...idleStats(), retry: 2 };
    recordArrival(stats, arrival);
    resetStats(stats);
    expect(stats).toMatchObject({ loaded: 0, total: 0, retry: 2, loading: { start: 0, end: 0 } });
  });
});
