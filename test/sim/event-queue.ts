/** What is to run when; of two at the same time, the one that came first. */
type Due = { readonly at: number; readonly order: number; readonly run: () => void };

/** A virtual clock: callbacks run in order of their time, and in order of arrival at equal times. */
export class EventQueue {
  now = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Due[] = [];
  #order = 0;

  at(time: number, run: () => void): void {
    const due = { at: Math.max(time, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let hole = heap.length;
    // Those later than it move down, it itself only once.
    while (hole > 0) {
      const parentAt = (hole - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(due, parent)) break;
      heap[hole] = parent;
      hole = parentAt;
    }
    heap[hole] = due;
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  /** Runs everything that is due until `time`; the clock then stands there. */
  runUntil(time: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= time;) {
      this.#pop();
      this.now = first.at;
      first.run();
      first = this.#heap[0];
    }
    this.now = time;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let hole = 0;
    for (let left = 1; left < heap.length; left = 2 * hole + 1) {
      let childAt = left;
      let child = heap[left];
      const right = heap[left + 1];
      if (child === undefined) break;
      if (right !== undefined && isBefore(right, child)) {
        childAt = left + 1;
        child = right;
      }
      if (!isBefore(child, last)) break;
      heap[hole] = child;
      hole = childAt;
    }
    heap[hole] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
