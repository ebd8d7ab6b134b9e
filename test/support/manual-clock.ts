/** A clock that stands still until a test moves it. Times in ms; it never goes back. */
export class ManualClock {
  #now: number;

  constructor(now = 0) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  advanceTo(now: number): void {
    if (now < this.#now) throw new Error(`clock moved back from ${this.#now} to ${now}`);
    this.#now = now;
  }
}
