import { TAG_HEAD_BYTES } from '../flv/tag.ts';

/** Width and height of a picture as it is shown, in pixels. */
export type PictureSize = { readonly width: number; readonly height: number };

/** Tag head, then frame type, packet type and composition time: where the decoder configuration begins. */
const CONFIG_AT = TAG_HEAD_BYTES + 5;
/** Profiles whose parameter sets describe the chroma format (ISO/IEC 14496-10, section 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  ...[100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135],
]);
/** More than any level of H.264 allows, in either direction. */
const MAX_SIDE = 16_384;

/**
 * The picture size that the AVC sequence header in a whole FLV tag announces: AVCDecoderConfigurationRecord (ISO/IEC
 * 14496-15, section 5.3.3.1) with its first sequence parameter set. Undefined when it cannot be read.
 */
export function pictureSize(tag: Uint8Array): PictureSize | undefined {
  const config = tag.subarray(CONFIG_AT);
  if (config[0] !== 1 || ((config[5] ?? 0) & 31) === 0) return undefined;
  const length = ((config[6] ?? 0) << 8) | (config[7] ?? 0);
  const unit = config.subarray(8, 8 + length);
  if (unit.length < 5 || unit.length !== length || ((unit[0] ?? 0) & 31) !== 7) return undefined;
  const size = readParameterSet(new BitReader(withoutEmulation(unit.subarray(1))));
  if (size === undefined) return undefined;
  const { width, height } = size;
  const fits = (side: number): boolean => side > 0 && side <= MAX_SIDE;
  return fits(width) && fits(height) ? size : undefined;
}

/** seq_parameter_set_data as far as its cropping (section 7.3.2.1.1). */
function readParameterSet(bits: BitReader): PictureSize | undefined {
  const profile = bits.take(8);
  bits.take(16);
  bits.unsigned();
  let chroma = 1;
  if (HIGH_PROFILES.has(profile)) {
    chroma = bits.unsigned();
    if (chroma === 3) bits.take(1);
    bits.unsigned();
    bits.unsigned();
    bits.take(1);
    if (bits.take(1) === 1) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.unsigned();
  const orderType = bits.unsigned();
  if (orderType === 0) bits.unsigned();
  else if (orderType === 1) {
    bits.take(1);
    bits.unsigned();
    bits.unsigned();
    for (let left = Math.min(bits.unsigned(), 255); left > 0; left--) bits.unsigned();
  }
  bits.unsigned();
  bits.take(1);
  const across = bits.unsigned() + 1;
  const down = bits.unsigned() + 1;
  const framesOnly = bits.take(1);
  if (framesOnly === 0) bits.take(1);
  bits.take(1);
  const crop = bits.take(1) === 1 ? [0, 0, 0, 0].map(() => bits.unsigned()) : [0, 0, 0, 0];
  if (bits.ended) return undefined;
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - framesOnly);
  return {
    width: across * 16 - (left + right) * unitX,
    height: down * 16 * (2 - framesOnly) - (top + bottom) * unitY,
  };
}

/** scaling_list (section 7.3.2.1.1.1): read only to know where it ends. */
function skipScalingLists(bits: BitReader, lists: number): void {
  for (let list = 0; list < lists; list++) {
    if (bits.take(1) === 0) continue;
    let next = 8;
    for (let left = list < 6 ? 16 : 64; left > 0 && next !== 0; left--)
      next = (next + bits.signed() + 256) % 256;
  }
}

/** Takes out the bytes that keep start codes from appearing (section 7.4.1). */
function withoutEmulation(unit: Uint8Array): Uint8Array {
  return unit.filter(
    (byte, at) => byte !== 3 || at < 2 || unit[at - 1] !== 0 || unit[at - 2] !== 0,
  );
}

/** Reads bits, the highest first; past the end it reads zeros and says so. */
class BitReader {
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

  /** ue(v) (section 9.1). */
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
