/** Where a check says what it found wrong. */
export type Report = (problem: string) => void;

const MOST = 100;

/** Collects findings in words, each once. What is wrong stays wrong in every version that follows: a hundred are enough. */
export class Findings {
  readonly #found = new Set<string>();

  get list(): readonly string[] {
    return [...this.#found];
  }

  readonly add: Report = (problem) => {
    if (this.#found.size < MOST) this.#found.add(problem);
  };

  /** The same, with a name in front of each. */
  of(name: string): Report {
    return (problem) => {
      this.add(`${name}: ${problem}`);
    };
  }
}
