/** What a media element shows at some moment. */
export type PlayheadSample = {
  /** Media time, in seconds. */
  readonly position: number;
  /** Whether it should be moving: neither paused, nor ended, nor seeking. */
  readonly active: boolean;
};

/** A playhead that stands still for so long has stalled. Ms. */
const STALL_MS = 250;

/** Counts stalls by watching whether the playhead moves: `waiting` is neither always sent nor always true. */
export class StallMeter {
  #position: number | undefined;
  #movedAt = 0;
  #begun = false;
  #stalledSince: number | undefined;
  #stalls = 0;
  #stalledMs = 0;

  sample({ position, active }: PlayheadSample, now: number): void {
    const moved = this.#position !== undefined && position !== this.#position;
    this.#position = position;
    if (!active || moved) {
      if (this.#stalledSince !== undefined) this.#stalledMs += now - this.#stalledSince;
      this.#stalledSince = undefined;
      this.#movedAt = now;
      this.#begun ||= active && moved;
      return;
    }
    if (this.#begun && this.#stalledSince === undefined && now - this.#movedAt >= STALL_MS) {
      this.#stalls += 1;
      this.#stalledSince = this.#movedAt;
    }
  }

  /** Stalls so far and their length in ms, one that lasts included. */
  read(now: number): { readonly stalls: number; readonly stalledMs: number } {
    const lasting = this.#stalledSince === undefined ? 0 : now - this.#stalledSince;
    return { stalls: this.#stalls, stalledMs: this.#stalledMs + lasting };
  }
}
