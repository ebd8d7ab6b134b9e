import { PACKET, readEnhanced } from '../flv/enhanced.ts';
import { FLV_TAG, TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES } from '../flv/tag.ts';

/** What a tag is for whoever counts media: key frames and other frames, sound, or nothing of them. */
export type MediaKind = 'key' | 'frame' | 'sound' | 'none';

const KEY = 1;
const COMMAND = 5;
const AVC = 7;
const AAC = 10;
const EX_AUDIO = 9;
const MULTITRACK = 6;
const AUDIO_MULTITRACK = 5;

/** Looks at the first bytes of a whole tag; allocates nothing for tags of one track. */
export function mediaKind(tag: Uint8Array): MediaKind {
  if (tag.length <= TAG_OVERHEAD_BYTES + 1) return 'none';
  const first = tag[TAG_HEAD_BYTES] ?? 0;
  const second = tag[TAG_HEAD_BYTES + 1] ?? 0;
  if (tag[0] === FLV_TAG.video) return pictureKind(tag, first, second);
  if (tag[0] !== FLV_TAG.audio) return 'none';
  const format = first >> 4;
  if (format === EX_AUDIO) return isMedia(tag, 'audio', first & 15) ? 'sound' : 'none';
  return format === AAC && second === 0 ? 'none' : 'sound';
}

/** Whether a tag of sound is AAC as plain FLV has it, whose silence is small. */
export function isPlainAac(tag: Uint8Array): boolean {
  return (tag[TAG_HEAD_BYTES] ?? 0) >> 4 === AAC;
}

function pictureKind(tag: Uint8Array, first: number, second: number): MediaKind {
  const frame = (first >> 4) & 7;
  if (frame === COMMAND) return 'none';
  const enhanced = first >= 0x80;
  const counts = enhanced
    ? isMedia(tag, 'video', first & 15)
    : (first & 15) !== AVC || second === 1;
  if (!counts) return 'none';
  return frame === KEY ? 'key' : 'frame';
}

function isMedia(tag: Uint8Array, kind: 'video' | 'audio', packet: number): boolean {
  if (packet === PACKET.codedFrames || packet === PACKET.codedFramesX) return true;
  const nested =
    packet === PACKET.modEx || packet === (kind === 'video' ? MULTITRACK : AUDIO_MULTITRACK);
  if (!nested) return false;
  const body = tag.subarray(TAG_HEAD_BYTES, tag.length - (TAG_OVERHEAD_BYTES - TAG_HEAD_BYTES));
  const header = readEnhanced(body, kind);
  return header?.packet === PACKET.codedFrames || header?.packet === PACKET.codedFramesX;
}
