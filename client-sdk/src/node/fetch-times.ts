/** How long segments took from being asked for to being complete. Times in ms. */
export type FetchTimes = {
  /** Segments loaded since the start. */
  readonly segments: number;
  /** Of the last 256 segments; undefined before the first. */
  readonly medianMs: number | undefined;
  readonly p95Ms: number | undefined;
  readonly maxMs: number | undefined;
};

const KEPT = 256;

/** Remembers the fetch times of the last segments. */
export class FetchTimeLog {
  readonly #kept: number[] = [];
  #segments = 0;

  add(ms: number): void {
    this.#kept[this.#segments % KEPT] = ms;
    this.#segments += 1;
  }

  read(): FetchTimes {
    const sorted = [...this.#kept].sort((a, b) => a - b);
    const at = (share: number): number | undefined =>
      sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
    return { segments: this.#segments, medianMs: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
  }
}
