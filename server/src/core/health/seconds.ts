/** What is counted in each second. */
export type Counted =
  'videoBytes' | 'audioBytes' | 'frames' | 'mediaMs' | 'videoMs' | 'madeMs' | 'heldMs' | 'jumps';

const COUNTED: readonly Counted[] = [
  ...(['videoBytes', 'audioBytes', 'frames', 'mediaMs', 'videoMs'] as const),
  ...(['madeMs', 'heldMs', 'jumps'] as const),
];

/** Seconds that are remembered. */
export const REMEMBERED = 60;

/** Counts by the second they are of, of the last minute. Takes no memory but what it has from the beginning. */
export class Seconds {
  readonly #counts: Readonly<Record<Counted, Float64Array>>;
  /** The second that goes on. */
  #now: number;

  constructor(nowMs: number) {
    const arrays = COUNTED.map((name) => [name, new Float64Array(REMEMBERED)] as const);
    this.#counts = Object.fromEntries(arrays) as Record<Counted, Float64Array>;
    this.#now = Math.floor(nowMs / 1_000);
  }

  /** Forgets what is too long ago. A clock that goes back counts as one that stands. */
  at(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    const from = Math.max(this.#now + 1, second - REMEMBERED + 1);
    for (let next = from; next <= second; next++)
      for (const name of COUNTED) this.#counts[name][next % REMEMBERED] = 0;
    this.#now = Math.max(this.#now, second);
  }

  add(name: Counted, amount: number): void {
    const counts = this.#counts[name];
    const at = this.#now % REMEMBERED;
    counts[at] = (counts[at] ?? 0) + amount;
  }

  /** The sum of whole seconds: of `length` of them, the last of which was `ago` before the one that goes on. */
  sum(name: Counted, length: number, ago = 1): number {
    let sum = 0;
    for (let back = ago; back < Math.min(ago + length, REMEMBERED); back++)
      sum += this.#counts[name][(this.#now - back + 2 * REMEMBERED) % REMEMBERED] ?? 0;
    return sum;
  }
}
