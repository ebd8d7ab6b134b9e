import { type RenditionId } from '@shoal/protocol';
import { type OpenSegment, type WindowPart, type WindowSegment } from './segment-window.ts';

/**
 * What a playlist of low latency lists beside segments (draft-pantos-hls-rfc8216bis section 4.4). Absent parts: there are none, so
 * that reloads block for segments.
 */
export type LowLatency = {
  /** No part is longer. Milliseconds; undefined where there are no parts. */
  readonly partTargetMs: number | undefined;
  /** The segment after the last one; its parts may be none yet. Undefined while nothing is to come. */
  readonly open: OpenSegment | undefined;
  /** The other renditions of the channel. */
  readonly others: readonly RenditionId[];
};

/** How far a playlist reaches: what a blocked reload waits for (section 6.2.5.2). */
export type Reach = {
  /** The last whole segment; undefined before the first. */
  readonly lastMsn: number | undefined;
  /** Parts of that segment. */
  readonly lastParts: number;
  /** The segment after it, and how many of its parts are listed: the next one is hinted at. Undefined where no parts are cut. */
  readonly open?: { readonly epoch: number; readonly msn: number; readonly parts: number };
  readonly ended: boolean;
};

/** What a reload waits for: a segment, or one of its parts. */
export type Wanted = { readonly msn: number; readonly part?: number };

/** Segments after the last one that a reload may ask for (section 6.2.5.2). */
const MOST_AHEAD = 2;
/** Parts are listed of so many segments at the end (section 4.4.4.9: three target durations). */
export const SEGMENTS_WITH_PARTS = 3;
/** In part targets; the draft asks for two at least and recommends three or more (section 4.4.3.8). */
const PART_HOLD_BACK = 4;
/** In target durations, each the least that the draft allows (section 4.4.3.8). */
const HOLD_BACK = 3;
const SKIP_UNTIL = 6;

/** The tags of a playlist's head. */
export function serverControl(targetDuration: number, partTargetMs: number | undefined): string[] {
  const control = ['CAN-BLOCK-RELOAD=YES', `CAN-SKIP-UNTIL=${SKIP_UNTIL * targetDuration}`];
  control.push(`HOLD-BACK=${HOLD_BACK * targetDuration}`);
  if (partTargetMs === undefined) return [`#EXT-X-SERVER-CONTROL:${control.join(',')}`];
  control.push(`PART-HOLD-BACK=${seconds(PART_HOLD_BACK * partTargetMs)}`);
  return [
    `#EXT-X-SERVER-CONTROL:${control.join(',')}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(partTargetMs)}`,
  ];
}

/** How many segments a delta update leaves out (section 6.2.5.1). */
export function skippable(segments: readonly WindowSegment[], targetDuration: number): number {
  let after = 0;
  for (let i = segments.length - 1; i >= 0; i--) {
    after += (segments[i]?.infos[0]?.durationMs ?? 0) / 1000;
    if (after > SKIP_UNTIL * targetDuration) return i;
  }
  return 0;
}

/** One line for each part; none where one of them is longer than players were told. */
export function partLines(
  of: { readonly parts?: readonly WindowPart[] },
  partTargetMs: number | undefined,
  file: (part: number) => string,
): string[] {
  const { parts = [] } = of;
  if (partTargetMs === undefined || !listable(parts, partTargetMs)) return [];
  return parts.map(({ durationMs, independent }, i) => {
    const flag = independent ? ',INDEPENDENT=YES' : '';
    return `#EXT-X-PART:DURATION=${seconds(durationMs)},URI="${file(i)}"${flag}`;
  });
}

/** Whether these parts may be listed; then so may the one that follows. */
export function listable(parts: readonly WindowPart[], partTargetMs: number): boolean {
  return parts.every(({ durationMs }) => durationMs <= partTargetMs);
}

/** Whether a playlist has what a reload asked for. A part after the last of its segment is the first of the next (section 6.2.5.2). */
export function hasReached(reach: Reach, wanted: Wanted): boolean {
  const { lastMsn, lastParts, open, ended } = reach;
  const { msn, part } = wanted;
  if (ended) return true;
  const openParts = open?.parts ?? 0;
  const last = lastMsn ?? (open?.msn ?? 0) - 1;
  if (msn < last) return true;
  if (msn === last)
    return part === undefined || part < lastParts || open === undefined || openParts > 0;
  // Where no parts are cut, what comes next is the whole segment.
  return msn === last + 1 && part !== undefined && part < openParts;
}

/** Whether a reload asks for more than can come soon, which section 6.2.5.2 has refused. */
export function isTooFar({ lastMsn, open }: Reach, { msn }: Wanted): boolean {
  return msn > (lastMsn ?? (open?.msn ?? 0) - 1) + MOST_AHEAD;
}

function seconds(ms: number): string {
  return String(Number((ms / 1000).toFixed(5)));
}
