import { type CutInit, type Cutter } from '../fmp4/cut.ts';

/** One encoder's run, and what is known of its output. */
export type Epoch = {
  readonly epoch: number;
  readonly cutter: Cutter;
  init?: { readonly renditions: readonly CutInit[]; stored: boolean };
  /** When its first media came in, Unix milliseconds. */
  mediaAt: number | undefined;
  /** What it decodes, for people; undefined where that is H.264 and AAC. */
  readonly decodes: string | undefined;
  /** Its output is of no use any more; it was told to die. */
  doomed: boolean;
};

/** Encoders that may be writing out what they hold while a newer one runs. */
const MAX_ENCODERS = 4;

/** The encoder of now, and those before it that have not left yet. */
export class EncoderEpochs {
  readonly #epochs = new Map<number, Epoch>();
  #current: Epoch | undefined;

  /** The one that is fed; undefined while there is none. */
  get current(): Epoch | undefined {
    return this.#current;
  }

  get(epoch: number): Epoch | undefined {
    return this.#epochs.get(epoch);
  }

  /** Makes this one the current; returns those that are too many and must be killed. */
  begin(record: Epoch): readonly number[] {
    this.#epochs.set(record.epoch, record);
    this.#current = record;
    const surplus = [...this.#epochs.keys()].slice(0, -MAX_ENCODERS);
    for (const old of surplus) this.#epochs.delete(old);
    return surplus;
  }

  /** It is fed no more; what it still writes counts. True if it was the current one. */
  release(record: Epoch | undefined): boolean {
    if (record === undefined || this.#current !== record) return false;
    this.#current = undefined;
    return true;
  }

  /** It has left. True if it was the current one. */
  end(record: Epoch): boolean {
    this.#epochs.delete(record.epoch);
    return this.release(record);
  }
}
