/** Things that are due at times of their own, told at most a second late; every call takes constant time. */
export class DueSet<T> {
  readonly #bySecond = new Map<number, Set<T>>();
  readonly #second = new Map<T, number>();
  /** Everything before this second was given out. */
  #next = 0;

  get size(): number {
    return this.#second.size;
  }

  /** Makes an item due at `at` (ms), and at no other time. */
  schedule(item: T, at: number, now: number): void {
    this.delete(item);
    // Not in a second that was looked at already.
    const second = Math.max(Math.ceil(at / 1000), this.#next, secondOf(now));
    if (this.#second.size === 0) this.#next = secondOf(now);
    const others = this.#bySecond.get(second);
    if (others === undefined) this.#bySecond.set(second, new Set([item]));
    else others.add(item);
    this.#second.set(item, second);
  }

  delete(item: T): void {
    const second = this.#second.get(item);
    if (second === undefined) return;
    this.#second.delete(item);
    const others = this.#bySecond.get(second);
    others?.delete(item);
    if (others?.size === 0) this.#bySecond.delete(second);
  }

  /** Takes out what is due. */
  take(now: number): readonly T[] {
    const due: T[] = [];
    if (this.#second.size === 0) return due;
    const last = secondOf(now);
    // A clock that jumps far would make more seconds than there are items.
    const seconds =
      last - this.#next > this.#bySecond.size
        ? [...this.#bySecond.keys()].filter((second) => second <= last).sort((a, b) => a - b)
        : Array.from({ length: Math.max(0, last - this.#next + 1) }, (_, i) => this.#next + i);
    for (const second of seconds) due.push(...(this.#bySecond.get(second) ?? []));
    for (const item of due) this.delete(item);
    this.#next = Math.max(this.#next, last + 1);
    return due;
  }
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1000);
}
