import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAmf0, ORIGIN_LIMITS } from '@shoal/server/core';

const NUMBER = [0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0];
const STRING = [2, 0, 2, 0x68, 0x69];
const KEY = [0, 1, 0x61];
const END = [0, 0, 9];

function check(...bytes: readonly number[]): boolean {
  return checkAmf0(Uint8Array.from(bytes)).ok;
}

describe('the AMF0 guard', () => {
  it.each([
    ['nothing', []],
    ['a command', [...STRING, ...NUMBER, 5]],
    ['an object', [3, ...KEY, ...STRING, ...KEY, 1, 1, ...END]],
    ['an ECMA array', [8, 0, 0, 0, 7, ...KEY, ...NUMBER, ...END, 6]],
    ['a strict array', [10, 0, 0, 0, 2, 5, ...NUMBER]],
    ['an empty strict array', [10, 0, 0, 0, 0, 5]],
    ['a typed object', [16, 0, 1, 0x61, ...KEY, 5, ...END]],
    [
      'a date, a reference, long text and XML',
      [11, ...Array<number>(10).fill(0), 7, 0, 1, 12, 0, 0, 0, 1, 0x61, 15, 0, 0],
    ],
    [
      'an array in an object in an array',
      [10, 0, 0, 0, 1, 3, ...KEY, 10, 0, 0, 0, 1, 5, ...END, 5],
    ],
  ])('%s passes', (_name, bytes) => {
    expect(check(...bytes)).toBe(true);
  });

  it.each([
    ['an unknown marker', [13]],
    ['an object end outside an object', [9]],
    ['a number that is cut off', [0, 1, 2]],
    ['a string that is cut off', [2, 0, 9, 0x61]],
    ['long text beyond the end', [12, 255, 255, 255, 255, 0]],
    ['an object without an end', [3, ...KEY, 5]],
    ['an object whose key is cut off', [3, 0, 9, 0x61]],
    ['an object with an end after a key', [3, ...KEY, 9]],
    ['an object with an empty key and a value', [3, 0, 0, 5, ...END]],
    ['a strict array that counts beyond the end', [10, 255, 255, 255, 255, 5]],
    ['a strict array that is cut off', [10, 0, 0, 0, 3, 5, 5]],
  ])('%s does not pass', (_name, bytes) => {
    expect(check(...bytes)).toBe(false);
  });

  it('nesting passes up to the limit and not beyond', () => {
    const nested = (depth: number): number[] => [
      ...Array.from({ length: depth }, () => [3, ...KEY]).flat(),
      5,
      ...Array.from({ length: depth }, () => END).flat(),
    ];
    expect(check(...nested(ORIGIN_LIMITS.amfDepth))).toBe(true);
    expect(check(...nested(ORIGIN_LIMITS.amfDepth + 1))).toBe(false);
    expect(checkAmf0(Uint8Array.from(nested(20_000))).ok).toBe(false);
  });

  it('the number of values is limited', () => {
    expect(check(...Array<number>(ORIGIN_LIMITS.amfValues).fill(5))).toBe(true);
    expect(check(...Array<number>(ORIGIN_LIMITS.amfValues + 1).fill(5))).toBe(false);
  });

  it('arbitrary bytes, markers above all, never throw', () => {
    const byte = fc.oneof(fc.integer({ min: 0, max: 17 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 200 }), (bytes) => {
        check(...bytes);
      }),
    );
  });
});
