/** A stretch of media time, in seconds. */
export type Span = { readonly start: number; readonly end: number };

/** Holes up to this are played over (hls.js's `maxBufferHole` is smaller, and it nudges beyond). Seconds. */
const HOLE = 0.25;
/** A segment counts as buffered when all but this is. Seconds. */
const RAGGED_END = 0.1;

/** Where the media that can be played from `position` without a stop ends; `position` itself if there is none. */
export function bufferEnd(buffered: readonly Span[], position: number): number {
  let end = position;
  for (const span of buffered)
    if (span.start <= end + HOLE && span.end > end) end = span.end;
    else if (span.start > end + HOLE) break;
  return end;
}

/**
 * Media sequence number of the first listed segment that is not buffered up to `end`: the one after
 * the last if all are; undefined for an empty list.
 */
export function nextToBuffer(
  segments: readonly { readonly sn: number; readonly end: number }[],
  end: number,
): number | undefined {
  const next = segments.find((segment) => segment.end > end + RAGGED_END);
  if (next !== undefined) return next.sn;
  const last = segments.at(-1);
  return last === undefined ? undefined : last.sn + 1;
}
