/** Remembers answers for a moment, so that many who ask the same are one question. What failed is asked again at once. */
export class Remembered<T> {
  readonly #ms: number;
  readonly #most: number;
  readonly #now: () => number;
  /** In the order in which they were asked. */
  readonly #known = new Map<string, { readonly at: number; readonly answer: Promise<T> }>();

  constructor(of: { readonly ms: number; readonly most: number; readonly now: () => number }) {
    this.#ms = of.ms;
    this.#most = of.most;
    this.#now = of.now;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#now();
    const known = this.#known.get(key);
    if (known !== undefined && now - known.at < this.#ms) return known.answer;
    const asked = { at: now, answer: ask() };
    this.#known.delete(key);
    this.#known.set(key, asked);
    asked.answer.catch(() => {
      if (this.#known.get(key) === asked) this.#known.delete(key);
    });
    for (const [oldest, { at }] of this.#known) {
      if (this.#known.size <= this.#most && now - at < this.#ms) break;
      this.#known.delete(oldest);
    }
    return asked.answer;
  }
}
