import { describe, expect, it } from 'vitest';
import {
  bufferEnd,
  nextToBuffer,
} from '../../../../../client-sdk/src/adapters/hlsjs/buffer-ahead.ts';

describe('the end of the buffer', () => {
  it('is the playhead where nothing is buffered there', () => {
    expect(bufferEnd([], 5)).toBe(5);
    expect(bufferEnd([{ start: 0, end: 4 }], 5)).toBe(5);
    expect(bufferEnd([{ start: 6, end: 9 }], 5)).toBe(5);
  });

  it('is that of the stretch around the playhead', () => {
    expect(bufferEnd([{ start: 4, end: 8.5 }], 5)).toBe(8.5);
  });

  it('passes over holes of a quarter of a second, and over no larger ones', () => {
    expect(
      bufferEnd(
        [
          { start: 0, end: 6 },
          { start: 6.25, end: 8 },
          { start: 8.3, end: 10 },
        ],
        5,
      ),
    ).toBe(8);
  });
});

describe('the segment to buffer next', () => {
  const segments = [10, 11, 12].map((sn) => ({ sn, end: (sn - 9) * 2 }));

  it('is the first that ends beyond the buffer', () => {
    expect(nextToBuffer(segments, 0)).toBe(10);
    expect(nextToBuffer(segments, 3)).toBe(11);
  });

  it('is not one of which only a tenth of a second is missing', () => {
    expect(nextToBuffer(segments, 1.95)).toBe(11);
    expect(nextToBuffer(segments, 1.85)).toBe(10);
  });

  it('is the one after the last where all are buffered', () => {
    expect(nextToBuffer(segments, 6)).toBe(13);
  });

  it('is unknown where none is listed', () => {
    expect(nextToBuffer([], 6)).toBeUndefined();
  });
});
