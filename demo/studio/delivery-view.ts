import type { SegmentDelivery } from '../shared-ui/origin-api.ts';
import { formatNumber, formatShare, NO_FIGURE } from '../shared-ui/format.ts';

/** How far back the studio looks. */
export const WINDOW_SECONDS = 60;
/** A segment counts once everybody had the time to fetch it. */
const SETTLE_MS = 8_000;
const MAX_SAMPLES = 64;

/** How many watched, over the window of the studio; bounded. */
export class ViewerHistory {
  #samples: readonly { readonly atMs: number; readonly viewers: number }[] = [];

  /** Adds the number of viewers of now. */
  add(viewers: number, atMs: number): void {
    this.#samples = [...this.#samples, { viewers, atMs }].slice(-MAX_SAMPLES);
  }

  /**
   * The number when a segment came out, by the first sample at or after it: viewers fetch it from then
   * on. Undefined when that is too late to tell, as for what came out before the page was opened.
   */
  at(atMs: number): number | undefined {
    const sample = this.#samples.find((later) => later.atMs >= atMs) ?? this.#samples.at(-1);
    return sample === undefined || sample.atMs > atMs + SETTLE_MS ? undefined : sample.viewers;
  }
}

/** The delivery card, ready to be written to the page. */
export type DeliveryView = {
  readonly copies: string;
  readonly offload: string;
  /** Seconds before now, copies the server sent, viewers then: one column each, by segment. */
  readonly columns: readonly (readonly (number | null)[])[];
  /** What the chart shows, in a sentence. */
  readonly summary: string;
};

/**
 * Copies per segment and offload of the last minute at `nowMs`. One copy is as many bytes as the
 * segment has; the offload is what the server did not have to send to the viewers that the tracker knew.
 */
export function deliveryView(
  segments: readonly SegmentDelivery[],
  viewers: Pick<ViewerHistory, 'at'>,
  nowMs: number,
): DeliveryView {
  const recent = segments
    .filter((segment) => segment.readyAt > nowMs - WINDOW_SECONDS * 1000)
    .sort((a, b) => a.readyAt - b.readyAt);
  const settled = recent.filter((segment) => segment.readyAt <= nowMs - SETTLE_MS);
  const bytes = sum(settled, (segment) => segment.size);
  const served = sum(settled, (segment) => segment.servedBytes);
  const watched = settled.filter((segment) => viewers.at(segment.readyAt) !== undefined);
  const wanted = sum(watched, (segment) => segment.size * (viewers.at(segment.readyAt) ?? 0));
  const sent = sum(watched, (segment) => segment.servedBytes);
  const copies = bytes === 0 ? undefined : served / bytes;
  const offload = wanted === 0 ? undefined : Math.max(0, 1 - sent / wanted);
  return {
    copies: formatNumber(copies, 1),
    offload: formatShare(offload),
    columns: [
      recent.map((segment) => (segment.readyAt - nowMs) / 1000),
      recent.map((segment) => segment.servedBytes / segment.size),
      recent.map((segment) => viewers.at(segment.readyAt) ?? null),
    ],
    summary:
      copies === undefined
        ? 'No segment was delivered in the last minute.'
        : `In the last minute the server sent each segment ${copies.toFixed(1)} times; viewers had ${formatShare(offload).replace(NO_FIGURE, 'an unknown share')} of it from one another.`,
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
