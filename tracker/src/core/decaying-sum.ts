/** A sum that forgets: what was added fades with the time constant `fadeMs`. */
export class DecayingSum {
  readonly #fadeMs: number;
  #value = 0;
  #at = 0;

  constructor(fadeMs: number) {
    this.#fadeMs = fadeMs;
  }

  add(amount: number, now: number): void {
    this.#value = this.value(now) + amount;
    this.#at = now;
  }

  value(now: number): number {
    if (this.#value === 0) return 0;
    return this.#value * Math.exp(-Math.max(0, now - this.#at) / this.#fadeMs);
  }

  /** The mean rate per second over the time constant. */
  ratePerSecond(now: number): number {
    return (this.value(now) / this.#fadeMs) * 1000;
  }
}
