/** The header of an enhanced tag, and where what follows it is in the body (Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader). */
export type EnhancedHeader = {
  readonly packet: number;
  /** Four characters, which a stranger wrote. */
  readonly fourCc: string;
  /** Where the payload begins and ends in the body. */
  readonly from: number;
  readonly to: number;
};

/** VideoPacketType, and AudioPacketType where it has the same. */
export const PACKET = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  codedFramesX: 3,
  metadata: 4,
  modEx: 7,
} as const;

const VIDEO_MULTITRACK = 6;
const AUDIO_MULTITRACK = 5;
/** AvMultitrackType. */
const ONE_TRACK = 0;
const MANY_CODECS = 2;
/** The track that those who know of no others are to take. */
const DEFAULT_TRACK = 0;
/** Extensions before the header proper; one is defined, of the timestamp. */
const MAX_MOD_EX = 8;

/**
 * Reads the header of an enhanced tag's `body`; undefined for one that is cut off or of another track than the default one.
 * Extensions (nanoseconds of the timestamp) are left out. Of several tracks the one with id 0 is taken.
 */
export function readEnhanced(
  body: Uint8Array,
  kind: 'video' | 'audio',
): EnhancedHeader | undefined {
  let packet = (body[0] ?? 0) & 15;
  let at = 1;
  for (let left = MAX_MOD_EX; packet === PACKET.modEx; left--) {
    let size = (body[at] ?? 0) + 1;
    at += 1;
    if (size === 256) {
      size = (((body[at] ?? 0) << 8) | (body[at + 1] ?? 0)) + 1;
      at += 2;
    }
    at += size;
    packet = (body[at] ?? 0) & 15;
    at += 1;
    if (left === 0 || at > body.length) return undefined;
  }
  const multitrack = packet === (kind === 'video' ? VIDEO_MULTITRACK : AUDIO_MULTITRACK);
  if (multitrack) return readTracks(body, at);
  const from = at + 4;
  if (from > body.length) return undefined;
  return { packet, fourCc: fourCc(body, at), from, to: body.length };
}

function readTracks(body: Uint8Array, start: number): EnhancedHeader | undefined {
  const type = (body[start] ?? 0) >> 4;
  const packet = (body[start] ?? 0) & 15;
  if (type > MANY_CODECS) return undefined;
  let at = start + 1;
  let codec = '';
  if (type !== MANY_CODECS) {
    codec = fourCc(body, at);
    at += 4;
  }
  // Each track takes bytes of the body, which is no longer than a message.
  while (at < body.length) {
    if (type === MANY_CODECS) {
      codec = fourCc(body, at);
      at += 4;
    }
    const id = body[at];
    at += 1;
    let to = body.length;
    if (type !== ONE_TRACK) {
      const size = ((body[at] ?? 0) << 16) | ((body[at + 1] ?? 0) << 8) | (body[at + 2] ?? 0);
      at += 3;
      to = at + size;
    }
    if (at > body.length || to > body.length) return undefined;
    if (id === DEFAULT_TRACK) return { packet, fourCc: codec, from: at, to };
    at = to;
  }
  return undefined;
}

function fourCc(body: Uint8Array, at: number): string {
  return String.fromCharCode(...body.subarray(at, at + 4));
}
