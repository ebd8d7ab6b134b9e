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
  | { readonly type: 'script' | 'audio' | 'audio-header' | 'video-header' | 'video' | 'key-frame' }
  | { readonly type: 'unsupported'; readonly codec: string }
  | { readonly type: 'ignored' };

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

/** What a whole tag, as {@link sealTag} writes it, carries. Short or odd tags are `ignored`. */
export function tagKind(tag: Uint8Array): TagKind {
  const body = tag.length - TAG_OVERHEAD_BYTES;
  if (body < 1) return { type: 'ignored' };
  switch (tag[0]) {
    case FLV_TAG.script:
      return { type: 'script' };
    case FLV_TAG.audio:
      return audioKind(tag, body);
    case FLV_TAG.video:
      return videoKind(tag, body);
    default:
      return { type: 'ignored' };
  }
}

const AUDIO_CODECS: Readonly<Record<number, string>> = {
  0: 'PCM',
  1: 'ADPCM',
  2: 'MP3',
  3: 'PCM',
  4: 'Nellymoser',
  5: 'Nellymoser',
  6: 'Nellymoser',
  7: 'G.711',
  8: 'G.711',
  11: 'Speex',
  14: 'MP3',
};

function audioKind(tag: Uint8Array, body: number): TagKind {
  const format = (tag[HEAD] ?? 0) >> 4;
  if (format === 9) return { type: 'unsupported', codec: fourCc(tag) };
  if (format !== 10) return { type: 'unsupported', codec: AUDIO_CODECS[format] ?? 'unknown audio' };
  if (body < 2) return { type: 'ignored' };
  return { type: tag[HEAD + 1] === 0 ? 'audio-header' : 'audio' };
}

const VIDEO_CODECS: Readonly<Record<number, string>> = {
  2: 'H.263',
  3: 'Screen video',
  4: 'VP6',
  5: 'VP6',
  6: 'Screen video',
  8: 'H.263',
  9: 'MPEG-4',
  12: 'HEVC',
  13: 'AV1',
};

function videoKind(tag: Uint8Array, body: number): TagKind {
  const first = tag[HEAD] ?? 0;
  // Enhanced RTMP: the top bit says that a FourCC follows; H.264 is never sent that way by OBS or ffmpeg.
  if (first >= 0x80) return { type: 'unsupported', codec: fourCc(tag) };
  const codec = first & 15;
  const frame = first >> 4;
  if (frame === 5) return { type: 'ignored' };
  if (codec !== 7) return { type: 'unsupported', codec: VIDEO_CODECS[codec] ?? 'unknown video' };
  // A zero-length or truncated AVC packet lacks its packet type and composition time.
  if (body < 5) return { type: 'ignored' };
  if (tag[HEAD + 1] === 0) return { type: 'video-header' };
  if (tag[HEAD + 1] !== 1) return { type: 'ignored' };
  return { type: frame === 1 ? 'key-frame' : 'video' };
}

const FOUR_CC: Readonly<Record<string, string>> = {
  hvc1: 'HEVC',
  av01: 'AV1',
  vp09: 'VP9',
  vp08: 'VP8',
  Opus: 'Opus',
  fLaC: 'FLAC',
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
  '.mp3': 'MP3',
  mp4a: 'AAC in enhanced RTMP',
  avc1: 'H.264 in enhanced RTMP',
};

function fourCc(tag: Uint8Array): string {
  const name = String.fromCharCode(...tag.subarray(HEAD + 1, HEAD + 5));
  return FOUR_CC[name] ?? 'unknown codec';
}
