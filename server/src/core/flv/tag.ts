import {
  AUDIO_FOUR_CC,
  AUDIO_IDS,
  type AudioCodec,
  REFUSED_NAMES,
  SOUND_WITH_HEADER,
  VIDEO_FOUR_CC,
  VIDEO_IDS,
  type VideoCodec,
} from './codecs.ts';
import { PACKET, readEnhanced } from './enhanced.ts';

/** Types of FLV tag (Adobe FLV specification 10.1, section E.4.1). */
export const FLV_TAG = { audio: 8, video: 9, script: 18 } as const;

/** What an FLV file begins with: signature, audio and video flags, and the size of no previous tag. */
export const FLV_HEADER: Uint8Array = Uint8Array.of(
  ...[0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9],
  ...[0, 0, 0, 0],
);

/** Bytes before the body of a tag, and after it. */
const HEAD = 11;
const TAIL = 4;

/** What a tag is to the origin; `unsupported` names the codec for the operator. */
export type TagKind =
  | { readonly type: 'script' | 'ignored' }
  | {
      readonly type: 'video-header' | 'video' | 'key-frame';
      readonly codec: VideoCodec;
      /** What the decoder is given. */
      readonly data: Uint8Array;
      /** By how much it is shown later than decoded. Milliseconds. */
      readonly shownLaterMs: number;
    }
  | {
      readonly type: 'audio-header' | 'audio';
      readonly codec: AudioCodec;
      readonly data: Uint8Array;
    }
  | { readonly type: 'unsupported'; readonly codec: string };

/**
 * Writes the 11 bytes before and the 4 bytes after the body into `tag`, whose body is in place already:
 * `tag` is 15 bytes longer than the body. Returns the same array.
 */
export function sealTag(tag: Uint8Array, type: number, timestampMs: number): Uint8Array {
  const size = tag.length - HEAD - TAIL;
  tag[0] = type;
  tag[1] = size >> 16;
  tag[2] = size >> 8;
  tag[3] = size;
  tag[4] = timestampMs >> 16;
  tag[5] = timestampMs >> 8;
  tag[6] = timestampMs;
  tag[7] = timestampMs >> 24;
  tag.fill(0, 8, HEAD);
  const total = HEAD + size;
  tag[total] = total >> 24;
  tag[total + 1] = total >> 16;
  tag[total + 2] = total >> 8;
  tag[total + 3] = total;
  return tag;
}

/** Where the body of a tag begins, and how many bytes surround it. */
export const TAG_HEAD_BYTES: number = HEAD;
/** Bytes that a tag has besides its body. */
export const TAG_OVERHEAD_BYTES: number = HEAD + TAIL;

/**
 * What a whole tag, as {@link sealTag} writes it, carries: by the Adobe FLV specification 10.1, section E.4, or Enhanced RTMP v2. Short
 * or odd tags are `ignored`.
 */
export function tagKind(tag: Uint8Array): TagKind {
  const body = tag.subarray(HEAD, tag.length - TAIL);
  if (body.length < 1) return IGNORED;
  switch (tag[0]) {
    case FLV_TAG.script:
      return { type: 'script' };
    case FLV_TAG.audio:
      return audioKind(body);
    case FLV_TAG.video:
      return videoKind(body);
    default:
      return IGNORED;
  }
}

const IGNORED: TagKind = { type: 'ignored' };
/** SoundFormat of an enhanced tag. */
const EX_AUDIO = 9;
const COMMAND_FRAME = 5;

function audioKind(body: Uint8Array): TagKind {
  const format = (body[0] ?? 0) >> 4;
  if (format === EX_AUDIO) return enhancedAudio(body);
  const codec = AUDIO_IDS[format];
  if (codec === undefined) return { type: 'unsupported', codec: 'unknown audio' };
  if (codec !== 'AAC') return audio(codec, 'audio', body.subarray(1));
  if (body.length < 2) return IGNORED;
  return audio(codec, body[1] === 0 ? 'audio-header' : 'audio', body.subarray(2));
}

function enhancedAudio(body: Uint8Array): TagKind {
  const header = readEnhanced(body, 'audio');
  if (header === undefined) return IGNORED;
  const { packet, fourCc, from, to } = header;
  const codec = AUDIO_FOUR_CC.get(fourCc);
  if (codec === undefined) return unsupported(fourCc);
  const data = body.subarray(from, to);
  if (packet === PACKET.codedFrames) return audio(codec, 'audio', data);
  return packet === PACKET.sequenceStart ? audio(codec, 'audio-header', data) : IGNORED;
}

function audio(codec: AudioCodec, type: 'audio-header' | 'audio', data: Uint8Array): TagKind {
  // Most sound describes itself, so that a header of it says nothing.
  if (data.length === 0 || (type === 'audio-header' && !SOUND_WITH_HEADER.has(codec)))
    return IGNORED;
  return { type, codec, data };
}

function videoKind(body: Uint8Array): TagKind {
  const first = body[0] ?? 0;
  // The top bit says that a FourCC follows.
  if (first >= 0x80) return enhancedVideo(body);
  const frame = first >> 4;
  if (frame === COMMAND_FRAME) return IGNORED;
  const codec = VIDEO_IDS[first & 15];
  if (codec === undefined) return { type: 'unsupported', codec: 'unknown video' };
  const type = frame === 1 ? 'key-frame' : 'video';
  if (codec !== 'H.264')
    return body.length < 2 ? IGNORED : { type, codec, data: body.subarray(1), shownLaterMs: 0 };
  // A zero-length or truncated AVC packet lacks its packet type and composition time.
  if (body.length < 5) return IGNORED;
  const shownLaterMs = signed24(body, 2);
  const data = body.subarray(5);
  if (body[1] === 0) return { type: 'video-header', codec, data, shownLaterMs };
  return body[1] === 1 ? { type, codec, data, shownLaterMs } : IGNORED;
}

function enhancedVideo(body: Uint8Array): TagKind {
  const frame = ((body[0] ?? 0) >> 4) & 7;
  const header = readEnhanced(body, 'video');
  if (header === undefined || frame === COMMAND_FRAME) return IGNORED;
  const { packet, fourCc, from, to } = header;
  const codec = VIDEO_FOUR_CC.get(fourCc);
  if (codec === undefined) return unsupported(fourCc);
  const data = body.subarray(from, to);
  if (packet === PACKET.sequenceStart)
    return { type: 'video-header', codec, data, shownLaterMs: 0 };
  const type = frame === 1 ? 'key-frame' : 'video';
  // Pictures of AV1 are always sent in the order in which they are shown.
  const timed = packet === PACKET.codedFrames && codec !== 'AV1';
  if (!timed && packet !== PACKET.codedFrames && packet !== PACKET.codedFramesX) return IGNORED;
  const picture = timed ? data.subarray(3) : data;
  if (picture.length === 0) return IGNORED;
  return { type, codec, data: picture, shownLaterMs: timed ? signed24(data, 0) : 0 };
}

function unsupported(fourCc: string): TagKind {
  return { type: 'unsupported', codec: REFUSED_NAMES[fourCc] ?? 'unknown codec' };
}

/** By how much a picture is shown later than decoded: 24 bits, signed (Adobe FLV specification 10.1, section E.4.3.1). */
function signed24(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
  return ((a << 24) | (b << 16) | (c << 8)) >> 8;
}

/** When the media of a tag are decoded, milliseconds (FLV 10.1, annex E.4.1). */
export function tagTimeMs([, , , , a = 0, b = 0, c = 0, d = 0]: Uint8Array): number {
  return d * 2 ** 24 + ((a << 16) | (b << 8) | c);
}
