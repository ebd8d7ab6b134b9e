import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pause } from '../support/until.ts';

/** Above this the machine was too busy for a run to mean anything. Ms. */
export const MAX_LAG_MS = 250;

const RESOLUTION_MS = 20;

/** Longest delay of this process's event loop while it was measured. */
export type LagMeter = {
  /** Ms. */
  readonly stop: () => number;
};

/** Starts to measure; what happened before it resolves does not count. */
export async function startLagMeter(): Promise<LagMeter> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // The first interval reaches back into the work that led here.
  await pause(3 * RESOLUTION_MS);
  delay.reset();
  return {
    stop: () => {
      delay.disable();
      // The histogram holds whole intervals of the timer, in ns.
      return delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    },
  };
}
