import { LIMITS } from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SegmentEntry } from '../../../../client-sdk/src/core/segment-entry.ts';
import { originSegment, pieceOf, sha256 } from '../../../support/builders.ts';

const P = LIMITS.pieceBytes;
const segment = originSegment(1, { pieces: 4 });
const all = (): boolean => true;

function entryOf(): SegmentEntry {
  return new SegmentEntry(segment, { now: 0, pullFrom: 0, sha256 });
}

describe('a segment coming together', () => {
  it('SEG-7 is complete, and the same bytes, in whatever order and from whatever source its pieces come', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(
        order,
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        (indexes, overHttp) => {
          const entry = entryOf();
          expect(entry.acceptDigests(segment.digests)).toEqual([]);
          for (const index of indexes) {
            expect(entry.complete).toBe(false);
            if (overHttp[index] === true) {
              entry.mark(index, 'fetching');
              expect(entry.write(index * P, pieceOf(segment, index), all)).toBe(0);
              expect(entry.fetched(index)).toBe(true);
            } else expect(entry.offer(index, pieceOf(segment, index))).toBe('stored');
          }
          expect(entry.complete).toBe(true);
          expect(Buffer.compare(entry.data, segment.bytes)).toBe(0);
          expect([...entry.takeFresh()].sort()).toEqual([0, 1, 2, 3]);
          expect(entry.takeFresh()).toEqual([]);
          expect(entry.bitmap()).toEqual(Uint8Array.of(0xf0));
          expect(entry.missingBytes).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('SEG-7 keeps nothing that fails: an offered piece, a list, a fetched piece', () => {
    const entry = entryOf();
    expect(entry.offer(0, pieceOf(segment, 0))).toBe('corrupt');
    expect(entry.acceptDigests(originSegment(2, { pieces: 4 }).digests)).toBeUndefined();
    entry.acceptDigests(segment.digests);
    expect(entry.offer(0, pieceOf(segment, 1))).toBe('corrupt');
    expect(entry.offer(3, segment.bytes.subarray(3 * P - 1))).toBe('corrupt');
    expect(entry.offer(4, pieceOf(segment, 0))).toBe('corrupt');
    entry.mark(0, 'fetching');
    entry.write(0, new Uint8Array(P), all);
    expect(entry.fetched(0)).toBe(false);
    expect(entry.count('missing')).toBe(4);
    expect(entry.piece(0)).toBeUndefined();
    expect(entry.freshFrom).toBeUndefined();
  });

  it('SEG-7 verifies what was staged when the digest list comes, and names the corrupt pieces', () => {
    const entry = entryOf();
    for (const index of [0, 1]) entry.mark(index, 'fetching');
    entry.write(0, pieceOf(segment, 0), all);
    entry.write(P, new Uint8Array(P), all);
    for (const index of [0, 1]) expect(entry.fetched(index)).toBe(true);
    expect(entry.count('staged')).toBe(2);
    expect(entry.acceptDigests(segment.digests)).toEqual([1]);
    expect([0, 1].map((index) => entry.state(index))).toEqual(['verified', 'missing']);
  });

  it('SEG-7 needs no digest list when all of it came from the origin', () => {
    const entry = entryOf();
    for (const bytes of [new Uint8Array(segment.info.size), segment.bytes]) {
      for (let index = 0; index < 4; index++) entry.mark(index, 'fetching');
      entry.write(0, bytes, all);
      for (let index = 0; index < 4; index++) entry.fetched(index);
      expect(entry.verifyWhole()).toBe(bytes === segment.bytes);
    }
    expect(entry.complete).toBe(true);
    expect(entry.digests).toEqual(segment.digests);
  });

  it('SEG-7 a verified piece is never written again, by whomever', () => {
    const entry = entryOf();
    entry.acceptDigests(segment.digests);
    entry.offer(1, pieceOf(segment, 1));
    entry.mark(1, 'missing');
    entry.mark(1, 'fetching');
    expect(entry.write(P, new Uint8Array(P), all)).toBe(P);
    expect(entry.offer(1, new Uint8Array(P))).toBe('held-already');
    expect(Buffer.compare(entry.piece(1) ?? new Uint8Array(0), pieceOf(segment, 1))).toBe(0);
  });

  it('bytes of pieces that are not awaited, or lie beyond the end, are dropped and counted', () => {
    const entry = entryOf();
    entry.mark(1, 'fetching');
    expect(entry.write(0, segment.bytes, (index) => index !== 1)).toBe(segment.info.size);
    expect(entry.write(0, segment.bytes, all)).toBe(segment.info.size - P);
    expect(entry.write(10 * P, segment.bytes, all)).toBe(segment.info.size);
  });

  it('takes no memory before the first byte, and its size from then on', () => {
    const entry = entryOf();
    expect(entry.bytes).toBe(0);
    entry.acceptDigests(segment.digests);
    entry.offer(0, pieceOf(segment, 0));
    expect(entry.bytes).toBe(segment.info.size);
    expect(() => entry.data).toThrow('incomplete');
  });

  it('PEER-8 a promise lasts until its time and for its pieces only', () => {
    const entry = entryOf();
    entry.promise({ from: 1, to: 99 }, 500);
    expect([0, 1, 3].map((index) => entry.promisedAfter(index, 499))).toEqual([false, true, true]);
    expect(entry.promisedAfter(1, 500)).toBe(false);
  });
});
