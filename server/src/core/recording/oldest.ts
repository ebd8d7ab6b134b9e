import { type SegmentLog } from './segment-log.ts';
import { type BroadcastSummary } from './summary.ts';

/** The smallest number of a segment in a DVR window and in broadcasts; 0 where one does not say, undefined where there is none. */
export function oldestMsn(
  window: SegmentLog,
  broadcasts: readonly BroadcastSummary[],
): number | undefined {
  const numbers = broadcasts.map(({ firstMsn, segments }) =>
    segments === 0 ? undefined : (firstMsn ?? 0),
  );
  const known = [window.oldestMsn, ...numbers].filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
