import { toBase64Url, fromBase64Url } from './base64url.ts';
import { LIMITS } from './limits.ts';
import { err, ok, type Result } from './result.ts';
import { pieceCount } from './segment.ts';

/** Bytes of a SHA-256 digest. */
export const DIGEST_BYTES = 32;

/** SHA-256 over the concatenation of `parts`. Synchronous, so that a pure core can verify before it does anything else. */
export type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Digest of one piece: SHA-256(0x00 ‖ piece), the leaf hash of RFC 9162 section 2.1.1 (SEG-6). */
export function pieceDigest(piece: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(LEAF, piece);
}

/** The digests of all pieces of a segment, concatenated in order: its digest list. */
export function digestList(segment: Uint8Array, sha256: Sha256): Uint8Array {
  const list = new Uint8Array(pieceCount(segment.length) * DIGEST_BYTES);
  for (let at = 0, i = 0; at < segment.length; at += LIMITS.pieceBytes, i++)
    list.set(pieceDigest(segment.subarray(at, at + LIMITS.pieceBytes), sha256), i * DIGEST_BYTES);
  return list;
}

/** Merkle tree hash of a digest list (RFC 9162 section 2.1.1), as base64url: the root that playlists carry. */
export function rootOf(list: Uint8Array, sha256: Sha256): string {
  return toBase64Url(treeHash(list, sha256));
}

function treeHash(list: Uint8Array, sha256: Sha256): Uint8Array {
  const leaves = list.length / DIGEST_BYTES;
  if (leaves <= 1) return list;
  let split = 1;
  while (split * 2 < leaves) split *= 2;
  const at = split * DIGEST_BYTES;
  return sha256(NODE, treeHash(list.subarray(0, at), sha256), treeHash(list.subarray(at), sha256));
}

/** Checks that a digest list received from anybody belongs to the segment with this root and size (SEG-7). */
export function verifyDigestList(
  list: Uint8Array,
  expected: { readonly size: number; readonly root: string },
  sha256: Sha256,
): Result<Uint8Array, string> {
  if (list.length !== pieceCount(expected.size) * DIGEST_BYTES)
    return err('digest list of the wrong length');
  return rootOf(list, sha256) === expected.root ? ok(list) : err('digest list of another segment');
}

/** Checks one piece against a verified digest list (SEG-7). */
export function verifyPiece(
  piece: Uint8Array,
  at: { readonly list: Uint8Array; readonly index: number },
  sha256: Sha256,
): boolean {
  return isListed(pieceDigest(piece, sha256), at);
}

/** Whether a digest list has this digest at that place. */
export function isListed(
  digest: Uint8Array,
  { list, index }: { readonly list: Uint8Array; readonly index: number },
): boolean {
  const offset = index * DIGEST_BYTES;
  return digest.every((byte, i) => byte === list[offset + i]);
}

/** True for text that can be a root. */
export function isRoot(value: unknown): value is string {
  return typeof value === 'string' && fromBase64Url(value, DIGEST_BYTES).ok;
}
