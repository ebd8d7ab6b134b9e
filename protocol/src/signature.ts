import { fromBase64Url } from './base64url.ts';
import type { ChannelId } from './ids.ts';
import { DIGEST_BYTES } from './integrity.ts';
import { unwrap } from './result.ts';
import type { SegmentInfo } from './segment.ts';

/** Bytes of a public key, and of a signature, of Ed25519 (RFC 8032 section 5.1). */
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** No other text that a channel's key might sign begins so. */
const DOMAIN = 'shoal:segment:1\0';

/**
 * What a channel's key signs of a segment (SEG-14): the domain, channel and rendition with their lengths before them (1 byte
 * each), epoch, media sequence number, size, duration in ms (4 bytes each, big-endian), and the 32 bytes of the root. No two
 * different statements have the same bytes. The info must be one that a parser of this package has let pass, or the origin made.
 */
export function segmentStatement(channel: ChannelId, info: SegmentInfo): Uint8Array {
  const { id, size, durationMs, root } = info;
  const numbers = new Uint8Array(16);
  const view = new DataView(numbers.buffer);
  for (const [i, number] of [id.epoch, id.msn, size, durationMs].entries())
    view.setUint32(4 * i, number);
  return Uint8Array.from([
    ...ascii(DOMAIN),
    channel.length,
    ...ascii(channel),
    id.rendition.length,
    ...ascii(id.rendition),
    ...numbers,
    ...unwrap(fromBase64Url(root, DIGEST_BYTES)),
  ]);
}

/** True for text that can be a signature: 64 bytes as base64url. */
export function isSignature(value: unknown): value is string {
  return typeof value === 'string' && fromBase64Url(value, SIGNATURE_BYTES).ok;
}

/** The bytes of what {@link isSignature} lets pass. */
export function signatureBytes(signature: string): Uint8Array {
  return unwrap(fromBase64Url(signature, SIGNATURE_BYTES));
}

/** The 32 bytes of a public key that is written as base64url; undefined for all else. */
export function publicKeyBytes(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = fromBase64Url(value, PUBLIC_KEY_BYTES);
  return bytes.ok ? bytes.value : undefined;
}

/** Ids have no other characters (SEG-1). */
function ascii(text: string): readonly number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}
