const FIRST_MS = 500;
const LONGEST_MS = 10_000;
/** A run this long was a healthy one: the next failure starts from the shortest delay again. */
const HEALTHY_MS = 30_000;

/** How a run ended, for {@link nextDelay}. */
export type FinishedRun = {
  /** Restarts in a row that did not stay up. */
  readonly failures: number;
  readonly ranMs: number;
};

/** How long to wait before the next start: 0.5 s, doubled for each failure in a row, at most 10 s. */
export function nextDelay(run: FinishedRun): {
  readonly delayMs: number;
  readonly failures: number;
} {
  const failures = run.ranMs >= HEALTHY_MS ? 1 : run.failures + 1;
  return { delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10)), failures };
}
