/** A set whose items can be picked by position: add, remove and random choice all in constant time. */
export class IndexedArray<T> {
  readonly #items: T[] = [];
  readonly #positions = new Map<T, number>();

  get size(): number {
    return this.#items.length;
  }

  /** In no particular order; valid until the next change. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Does nothing when the item is there already. */
  add(item: T): void {
    if (this.#positions.has(item)) return;
    this.#positions.set(item, this.#items.length);
    this.#items.push(item);
  }

  /** Moves the last item into the gap; false when the item was not there. */
  delete(item: T): boolean {
    const position = this.#positions.get(item);
    if (position === undefined) return false;
    const last = this.#items.pop();
    this.#positions.delete(item);
    if (last !== undefined && last !== item) {
      this.#items[position] = last;
      this.#positions.set(last, position);
    }
    return true;
  }

  /** The item at a position between 0 and 1, for instance a random number. */
  at(fraction: number): T | undefined {
    return this.#items[Math.floor(fraction * this.#items.length)];
  }
}
