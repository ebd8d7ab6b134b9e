type Listener = (...args: readonly unknown[]) => void;

/**
 * What simple-peer needs of a stream where its data is neither piped nor written: events, and an end. In the place of
 * streamx, whose buffers and back-pressure nobody here asks for, in bundles that `lean-simple-peer.js` makes.
 */
export class Duplex {
  /** Set once the connection is gone after {@link Duplex.destroy}. */
  destroyed = false;
  readonly #listeners = new Map<string, readonly Listener[]>();
  #ended = false;

  on(name: string, listener: Listener): this {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return this;
  }

  once(name: string, listener: Listener): this {
    const own: Listener = (...args) => {
      this.removeListener(name, own);
      listener(...args);
    };
    return this.on(name, own);
  }

  removeListener(name: string, listener: Listener): this {
    const others = this.#listeners.get(name)?.filter((known) => known !== listener) ?? [];
    this.#listeners.set(name, others);
    return this;
  }

  emit(name: string, ...args: readonly unknown[]): boolean {
    const listeners = this.#listeners.get(name) ?? [];
    for (const listener of listeners) listener(...args);
    return listeners.length > 0;
  }

  /** Received data. */
  push(data: unknown): boolean {
    if (!this.#ended) this.emit('data', data);
    return true;
  }

  /** Nothing more will come; said in a task of its own, after what led to it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    queueMicrotask(() => this.emit('end'));
  }

  destroy(error?: Error): void {
    this.end();
    this._destroy(() => {
      this.destroyed = true;
      this.emit('close');
    }, error);
  }

  /** Frees what there is, then calls back; simple-peer's own takes its place. */
  _destroy(done: () => void, error?: Error): void {
    if (error !== undefined) this.emit('error', error);
    done();
  }
}
