/** A shorter stand-still is not seen; the Node peer and the SDK's stall meter go by the same. Ms. */
const STALL_MS = 250;

/** A player without a picture: uses up what it got at the pace of the clock. Times in ms. */
export class MediaClock {
  #position: number | undefined;
  #end = 0;
  #at = 0;
  #dryAt: number | undefined;
  #stalls = 0;
  #stalledMs = 0;

  /** Where the playhead stands in the stream; undefined before the first segment. */
  position(now: number): number | undefined {
    this.#advance(now);
    return this.#position;
  }

  /** Media ahead of the playhead. */
  buffered(now: number): number {
    return Math.max(0, this.#end - (this.position(now) ?? this.#end));
  }

  /** A segment that follows the one before. */
  append(segment: { readonly start: number; readonly duration: number }, now: number): void {
    this.#advance(now);
    const dry = this.#dry(now);
    if (dry >= STALL_MS) {
      this.#stalls += 1;
      this.#stalledMs += dry;
    }
    this.#dryAt = undefined;
    this.#position ??= segment.start;
    this.#end = segment.start + segment.duration;
  }

  /** Those that last included. */
  stalls(now: number): { readonly stalls: number; readonly stalledMs: number } {
    this.#advance(now);
    const dry = this.#dry(now);
    const lasts = dry >= STALL_MS;
    return {
      stalls: this.#stalls + (lasts ? 1 : 0),
      stalledMs: this.#stalledMs + (lasts ? dry : 0),
    };
  }

  #advance(now: number): void {
    const passed = now - this.#at;
    this.#at = now;
    if (this.#position === undefined) return;
    const left = this.#end - this.#position;
    if (passed > left) this.#dryAt ??= now - (passed - left);
    this.#position += Math.min(passed, left);
  }

  #dry(now: number): number {
    return this.#dryAt === undefined ? 0 : now - this.#dryAt;
  }
}
