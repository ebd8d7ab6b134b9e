/** Does something again and again, and at once when it is woken; never twice at the same time. */
export class Rounds {
  readonly #run: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  /** Begins with a first round. A round that fails is followed by the next one as all others. */
  constructor(of: {
    readonly run: () => Promise<void>;
    readonly everyMs: number;
    readonly onError: (error: unknown) => void;
  }) {
    this.#run = of.run;
    this.#onError = of.onError;
    this.#timer = setInterval(() => {
      this.wake();
    }, of.everyMs).unref();
    this.wake();
  }

  /** A round from now on: at once, or after the one that is going on. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#go().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the round that is going on has ended; there is no other after it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #go(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      await this.#run().catch(this.#onError);
    }
  }
}
