import { BitReader } from '../bit-reader.ts';
import { isPictureSize, type PictureConfig, type PictureSize } from '../h264/picture-size.ts';

/** Of AV1CodecConfigurationRecord before its OBUs (AV1 codec ISO media file format binding, section 2.3.3). */
const HEAD = 4;
const MARKER_AND_VERSION = 0x81;
/** obu_type of a sequence header (AV1 specification, section 6.2.2). */
const SEQUENCE_HEADER = 1;
/** Levels above have a tier. */
const LAST_LEVEL_WITHOUT_TIER = 7;

type Sequence = PictureSize & {
  readonly profile: number;
  readonly level: number;
  readonly tier: number;
  readonly deep: number;
};

/**
 * Reads an AV1CodecConfigurationRecord; undefined when it cannot be read. What it says of profile, level, tier and depth is put right by
 * its sequence header, which decoders go by.
 */
export function readAv1Config(bytes: Uint8Array): PictureConfig | undefined {
  if (bytes.length < HEAD || bytes[0] !== MARKER_AND_VERSION) return undefined;
  const payload = sequencePayload(bytes.subarray(HEAD));
  const sequence = payload && readSequence(new BitReader(payload));
  if (sequence === undefined || !isPictureSize(sequence)) return undefined;
  const { width, height, profile, level, tier, deep } = sequence;
  const record = Uint8Array.from(bytes);
  record[1] = (profile << 5) | level;
  record[2] = (tier << 7) | (deep << 6) | ((bytes[2] ?? 0) & 63);
  return { width, height, record, codec: av1Codec(record) };
}

/** The CODECS value of a record (the same, section 5); what it leaves out has its default value. */
export function av1Codec(record: Uint8Array): string {
  const [, first = 0, second = 0] = record;
  const profile = first >> 5;
  const deep = (second & 0x40) !== 0;
  const depth = profile === 2 && deep && (second & 0x20) !== 0 ? '12' : deep ? '10' : '08';
  const level = String(first & 31).padStart(2, '0');
  return `av01.${profile}.${level}${(second & 0x80) === 0 ? 'M' : 'H'}.${depth}`;
}

/** What the first OBU has, if it is a sequence header (section 5.3 of the AV1 specification). */
function sequencePayload(obus: Uint8Array): Uint8Array | undefined {
  const head = obus[0] ?? 0;
  if (((head >> 3) & 15) !== SEQUENCE_HEADER) return undefined;
  let at = (head & 4) === 0 ? 1 : 2;
  if ((head & 2) === 0) return obus.subarray(at);
  let size = 0;
  for (let i = 0; i < 4; i++) {
    const byte = obus[at] ?? 0;
    at += 1;
    size |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return at + size <= obus.length ? obus.subarray(at, at + size) : undefined;
  }
  return undefined;
}

/** sequence_header_obu as far as its depth (section 5.5.1). */
function readSequence(bits: BitReader): Sequence | undefined {
  const profile = bits.take(3);
  bits.skip(1);
  const reduced = bits.take(1) === 1;
  const { level, tier } = reduced ? { level: bits.take(5), tier: 0 } : readOperation(bits);
  const [across, down] = [bits.take(4) + 1, bits.take(4) + 1];
  const [width, height] = [bits.take(across) + 1, bits.take(down) + 1];
  if (!reduced && bits.take(1) === 1) bits.skip(7);
  bits.skip(3);
  if (!reduced) skipTools(bits);
  bits.skip(3);
  const deep = bits.take(1);
  return bits.ended ? undefined : { profile, level, tier, width, height, deep };
}

/** Timing and the operating points, of which the first counts. */
function readOperation(bits: BitReader): { readonly level: number; readonly tier: number } {
  let delayBits: number | undefined;
  if (bits.take(1) === 1) {
    bits.skip(64);
    if (bits.take(1) === 1) bits.unsigned();
    if (bits.take(1) === 1) {
      delayBits = bits.take(5) + 1;
      bits.skip(42);
    }
  }
  const displayDelay = bits.take(1) === 1;
  let first: { readonly level: number; readonly tier: number } | undefined;
  for (let left = bits.take(5); left >= 0; left--) {
    bits.skip(12);
    const level = bits.take(5);
    const tier = level > LAST_LEVEL_WITHOUT_TIER ? bits.take(1) : 0;
    if (delayBits !== undefined && bits.take(1) === 1) bits.skip(2 * delayBits + 1);
    if (displayDelay && bits.take(1) === 1) bits.skip(4);
    first ??= { level, tier };
  }
  return first ?? { level: 0, tier: 0 };
}

/** From enable_interintra_compound to order_hint_bits. */
function skipTools(bits: BitReader): void {
  bits.skip(4);
  const orderHint = bits.take(1) === 1;
  if (orderHint) bits.skip(2);
  const chosen = bits.take(1) === 1;
  const screenContent = chosen || bits.take(1) === 1;
  if (screenContent && bits.take(1) === 0) bits.skip(1);
  if (orderHint) bits.skip(3);
}
