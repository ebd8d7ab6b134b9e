import { LIMITS } from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { SwarmState } from './swarm-state.ts';

/**
 * Until when a piece must be here for HTTP to be spared: after this not even one piece would come in
 * time from the origin, or, where it is too late for that, sooner from the origin.
 */
export function lastCall(state: SwarmState, entry: SegmentEntry): number {
  const { openPieces, estimate } = state.fetches;
  const pieceMs = LIMITS.pieceBytes / httpRate(state, entry);
  const inTime =
    state.deadlineOf(entry) - ENGINE.fallbackBaseMs - 1.3 * pieceMs - estimate.responseMs;
  return Math.max(inTime, state.now + estimate.responseMs + (openPieces + 1) * pieceMs);
}

/** What the origin gives this viewer, bytes a ms; before the first transfer, twice what the stream needs. */
export function httpRate({ fetches }: SwarmState, { info }: SegmentEntry): number {
  return fetches.estimate.rate((2 * info.size) / Math.max(info.durationMs, 1));
}
