/** Things that expire in the order in which they were touched last, since all live equally long. */
export class ExpiryMap<T> {
  readonly #due = new Map<T, number>();
  readonly #lifeMs: number;

  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs;
  }

  /** Starts the life of an item, or starts it anew. */
  touch(item: T, now: number): void {
    this.#due.delete(item);
    this.#due.set(item, now + this.#lifeMs);
  }

  delete(item: T): void {
    this.#due.delete(item);
  }

  /** Takes out everything whose time is over. */
  expire(now: number): readonly T[] {
    const expired: T[] = [];
    for (const [item, due] of this.#due) {
      if (due > now) break;
      expired.push(item);
    }
    for (const item of expired) this.#due.delete(item);
    return expired;
  }
}
