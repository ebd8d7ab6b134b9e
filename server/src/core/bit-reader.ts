/** Takes out the bytes that keep start codes from appearing (ISO/IEC 14496-10 and 23008-2, section 7.4.1). */
export function withoutEmulation(unit: Uint8Array): Uint8Array {
  return unit.filter(
    (byte, at) => byte !== 3 || at < 2 || unit[at - 1] !== 0 || unit[at - 2] !== 0,
  );
}

/** Reads bits, the highest first; past the end it reads zeros and says so. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether more was read than there is. */
  get ended(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at += 1;
    }
    return value;
  }

  /** Leaves bits out. */
  skip(count: number): void {
    this.#at += count;
  }

  /** ue(v) (ISO/IEC 14496-10, section 9.1). */
  unsigned(): number {
    let zeros = 0;
    while (zeros < 32 && !this.ended && this.take(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + this.take(zeros);
  }

  /** se(v) (section 9.1.1). */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
