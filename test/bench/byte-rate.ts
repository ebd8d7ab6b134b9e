/** What may be sent at once after a pause, as time at the full rate: a late timer must not cost any of it. */
const BURST_MS = 100;

/** A rate that many share: who asks first is let through first, and nobody asks for much at a time. */
export class ByteRate {
  readonly #bytesPerMs: number;
  #freeAt = 0;

  constructor(kbps: number) {
    this.#bytesPerMs = kbps / 8;
  }

  /** Resolves when `bytes` may be sent. */
  async take(bytes: number): Promise<void> {
    const wait = this.reserve(bytes, performance.now());
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }

  /** Takes `bytes` at time `now`; how long to wait until they may be sent. Ms. */
  reserve(bytes: number, now: number): number {
    this.#freeAt = Math.max(this.#freeAt, now - BURST_MS) + bytes / this.#bytesPerMs;
    return Math.max(0, this.#freeAt - now);
  }
}
