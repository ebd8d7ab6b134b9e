import { FLV_TAG, sealTag, TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES, type TagKind } from './tag.ts';

/** What stands before H.264, AAC and MP3 in tags of the Adobe FLV specification 10.1, section E.4. */
const KEY_H264 = 0x17;
const OTHER_H264 = 0x27;
const AAC = 0xaf;
const MP3 = 0x2f;

/**
 * The same tag without what Enhanced RTMP puts before H.264, AAC and MP3, for readers of FLV that do not know it; others come back as
 * they are.
 */
export function plainTag(tag: Uint8Array, kind: TagKind): Uint8Array {
  if (!isEnhanced(tag)) return tag;
  const head = plainHead(kind);
  if (head === undefined || !('data' in kind)) return tag;
  const [, , , , a = 0, b = 0, c = 0, high = 0] = tag;
  const plain = new Uint8Array(TAG_OVERHEAD_BYTES + head.length + kind.data.length);
  plain.set(head, TAG_HEAD_BYTES);
  plain.set(kind.data, TAG_HEAD_BYTES + head.length);
  return sealTag(plain, tag[0] ?? 0, (high << 24) | (a << 16) | (b << 8) | c);
}

function isEnhanced(tag: Uint8Array): boolean {
  const first = tag[TAG_HEAD_BYTES] ?? 0;
  return tag[0] === FLV_TAG.video ? first >= 0x80 : first >> 4 === 9;
}

function plainHead(kind: TagKind): Uint8Array | undefined {
  switch (kind.type) {
    case 'video-header':
    case 'key-frame':
    case 'video': {
      if (kind.codec !== 'H.264') return undefined;
      const { shownLaterMs: late } = kind;
      const first = kind.type === 'video' ? OTHER_H264 : KEY_H264;
      return Uint8Array.of(
        ...[first, kind.type === 'video-header' ? 0 : 1],
        ...[late >> 16, late >> 8, late],
      );
    }
    case 'audio-header':
    case 'audio':
      if (kind.codec === 'AAC') return Uint8Array.of(AAC, kind.type === 'audio' ? 1 : 0);
      return kind.codec === 'MP3' ? Uint8Array.of(MP3) : undefined;
    default:
      return undefined;
  }
}
