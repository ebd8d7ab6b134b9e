import { createHash } from 'node:crypto';
import {
  DIGEST_BYTES,
  digestList,
  isRoot,
  LIMITS,
  pieceDigest,
  rootOf,
  toBase64Url,
  verifyDigestList,
  verifyPiece,
} from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { originSegment, pieceOf, sha256 } from '../../support/builders.ts';
import { seededBytes } from '../../support/seeded-random.ts';

/** The leaves and tree heads that Certificate Transparency implementations publish for RFC 6962 and RFC 9162. */
const CT_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const CT_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** RFC 9162 section 2.1.1 once more, from the bottom up: pairs are joined level by level, an odd one moves up. */
function treeHead(pieces: readonly Uint8Array[]): string {
  const hash = (...parts: readonly Uint8Array[]): Buffer =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  let level = pieces.map((piece) => hash(Buffer.of(0), piece));
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      if (left !== undefined)
        next.push(right === undefined ? left : hash(Buffer.of(1), left, right));
    }
    level = next;
  }
  return level[0]?.toString('base64url') ?? '';
}

describe('the Merkle root', () => {
  it.each(CT_ROOTS.map((root, i) => [i + 1, root] as const))(
    'SEG-6 over %i leaves is the tree head of Certificate Transparency',
    (count, root) => {
      const leaves = CT_LEAVES.slice(0, count).map((hex) => Buffer.from(hex, 'hex'));
      const list = Buffer.concat(leaves.map((leaf) => pieceDigest(leaf, sha256)));
      expect(rootOf(list, sha256)).toBe(Buffer.from(root, 'hex').toString('base64url'));
    },
  );

  it('SEG-6 is that of an independent computation for every number of pieces', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: LIMITS.pieceBytes }),
        (pieces, last) => {
          const bytes = seededBytes(pieces, (pieces - 1) * LIMITS.pieceBytes + last);
          const cut = Array.from({ length: pieces }, (_, i) =>
            bytes.subarray(i * LIMITS.pieceBytes, (i + 1) * LIMITS.pieceBytes),
          );
          const list = digestList(bytes, sha256);
          expect(list).toHaveLength(pieces * DIGEST_BYTES);
          expect(rootOf(list, sha256)).toBe(treeHead(cut));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('LIM-2 is computed for the largest segment', () => {
    const list = Buffer.alloc(LIMITS.piecesPerSegment * DIGEST_BYTES, 7);
    expect(isRoot(rootOf(list, sha256))).toBe(true);
  });

  it('SEG-6 is 43 characters of base64url, and nothing else is a root', () => {
    const { root } = originSegment(1).info;
    expect(isRoot(root)).toBe(true);
    const others = [
      '',
      root.slice(1),
      `${root}=`,
      `${root}A`,
      root.replace(/.$/, '+'),
      7,
      null,
      {},
    ];
    for (const other of others) expect(isRoot(other)).toBe(false);
  });
});

describe('verification', () => {
  const segment = originSegment(1, { pieces: 5 });

  it('SEG-7 passes the digest list and the pieces of the segment', () => {
    const checked = verifyDigestList(segment.digests, segment.info, sha256);
    expect(checked).toEqual({ ok: true, value: segment.digests });
    for (let index = 0; index < 5; index++)
      expect(verifyPiece(pieceOf(segment, index), { list: segment.digests, index }, sha256)).toBe(
        true,
      );
  });

  it('SEG-7 refuses a digest list with any bit changed', () => {
    fc.assert(
      fc.property(fc.nat(segment.digests.length * 8 - 1), (bit) => {
        const list = segment.digests.slice();
        list[bit >> 3] = (list[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verifyDigestList(list, segment.info, sha256).ok).toBe(false);
      }),
    );
  });

  it('SEG-7 refuses a digest list of any other length, of another segment, or in another order', () => {
    const { digests } = segment;
    const swapped = Buffer.concat([
      digests.subarray(32, 64),
      digests.subarray(0, 32),
      digests.subarray(64),
    ]);
    const lists = [
      digests.subarray(0, -32),
      digests.subarray(1),
      new Uint8Array(0),
      Buffer.concat([digests, digests.subarray(0, 32)]),
      originSegment(2, { pieces: 5 }).digests,
      swapped,
    ];
    for (const list of lists) expect(verifyDigestList(list, segment.info, sha256).ok).toBe(false);
  });

  it('SEG-7 an inner node passed off as a piece is not one: leaves and nodes hash apart', () => {
    const [left, right] = [segment.digests.subarray(0, 32), segment.digests.subarray(32, 64)];
    const node = sha256(Uint8Array.of(1), left, right);
    expect(pieceDigest(Buffer.concat([left, right]), sha256)).not.toEqual(node);
    const short = Buffer.concat([node, segment.digests.subarray(64)]);
    expect(rootOf(short, sha256)).not.toBe(toBase64Url(node));
    expect(verifyDigestList(short, segment.info, sha256).ok).toBe(false);
  });

  it('SEG-7 refuses a piece with any byte changed, cut, lengthened, or at another index', () => {
    const piece = pieceOf(segment, 1);
    const at = { list: segment.digests, index: 1 };
    fc.assert(
      fc.property(fc.nat(piece.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const bad = piece.slice();
        bad[place] = (bad[place] ?? 0) ^ change;
        expect(verifyPiece(bad, at, sha256)).toBe(false);
      }),
      { numRuns: 50 },
    );
    expect(verifyPiece(piece.subarray(1), at, sha256)).toBe(false);
    expect(verifyPiece(Buffer.concat([piece, Buffer.of(0)]), at, sha256)).toBe(false);
    for (const index of [0, 2, 5, 10_000])
      expect(verifyPiece(piece, { ...at, index }, sha256)).toBe(false);
  });
});
