import { httpRate } from './http-time.ts';
import { ENGINE } from './limits.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { SwarmState } from './swarm-state.ts';

/**
 * The first of the wanted segments if neither neighbours nor the origin bring it easily in time: whatever
 * else is fetched meanwhile takes its share of a narrow downlink (SWM-14). Undefined if time does not press.
 */
export function pressing(
  state: SwarmState,
  wanted: readonly SegmentEntry[],
): SegmentEntry | undefined {
  const [first] = wanted;
  if (first === undefined || !state.playback.running) return undefined;
  const slack = state.deadlineOf(first) - state.now;
  const rate = Math.max(state.received.read(state.now), httpRate(state, first));
  return ENGINE.downlinkReserve * first.missingBytes > rate * slack ? first : undefined;
}
