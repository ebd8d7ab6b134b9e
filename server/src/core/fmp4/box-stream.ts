import { err, ok, type Result } from '@shoal/protocol';
import { fourCharacters } from './boxes.ts';

/** A whole top-level box, header included, in memory of its own. */
export type WholeBox = { readonly type: string; readonly bytes: Uint8Array };

const HEADER = 8;

/**
 * Cuts a byte stream into its top-level boxes. A box larger than `maxBytes`, or of a size that cannot
 * be, is an error, after which the stream must be given up; nothing is allocated for it.
 */
export class BoxStream {
  readonly #maxBytes: number;
  readonly #header: Uint8Array = new Uint8Array(HEADER);
  #headerFilled = 0;
  #box: Uint8Array | undefined;
  #filled = 0;

  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  /** Takes the next bytes; returns the boxes that they complete. */
  push(chunk: Uint8Array): Result<readonly WholeBox[], string> {
    const done: WholeBox[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#box === undefined) {
        const take = Math.min(HEADER - this.#headerFilled, chunk.length - at);
        this.#header.set(chunk.subarray(at, at + take), this.#headerFilled);
        this.#headerFilled += take;
        at += take;
        if (this.#headerFilled < HEADER) break;
        const opened = this.#open();
        if (!opened.ok) return opened;
      }
      const box = this.#box;
      if (box === undefined) break;
      const take = Math.min(box.length - this.#filled, chunk.length - at);
      box.set(chunk.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < box.length) break;
      done.push({ type: fourCharacters(box, 4), bytes: box });
      this.#box = undefined;
      this.#headerFilled = 0;
    }
    return ok(done);
  }

  #open(): Result<undefined, string> {
    const [a = 0, b = 0, c = 0, d = 0] = this.#header;
    const size = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    if (size < HEADER || size > this.#maxBytes) return err(`box of ${size} bytes`);
    this.#box = new Uint8Array(size);
    this.#box.set(this.#header);
    this.#filled = HEADER;
    return ok(undefined);
  }
}
