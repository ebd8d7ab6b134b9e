/** Smooths the rate and the response time of HTTP transfers; both pessimistic, since a deadline hangs on them. */
export class HttpEstimate {
  #fast: number | undefined;
  #slow: number | undefined;
  #responseMs = 100;

  /** Bytes received in `ms` since the first of them; transfers too short to tell anything are ignored. */
  transferred(bytes: number, ms: number): void {
    if (bytes < 16_384) return;
    const rate = bytes / Math.max(ms, 1);
    this.#fast = blend(this.#fast, rate, 0.5);
    this.#slow = blend(this.#slow, rate, 0.15);
  }

  /** Time from request to first byte. */
  responded(ms: number): void {
    this.#responseMs = blend(this.#responseMs, ms, 0.3);
  }

  /** Whether a transfer has been seen. */
  get known(): boolean {
    return this.#fast !== undefined;
  }

  /** Bytes per ms, or `guess` before the first transfer. */
  rate(guess: number): number {
    return Math.min(this.#fast ?? guess, this.#slow ?? guess);
  }

  /** From request to first byte, ms. */
  get responseMs(): number {
    return this.#responseMs;
  }
}

function blend(old: number | undefined, sample: number, weight: number): number {
  return old === undefined ? sample : old + weight * (sample - old);
}
