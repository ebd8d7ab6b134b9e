/** A virtual clock: callbacks run in order of their time, and in order of arrival at equal times. */
export class EventQueue {
  now = 0;
  #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  at(time: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ at: Math.max(time, this.now), order: this.#order++, run });
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  /** Runs everything that is due until `time`; the clock then stands there. */
  runUntil(time: number): void {
    for (
      let first = this.#heap[0];
      first !== undefined && first.at <= time;
      first = this.#heap[0]
    ) {
      this.#pop();
      this.now = first.at;
      first.run();
    }
    this.now = time;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (this.#heap.length === 0 || last === undefined) return;
    this.#heap[0] = last;
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      const least = [left, left + 1]
        .filter((child) => child < this.#heap.length)
        .reduce((best, child) => (this.#before(child, best) ? child : best), i);
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (x === undefined || y === undefined) return false;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x !== undefined && y !== undefined) [this.#heap[a], this.#heap[b]] = [y, x];
  }
}
