import type { LoaderStats } from 'hls.js';

/** A segment that has arrived. Times in ms of `performance.now()`. */
export type Arrival = {
  readonly size: number;
  readonly now: number;
  /** From its first byte to its last, whoever they came from. */
  readonly transferMs: number;
  /** Smoothed rate of HTTP transfers; undefined before the first. */
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
    loaded: 0,
    total: 0,
    retry: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}

/**
 * Marks a load as one that the engine answers. hls.js abandons a transfer for a lower quality once half
 * of the segment's length has passed since its start, while here the engine owns the deadline: so it
 * has not started until it ends. hls.js goes on looking at it, and at the player's own loader if that takes over.
 */
export function awaitSwarm(stats: LoaderStats): void {
  stats.loading.start = Infinity;
}

/** Says when a load had begun that ends without an arrival. */
export function recordEnd(stats: LoaderStats, startedAt: number): void {
  stats.loading.start = startedAt;
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
 * Fills `stats` so that the player's bandwidth estimate stays one of its HTTP connection. How long the
 * player waited for a segment of the swarm says nothing of that: but what came in was carried, so the
 * connection carries at least its rate (SWM-21).
 */
export function recordArrival(stats: LoaderStats, arrival: Arrival): void {
  const { size, transferMs, now, httpBitsPerSecond = 0 } = arrival;
  const atLeast = (size * 8_000) / Math.max(transferMs, SHORTEST_TRANSFER_MS);
  const bits = Math.max(httpBitsPerSecond, atLeast);
  const first = now - (size * 8_000) / bits;
  stats.loading = { start: first - NOTIONAL_LATENCY_MS, first, end: now };
  stats.loaded = size;
  stats.total = size;
  stats.bwEstimate = bits;
}
