import { type StoredFile } from '../../core/index.ts';

/** How a read that many share ended: whole, given up because nobody was left, or with an error. */
export type SharedReadEnd = 'whole' | 'left' | 'failed';

/**
 * A file that is read once, for all who want parts of it: each gets what has arrived so far and then what comes. It begins with the
 * first reader, and ends before it is whole when the last one goes without its part.
 */
export class SharedRead {
  readonly file: StoredFile;
  readonly #onEnd: (end: SharedReadEnd) => void;
  readonly #bytes: Uint8Array;
  readonly #waiting: Set<() => void> = new Set();
  #received = 0;
  #readers = 0;
  #source: AsyncIterator<Uint8Array> | undefined;
  #end: SharedReadEnd | undefined;
  #error: unknown;

  constructor(file: StoredFile, onEnd: (end: SharedReadEnd) => void) {
    this.file = file;
    this.#onEnd = onEnd;
    this.#bytes = new Uint8Array(file.size);
  }

  /** Its bytes from `from` up to, not including, `to`; fails as the read does. */
  read(from: number, to: number): AsyncIterator<Uint8Array> {
    this.#readers += 1;
    this.#source ??= this.#begin();
    let at = from;
    let left = false;
    let wake = (): void => undefined;
    const leave = (satisfied: boolean): void => {
      if (left) return;
      left = true;
      this.#readers -= 1;
      // Who got its part is likely to be followed by others who want theirs.
      if (this.#readers === 0 && !satisfied) this.#finish('left');
      wake();
    };
    return {
      next: async () => {
        while (!left && at < to) {
          const upTo = Math.min(to, this.#received);
          if (upTo > at) {
            const value = this.#bytes.subarray(at, upTo);
            at = upTo;
            return { done: false, value };
          }
          if (this.#end !== undefined) {
            leave(false);
            throw this.#error;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
            this.#waiting.add(resolve);
          });
          this.#waiting.delete(wake);
        }
        leave(true);
        return { done: true, value: undefined };
      },
      return: () => {
        leave(at === to);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #begin(): AsyncIterator<Uint8Array> {
    const source = this.file.read(0, this.file.size)[Symbol.asyncIterator]();
    void this.#pump(source);
    return source;
  }

  async #pump(source: AsyncIterator<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const result = await source.next();
        if (this.#end !== undefined) return;
        if (result.done === true) break;
        this.#bytes.set(result.value, this.#received);
        this.#received += result.value.length;
        this.#wakeAll();
      }
      if (this.#received < this.file.size) throw new Error('a store ended a file too early');
      this.#finish('whole');
    } catch (error) {
      this.#error = error;
      this.#finish('failed');
    }
  }

  /** The first end counts. */
  #finish(end: SharedReadEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    // It is told to end at once; what it says of that is no news.
    if (end === 'left') this.#source?.return?.().then(undefined, () => undefined);
    this.#wakeAll();
    this.#onEnd(end);
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
