/** What is done again and again. */
type Repeated = {
  readonly run: () => Promise<void>;
  readonly pauseMs: number;
  readonly onError: (error: unknown) => void;
};

/** Does something again and again, a pause before each time: there is never less between the end of one and the next. */
export class Pauses {
  readonly #repeated: Repeated;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(repeated: Repeated) {
    this.#repeated = repeated;
    this.#next();
  }

  /** Resolves when what is being done has ended; it is not done again. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #next(): void {
    if (this.#closed) return;
    const { run, pauseMs, onError } = this.#repeated;
    this.#timer = setTimeout(() => {
      this.#running = run()
        .catch(onError)
        .finally(() => {
          this.#next();
        });
    }, pauseMs).unref();
  }
}
