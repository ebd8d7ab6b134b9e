const WINDOW_MS = 1_000;

/** Bytes of segment data that arrive a ms, from neighbours and origin together, over about the last second. */
export class ReceiveRate {
  #bytes = 0;
  #at = 0;

  add(bytes: number, now: number): void {
    this.#bytes = this.#decayed(now) + bytes;
    this.#at = now;
  }

  /** Bytes a ms. */
  read(now: number): number {
    return this.#decayed(now) / WINDOW_MS;
  }

  #decayed(now: number): number {
    return this.#bytes * Math.exp((this.#at - now) / WINDOW_MS);
  }
}
