/** A transfer below this says more about latency than about rate. Bytes. */
const SMALLEST_SAMPLE = 65_536;
/** Half of the weight lies in the last so many ms of transferring. */
const HALF_LIFE_MS = 3_000;

/** Smoothed rate of HTTP transfers, for the player's choice of quality. */
export class RateMeter {
  #bits = 0;
  #weight = 0;

  /** A transfer of `bytes` that took `ms` from its first byte to its last. */
  sample(bytes: number, ms: number): void {
    if (bytes < SMALLEST_SAMPLE) return;
    const duration = Math.max(ms, 1);
    const keep = 0.5 ** (duration / HALF_LIFE_MS);
    this.#bits = keep * this.#bits + (1 - keep) * ((bytes * 8_000) / duration);
    this.#weight = keep * this.#weight + (1 - keep);
  }

  /** Bits per second; undefined before the first usable transfer. */
  bitsPerSecond(): number | undefined {
    return this.#weight === 0 ? undefined : this.#bits / this.#weight;
  }
}
