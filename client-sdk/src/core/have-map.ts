import { LIMITS } from '@shoal/protocol';

/** Which pieces of one segment a neighbour says it holds. */
export class HaveMap {
  /** Grows with the highest index; most segments have far fewer pieces than they may. */
  #bits = new Uint8Array(8);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(index: number): void {
    if (index >= 8 * this.#bits.length) this.#grow(index);
    const bit = 0x80 >> (index & 7);
    const byte = this.#bits[index >> 3] ?? 0;
    if ((byte & bit) !== 0) return;
    this.#bits[index >> 3] = byte | bit;
    this.#count += 1;
  }

  remove(index: number): void {
    if (!this.has(index)) return;
    this.#bits[index >> 3] = (this.#bits[index >> 3] ?? 0) & ~(0x80 >> (index & 7));
    this.#count -= 1;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  /** True if any piece of `[from, to)` is held. */
  hasAny(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (this.has(i)) return true;
    return false;
  }

  /** Replaces everything by the `pieces` first bits of `bitmap`. */
  replace(bitmap: Uint8Array, pieces: number): void {
    this.#bits.fill(0);
    this.#count = 0;
    for (let i = 0; i < pieces; i++)
      if (((bitmap[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0) this.add(i);
  }

  #grow(index: number): void {
    const bytes = Math.min(
      LIMITS.piecesPerSegment / 8,
      2 ** Math.ceil(Math.log2((index >> 3) + 1)),
    );
    const bits = new Uint8Array(bytes);
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
