import { BitReader, withoutEmulation } from '../bit-reader.ts';
import { isPictureSize, type PictureConfig, type PictureSize } from '../h264/picture-size.ts';

/** Of HEVCDecoderConfigurationRecord before its arrays (ISO/IEC 14496-15, section 8.3.3.1). */
const HEAD = 23;
/** nal_unit_type of a sequence parameter set (ISO/IEC 23008-2, table 7-1). */
const SPS = 33;
/** General profile, tier and level: what a record has from its second byte on, and a parameter set too. */
const PROFILE_BYTES = 12;
const MAX_SUB_LAYERS = 6;

/**
 * Reads an HEVCDecoderConfigurationRecord; undefined when it cannot be read. What it says of profile and level is put right by its
 * sequence parameter set, which decoders go by.
 */
export function readHevcConfig(bytes: Uint8Array): PictureConfig | undefined {
  if (bytes.length < HEAD || bytes[0] !== 1) return undefined;
  const unit = firstParameterSet(bytes);
  if (unit === undefined) return undefined;
  // Its header, then ids and flags of one byte.
  const set = withoutEmulation(unit).subarray(2);
  const size = readParameterSet(set);
  if (size === undefined || !isPictureSize(size)) return undefined;
  const record = Uint8Array.from(bytes);
  record.set(set.subarray(1, 1 + PROFILE_BYTES), 1);
  return { ...size, record, codec: hevcCodec(record) };
}

/** The CODECS value of a record with profile and level in it (ISO/IEC 14496-15, annex E.3). */
export function hevcCodec(record: Uint8Array): string {
  const [, first = 0, a = 0, b = 0, c = 0, d = 0] = record;
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? '';
  const tier = ((first >> 5) & 1) === 1 ? 'H' : 'L';
  let flags = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++, flags >>>= 1) reversed = reversed * 2 + (flags & 1);
  const constraints = [...record.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const hex = (value: number): string => value.toString(16).toUpperCase();
  return [
    ...['hvc1', `${space}${first & 31}`, hex(reversed), `${tier}${record[12] ?? 0}`],
    ...constraints.map(hex),
  ].join('.');
}

function firstParameterSet(bytes: Uint8Array): Uint8Array | undefined {
  let at = HEAD;
  for (let arrays = bytes[HEAD - 1] ?? 0; arrays > 0; arrays--) {
    const type = (bytes[at] ?? 0) & 63;
    let count = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    at += 3;
    for (; count > 0; count--) {
      const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      at += 2;
      if (at + length > bytes.length) return undefined;
      if (type === SPS && length > PROFILE_BYTES + 3) return bytes.subarray(at, at + length);
      at += length;
    }
  }
  return undefined;
}

/** seq_parameter_set_rbsp as far as its conformance window (ISO/IEC 23008-2, section 7.3.2.2.1). */
function readParameterSet(set: Uint8Array): PictureSize | undefined {
  const bits = new BitReader(set);
  bits.skip(4);
  const subLayers = bits.take(3);
  if (subLayers > MAX_SUB_LAYERS) return undefined;
  bits.skip(1 + PROFILE_BYTES * 8);
  skipSubLayers(bits, subLayers);
  bits.unsigned();
  const chroma = bits.unsigned();
  if (chroma === 3) bits.skip(1);
  const [width, height] = [bits.unsigned(), bits.unsigned()];
  const crop = bits.take(1) === 1 ? [0, 0, 0, 0].map(() => bits.unsigned()) : [0, 0, 0, 0];
  if (bits.ended) return undefined;
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = chroma === 1 ? 2 : 1;
  return { width: width - (left + right) * unitX, height: height - (top + bottom) * unitY };
}

/** profile_tier_level of the layers below (section 7.3.3). */
function skipSubLayers(bits: BitReader, count: number): void {
  const layers = Array.from({ length: count }, () => ({
    profile: bits.take(1),
    level: bits.take(1),
  }));
  if (count > 0) bits.skip(2 * (8 - count));
  for (const { profile, level } of layers) bits.skip(88 * profile + 8 * level);
}
