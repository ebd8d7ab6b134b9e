const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * How long to wait before attempt `attempt` (0 for the first after a loss), in ms: doubling from
 * 0.5 s to 30 s, times something between 0.5 and 1.5, so that a tracker that restarts does not meet
 * all its viewers at once.
 */
export function reconnectDelay(attempt: number, random: () => number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(attempt, 16), LONGEST_MS) * (0.5 + random());
}
