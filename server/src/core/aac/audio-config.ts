import { TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES } from '../flv/tag.ts';

/** What an AudioSpecificConfig says (ISO/IEC 14496-3, section 1.6.2.1). */
export type AudioConfig = {
  /** As it was sent; players are given it unchanged. */
  readonly bytes: Uint8Array;
  /** Samples per second of the core codec. */
  readonly sampleRate: number;
  readonly channels: number;
};

const RATES = [
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050],
  ...[16_000, 12_000, 11_025, 8_000, 7_350],
] as const;
const ESCAPE_RATE = 15;
/** By channelConfiguration; 0 is told in the stream itself, and counts as stereo. */
const CHANNELS = [2, 1, 2, 3, 4, 5, 6, 8] as const;
const MAX_BYTES = 64;

/** Reads the AAC sequence header in a whole FLV tag; undefined when it cannot be read. */
export function audioConfig(tag: Uint8Array): AudioConfig | undefined {
  return readAudioConfig(
    tag.subarray(TAG_HEAD_BYTES + 2, tag.length - (TAG_OVERHEAD_BYTES - TAG_HEAD_BYTES)),
  );
}

/** Reads an AudioSpecificConfig; undefined when it cannot be read. */
export function readAudioConfig(bytes: Uint8Array): AudioConfig | undefined {
  if (bytes.length < 2 || bytes.length > MAX_BYTES) return undefined;
  const bit = (at: number): number => ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
  const field = (from: number, count: number): number => {
    let value = 0;
    for (let at = from; at < from + count; at++) value = value * 2 + bit(at);
    return value;
  };
  // Object types above 31 have six bits more.
  const at = field(0, 5) === 31 ? 11 : 5;
  const index = field(at, 4);
  const explicit = index === ESCAPE_RATE;
  const sampleRate = explicit ? field(at + 4, 24) : RATES[index];
  const channels = CHANNELS[field(at + (explicit ? 28 : 4), 4)];
  if (sampleRate === undefined || sampleRate < 1_000 || channels === undefined) return undefined;
  return { bytes, sampleRate, channels };
}
