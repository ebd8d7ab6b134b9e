import type { LoaderStats } from 'hls.js';

/** A segment that has arrived. Times in ms of `performance.now()`. */
export type Arrival = {
  readonly size: number;
  readonly startedAt: number;
  readonly firstByteAt: number;
  readonly now: number;
  /** Smoothed rate of HTTP transfers; where unknown, what was observed of this one stands in. */
  readonly httpBitsPerSecond: number | undefined;
};

/** What a request would have taken to reach a server nearby, for the player's estimate. */
const NOTIONAL_LATENCY_MS = 10;
/** hls.js takes no transfer for shorter than this either. */
const SHORTEST_TRANSFER_MS = 50;

/** Fresh statistics, of a request that has not begun. */
export function idleStats(): LoaderStats {
  return {
    aborted: false,
    // Equal and not zero: hls.js abandons a slow transfer for a lower quality unless it looks complete, and here the engine owns the deadline.
    loaded: 1,
    total: 1,
    retry: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}

/** Makes `stats` those of a request that has not begun, in place, for another loader to fill. */
export function resetStats(stats: LoaderStats): void {
  stats.aborted = false;
  stats.loaded = 0;
  stats.total = 0;
  stats.chunkCount = 0;
  stats.bwEstimate = 0;
  stats.loading = { start: 0, first: 0, end: 0 };
}

/**
 * Fills `stats` so that the player's bandwidth estimate stays one of its HTTP connection. How long a
 * segment took through the swarm says nothing of that: it waited for its peers, or was there already.
 */
export function recordArrival(stats: LoaderStats, arrival: Arrival): void {
  const { size, startedAt, firstByteAt, now } = arrival;
  const observedMs = Math.max(now - Math.max(firstByteAt, startedAt), SHORTEST_TRANSFER_MS);
  const bits = arrival.httpBitsPerSecond ?? (size * 8_000) / observedMs;
  const first = now - (size * 8_000) / bits;
  stats.loading = { start: first - NOTIONAL_LATENCY_MS, first, end: now };
  stats.loaded = size;
  stats.total = size;
  stats.bwEstimate = bits;
}
