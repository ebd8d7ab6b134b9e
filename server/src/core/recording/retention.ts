import { ORIGIN_LIMITS } from '../limits.ts';
import { productBytes } from './product.ts';
import { type BroadcastSummary } from './summary.ts';

/** How long broadcasts are kept after their end. */
export type Retention = {
  /** Milliseconds; Infinity for ever. */
  readonly keepMs: number;
  /** Of all recordings of the channel together, what was made of them and the one that runs included; Infinity for any number. */
  readonly keepBytes: number;
};

/** The broadcast to delete now, the oldest first; undefined while all may stay. `otherBytes`: of those that are not over. */
export function expired(
  summaries: readonly BroadcastSummary[],
  { keepMs, keepBytes }: Retention,
  at: { readonly now: number; readonly otherBytes: number },
): BroadcastSummary | undefined {
  const begun = summaries.find(({ deleting }) => deleting);
  const [oldest] = summaries;
  if (begun !== undefined || oldest === undefined) return begun;
  const bytes = summaries.reduce(
    (sum, summary) => sum + summary.bytes + productBytes(summary),
    at.otherBytes,
  );
  const tooMany = summaries.length > ORIGIN_LIMITS.recordings;
  const tooOld = at.now >= oldest.endAt + keepMs;
  return tooMany || tooOld || bytes > keepBytes ? oldest : undefined;
}
