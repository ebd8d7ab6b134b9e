import { err, ok, type Result } from './result.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Map(ALPHABET.split('').map((char, value) => [char, value]));

/** Bytes as unpadded base64url (RFC 4648 section 5). Written here because neither `btoa` nor `Buffer` exists everywhere. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const chunk = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const chars = Math.min(bytes.length - i, 3) + 1;
    for (let c = 0; c < chars; c++) text += ALPHABET.charAt((chunk >> (18 - 6 * c)) & 63);
  }
  return text;
}

/** The bytes of an unpadded base64url text of exactly `length` bytes. Left-over bits must be zero (RFC 4648 section 3.5), so that bytes have one text. */
export function fromBase64Url(text: string, length: number): Result<Uint8Array, string> {
  if (text.length !== Math.ceil((length * 4) / 3)) return err('base64url of the wrong length');
  const bytes = new Uint8Array(length);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of text) {
    const value = VALUES.get(char);
    if (value === undefined) return err('not base64url');
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? ok(bytes) : err('not base64url');
}
