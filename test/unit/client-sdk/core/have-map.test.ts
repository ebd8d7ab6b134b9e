import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HaveMap } from '../../../../client-sdk/src/core/have-map.ts';

describe('a have-map', () => {
  it('PEER-4 is a set of piece numbers', () => {
    const change = fc.tuple(fc.boolean(), fc.nat(2_047));
    fc.assert(
      fc.property(fc.array(change), fc.nat(2_047), fc.nat(40), (changes, from, length) => {
        const map = new HaveMap();
        const model = new Set<number>();
        for (const [adds, index] of changes) {
          if (adds) map.add(index);
          else map.remove(index);
          if (adds) model.add(index);
          else model.delete(index);
        }
        expect(map.count).toBe(model.size);
        for (const [, index] of changes) expect(map.has(index)).toBe(model.has(index));
        const any = [...model].some((index) => index >= from && index < from + length);
        expect(map.hasAny(from, from + length)).toBe(any);
      }),
    );
  });

  it('PEER-4 is replaced by a bitmap, of which only the bits of real pieces count', () => {
    const map = new HaveMap();
    map.add(500);
    map.replace(Uint8Array.of(0b1010_0000, 0b0111_1111), 9);
    expect(map.count).toBe(2);
    expect([0, 1, 2, 8, 9, 15, 500].filter((index) => map.has(index))).toEqual([0, 2]);
  });
});
