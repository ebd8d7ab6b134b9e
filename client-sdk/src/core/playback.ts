import type { PlaybackInput } from './io.ts';
import { ENGINE } from './limits.ts';

/** Where the playhead is, and so until when a segment has to be complete. */
export class Playback {
  #report: (PlaybackInput & { readonly at: number }) | undefined;

  report(input: PlaybackInput, now: number): void {
    this.#report = { ...input, at: now };
  }

  clear(): void {
    this.#report = undefined;
  }

  /** Media sequence number of the segment the player needs next; undefined before its first report. */
  get next(): number | undefined {
    return this.#report?.next;
  }

  /** Whether there was media ahead of the playhead at the last report: before, time does not press yet. */
  get running(): boolean {
    return this.#report !== undefined && this.#report.bufferedMs > 0;
  }

  /** Whether the playhead moves: neither paused nor without media. */
  get moving(): boolean {
    return this.running && this.#report?.playing === true;
  }

  /**
   * When segment `msn` must be complete if playback is not to stop; `durationMs` tells the lengths of
   * the segments before it. A segment behind the buffer or before the first report is due at once.
   */
  deadline(msn: number, durationMs: (msn: number) => number, now: number): number {
    const report = this.#report;
    if (report === undefined || msn < report.next) return now;
    // A paused playhead does not come nearer.
    const from = report.playing ? report.at : now;
    let ahead = report.bufferedMs;
    for (let before = report.next; before < msn && before < report.next + 64; before++)
      ahead += durationMs(before);
    return from + ahead - ENGINE.safetyMs;
  }
}
