import { BitReader, withoutEmulation } from '../bit-reader.ts';
import { TAG_HEAD_BYTES } from '../flv/tag.ts';

/** Width and height of a picture as it is shown, in pixels. */
export type PictureSize = { readonly width: number; readonly height: number };

/** The decoder configuration of a picture, as it is written into MP4, and what it says. */
export type PictureConfig = PictureSize & {
  readonly record: Uint8Array;
  /** As in the CODECS attribute (RFC 6381). */
  readonly codec: string;
};

/** Tag head, then frame type, packet type and composition time: where the decoder configuration begins. */
const CONFIG_AT = TAG_HEAD_BYTES + 5;
/** Profiles whose parameter sets describe the chroma format (ISO/IEC 14496-10, section 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  ...[100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135],
]);
/** More than any level of H.264, HEVC or AV1 that is in use allows, in either direction. */
const MAX_SIDE = 16_384;

/** Whether a picture can be so large. */
export function isPictureSize({ width, height }: PictureSize): boolean {
  const fits = (side: number): boolean => side > 0 && side <= MAX_SIDE;
  return fits(width) && fits(height);
}

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
  return size !== undefined && isPictureSize(size) ? size : undefined;
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
