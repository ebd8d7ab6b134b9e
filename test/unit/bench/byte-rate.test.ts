import { describe, expect, it } from 'vitest';
import { ByteRate } from '../../bench/byte-rate.ts';

describe('a shared rate', () => {
  it('lets bytes through at its pace, in the order in which they were asked for', () => {
    // 8 kbit/s are a byte a millisecond.
    const rate = new ByteRate(8);
    const waits = [100, 100, 100].map((bytes) => rate.reserve(bytes, 1_000));
    expect(waits).toEqual([0, 100, 200]);
  });

  it('saves up no more than a moment while nobody asks', () => {
    const rate = new ByteRate(8);
    rate.reserve(100, 1_000);
    expect(rate.reserve(100, 60_000)).toBe(0);
    expect(rate.reserve(100, 60_000)).toBe(100);
  });
});
