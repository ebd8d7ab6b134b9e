import type { SegmentId } from '@shoal/protocol';
import type { PlaybackInput, TrackPosition } from './io.ts';
import { ENGINE } from './limits.ts';

/** A segment's place in its rendition, whatever its epoch. */
type Place = Pick<SegmentId, 'rendition' | 'msn'>;

/** Where the playhead is in each track, and so until when a segment has to be complete (SWM-20). */
export class Playback {
  #report: { readonly at: number; readonly playing: boolean } | undefined;
  #tracks: readonly TrackPosition[] = [];
  #lead: { readonly track: TrackPosition; readonly isMain: boolean } | undefined;

  report({ main, audio, playing }: PlaybackInput, now: number): void {
    this.#report = { at: now, playing };
    this.#tracks = [main, audio].filter((track) => track !== undefined);
    // While the next level's playlist is on its way there is no main track: the viewer has not moved to its audio.
    if (main !== undefined) this.#lead = { track: main, isMain: true };
    else if (audio !== undefined && this.#lead?.isMain !== true)
      this.#lead = { track: audio, isMain: false };
  }

  clear(): void {
    this.#report = undefined;
    this.#tracks = [];
    this.#lead = undefined;
  }

  /** What is played now; none before the first report. */
  get tracks(): readonly TrackPosition[] {
    return this.#tracks;
  }

  /** The track by which the viewer is matched with others: the main one as last known, or audio if there is no other. */
  get lead(): TrackPosition | undefined {
    return this.#lead?.track;
  }

  /** Whether there was media ahead of the playhead at the last report, in every track: before, time does not press yet. */
  get running(): boolean {
    return this.#tracks.length > 0 && this.#tracks.every(({ bufferedMs }) => bufferedMs > 0);
  }

  /** Whether a segment lies within `ahead` segments of the one that its track needs next. */
  isAhead({ rendition, msn }: Place, ahead: number): boolean {
    const track = this.#track(rendition);
    return track !== undefined && msn >= track.next && msn <= track.next + ahead;
  }

  /** Whether the playhead moves: neither paused nor without media. */
  get moving(): boolean {
    return this.running && this.#report?.playing === true;
  }

  /**
   * When a segment must be complete if playback is not to stop; `durationMs` tells the lengths of the
   * segments before it. A segment behind the buffer or before the first report is due at once; one of a
   * rendition that no report has named yet, as after a switch, when the first track runs dry.
   */
  deadline({ rendition, msn }: Place, durationMs: (msn: number) => number, now: number): number {
    const report = this.#report;
    if (report === undefined || this.#tracks.length === 0) return now;
    // A paused playhead does not come nearer.
    const from = report.playing ? report.at : now;
    const track = this.#track(rendition);
    if (track === undefined)
      return from + Math.min(...this.#tracks.map((t) => t.bufferedMs)) - ENGINE.safetyMs;
    if (msn < track.next) return now;
    let ahead = track.bufferedMs;
    for (let before = track.next; before < msn && before < track.next + 64; before++)
      ahead += durationMs(before);
    return from + ahead - ENGINE.safetyMs;
  }

  #track(rendition: SegmentId['rendition']): TrackPosition | undefined {
    return this.#tracks.find((track) => track.rendition === rendition);
  }
}
