import type { Stall } from './reading.ts';

/** Looked at this often, in ms. */
const LOOK_MS = 100;
/** A playhead that stands still for so long has stalled. Ms. */
const STALL_MS = 400;
/** Of HTMLMediaElement. */
const HAVE_FUTURE_DATA = 3;

/** What is looked at of a media element. */
export type Playhead = Pick<
  HTMLMediaElement,
  'currentTime' | 'paused' | 'playbackRate' | 'readyState'
>;

/**
 * Notes where a playhead stands still after it has begun to move. What counts is the time by which it fell behind
 * the clock, not whether it was seen to move: a page that cannot look for half a second has not stalled by that.
 */
export class PlayheadWatch {
  readonly #stalls: Stall[] = [];
  #lookedAt: number;
  #position: number;
  #begun = false;
  /** The standstill that lasts. */
  #since: number | undefined;
  #lostMs = 0;

  constructor({ currentTime }: Playhead, now: number) {
    this.#position = currentTime;
    this.#lookedAt = now;
  }

  look({ currentTime, paused, playbackRate, readyState }: Playhead, now: number): void {
    const passed = now - this.#lookedAt;
    const advanced = currentTime - this.#position;
    const lost = Math.max(0, passed - (advanced * 1000) / playbackRate);
    const from = this.#lookedAt;
    this.#lookedAt = now;
    this.#position = currentTime;
    if (!this.#begun || paused) {
      this.#begun ||= advanced !== 0 && readyState >= HAVE_FUTURE_DATA;
      this.#end();
      return;
    }
    // A seek, back or forth, is no standstill.
    if (advanced < 0 || (lost < passed / 2 && lost < STALL_MS)) {
      this.#end();
      return;
    }
    this.#since ??= from;
    this.#lostMs += lost;
  }

  /** So far, one that lasts included. */
  stalls(): readonly Stall[] {
    const lasting = this.#lasting();
    return lasting === undefined ? this.#stalls : [...this.#stalls, lasting];
  }

  #end(): void {
    const over = this.#lasting();
    if (over !== undefined) this.#stalls.push(over);
    this.#since = undefined;
    this.#lostMs = 0;
  }

  #lasting(): Stall | undefined {
    return this.#since !== undefined && this.#lostMs >= STALL_MS
      ? { at: this.#since, ms: Math.round(this.#lostMs) }
      : undefined;
  }
}

/** Watches `video` from now on; returns what was noted so far. */
export function watchPlayhead(video: HTMLVideoElement): () => readonly Stall[] {
  const watch = new PlayheadWatch(video, Date.now());
  setInterval(() => {
    watch.look(video, Date.now());
  }, LOOK_MS);
  return () => watch.stalls();
}
