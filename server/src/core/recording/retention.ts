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

/** Parts into which a DVR window is cut where nothing else is kept, so that what left it can be deleted. */
const DVR_PARTS = 8;
const FEWEST_IN_A_PART = 30;

/** How many segments one recording has at most; `targetDuration` in seconds. */
export function segmentsOfOne(
  { vod, dvrMs }: { readonly vod: boolean; readonly dvrMs: number },
  { targetDuration }: { readonly targetDuration: number },
): number {
  const most = ORIGIN_LIMITS.recordingSegments;
  if (vod) return most;
  const part = Math.ceil(dvrMs / DVR_PARTS / (targetDuration * 1000));
  return Math.min(most, Math.max(FEWEST_IN_A_PART, part));
}
