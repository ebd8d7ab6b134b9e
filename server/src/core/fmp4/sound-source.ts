import { readAudioConfig } from '../aac/audio-config.ts';
import { type AudioCodec } from '../flv/codecs.ts';
import { viewOf } from './boxes.ts';

/** A sound as a sample entry describes it. */
export type SoundSource = {
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples in a frame, where its frames are alike. */
  readonly frame: number;
  /** The sample entry, and what is in it besides its fixed fields. */
  readonly entry: SoundEntry;
};

/** What a sample entry is called, and what stands in its own box: a decoder configuration, or nothing. */
export type SoundEntry =
  /** `object`: objectTypeIndication (ISO/IEC 14496-1, section 7.2.6.6). */
  | { readonly type: 'mp4a'; readonly object: number; readonly config: Uint8Array }
  | { readonly type: 'Opus'; readonly config: Uint8Array }
  | { readonly type: 'fLaC'; readonly config: Uint8Array }
  | { readonly type: 'ac-3' | 'ec-3' };

const OBJECT = { aac: 0x40, mp3: 0x6b } as const;
const AAC_FRAME = 1_024;
/** Opus counts in samples of 48 kHz, whatever it was made of; most packets last 20 ms. */
const OPUS_RATE = 48_000;
const OPUS_FRAME = 960;
const OPUS_HEAD = 'OpusHead';
const OPUS_HEAD_BYTES = 19;
const MAX_OPUS_BYTES = 19 + 2 + 255;
const FLAC_MARK = 'fLaC';
/** Mark, head of the block and STREAMINFO (RFC 9639, section 8.2). */
const FLAC_BYTES = 4 + 4 + 34;
const AC3_RATES = [48_000, 44_100, 32_000] as const;
const AC3_SYNC = 0x0b77;
const AC3_FRAME = 1_536;
const EAC3_BLOCKS = [1, 2, 3, 6] as const;
const MP3_RATES = [44_100, 48_000, 32_000] as const;

/** Reads a header of a sound that has one; undefined when it cannot be read. */
export function soundOfHeader(codec: AudioCodec, data: Uint8Array): SoundSource | undefined {
  switch (codec) {
    case 'AAC': {
      const config = readAudioConfig(data);
      if (config === undefined) return undefined;
      const { bytes, sampleRate, channels } = config;
      const entry = { type: 'mp4a', object: OBJECT.aac, config: bytes } as const;
      return { sampleRate, channels, frame: AAC_FRAME, entry };
    }
    case 'Opus':
      return opus(data);
    case 'FLAC':
      return flac(data);
    default:
      return undefined;
  }
}

/** Reads what the first frame of a sound without header says; undefined when it cannot be read, or is of a sound that MP4 is not written of here. */
export function soundOfFrame(codec: AudioCodec, data: Uint8Array): SoundSource | undefined {
  if (data.length < 5) return undefined;
  const view = viewOf(data);
  switch (codec) {
    case 'MP3':
      return mp3(view.getUint32(0));
    case 'AC-3': {
      const sampleRate = AC3_RATES[view.getUint8(4) >> 6];
      if (sampleRate === undefined || view.getUint16(0) !== AC3_SYNC) return undefined;
      return { sampleRate, channels: 2, frame: AC3_FRAME, entry: { type: 'ac-3' } };
    }
    case 'E-AC-3': {
      const rate = view.getUint8(4) >> 6;
      const halved = (view.getUint8(4) >> 4) & 3;
      // Of half the rate there are always six blocks (ETSI TS 102 366, annex E.1.3.1).
      const sampleRate = AC3_RATES[rate] ?? (AC3_RATES[halved] ?? 0) / 2;
      const blocks = rate === 3 ? 6 : (EAC3_BLOCKS[halved] ?? 6);
      if (sampleRate === 0 || view.getUint16(0) !== AC3_SYNC) return undefined;
      return { sampleRate, channels: 2, frame: 256 * blocks, entry: { type: 'ec-3' } };
    }
    default:
      return undefined;
  }
}

/** The identification header of RFC 7845, section 5.1, as the box of Opus in ISO base media has it. */
function opus(data: Uint8Array): SoundSource | undefined {
  if (!begins(data, OPUS_HEAD) || data.length < OPUS_HEAD_BYTES || data.length > MAX_OPUS_BYTES)
    return undefined;
  const view = viewOf(data);
  const channels = view.getUint8(9);
  if (channels === 0) return undefined;
  // The same fields with the highest byte first, and another version.
  const config = Uint8Array.from(data.subarray(8));
  const out = viewOf(config);
  out.setUint8(0, 0);
  out.setUint16(2, view.getUint16(10, true));
  out.setUint32(4, view.getUint32(12, true));
  out.setInt16(8, view.getInt16(16, true));
  return { sampleRate: OPUS_RATE, channels, frame: OPUS_FRAME, entry: { type: 'Opus', config } };
}

function flac(data: Uint8Array): SoundSource | undefined {
  if (!begins(data, FLAC_MARK) || data.length < FLAC_BYTES) return undefined;
  const view = viewOf(data);
  const isStreamInfo = (view.getUint8(4) & 0x7f) === 0;
  const frame = view.getUint16(10);
  const fields = view.getUint32(18);
  const sampleRate = fields >>> 12;
  if (!isStreamInfo || sampleRate < 1_000 || frame === 0) return undefined;
  // Alone, it is the last of the blocks.
  const config = Uint8Array.from(data.subarray(4, FLAC_BYTES));
  config[0] = 0x80;
  const channels = ((fields >>> 9) & 7) + 1;
  return { sampleRate, channels, frame, entry: { type: 'fLaC', config } };
}

/** The head of a frame of MPEG-1 or MPEG-2 (ISO/IEC 11172-3, section 2.4.1.3; ISO/IEC 13818-3). */
function mp3(head: number): SoundSource | undefined {
  const version = (head >>> 19) & 3;
  const full = MP3_RATES[(head >>> 10) & 3];
  const layer = (head >>> 17) & 3;
  if (head >>> 21 !== 0x7ff || version === 1 || layer !== 1 || full === undefined) return undefined;
  const sampleRate = full / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const channels = ((head >>> 6) & 3) === 3 ? 1 : 2;
  const entry = { type: 'mp4a', object: OBJECT.mp3, config: new Uint8Array(0) } as const;
  return { sampleRate, channels, frame: version === 3 ? 1_152 : 576, entry };
}

function begins(data: Uint8Array, mark: string): boolean {
  for (let i = 0; i < mark.length; i++) if (data[i] !== mark.charCodeAt(i)) return false;
  return true;
}
