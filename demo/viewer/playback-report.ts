/** What a viewer says of its playback: both counted since it said so last. */
export type PlaybackNews = {
  readonly type: 'playback';
  readonly stalls: number;
  readonly errors: number;
};

/** Counts what happened between two reports. */
export class PlaybackReport {
  #stalls = 0;
  #pendingStalls = 0;
  #pendingErrors = 0;

  /** The stalls that the playback of now has counted; fewer than before are those of another playback. */
  stalls(count: number): void {
    this.#pendingStalls += count < this.#stalls ? count : count - this.#stalls;
    this.#stalls = count;
  }

  /** Playback failed. */
  failed(): void {
    this.#pendingErrors += 1;
  }

  /** What is to be said now. */
  take(): PlaybackNews {
    const news = {
      type: 'playback',
      stalls: this.#pendingStalls,
      errors: this.#pendingErrors,
    } as const;
    this.#pendingStalls = 0;
    this.#pendingErrors = 0;
    return news;
  }
}
