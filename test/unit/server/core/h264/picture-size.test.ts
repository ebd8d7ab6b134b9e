import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FLV_TAG,
  pictureSize,
  sealTag,
  TAG_HEAD_BYTES,
  TAG_OVERHEAD_BYTES,
} from '@shoal/server/core';

function header(body: Uint8Array): Uint8Array {
  const tag = new Uint8Array(body.length + TAG_OVERHEAD_BYTES);
  tag.set(body, TAG_HEAD_BYTES);
  return sealTag(tag, FLV_TAG.video, 0);
}

/** AVC sequence headers of libx264. */
const HEADERS = [
  [
    ...['1920x1080', 'high profile, cropped from 1088 lines'],
    '170000000001640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800',
  ],
  [
    ...['1280x720', 'main profile'],
    '1700000000014d401fffe10019674d401feca02802dd8088000003000800000301e078c18cb001000568ebe3cb20',
  ],
  [
    ...['850x478', 'high profile of 4:2:2'],
    '1700000000017a001fffe1001b677a001fbcd940d83de22f0110000003001000000303c0f183196001000668ebe3cb22c0fef8f800',
  ],
  [
    ...['640x360', 'high profile of 4:4:4'],
    '170000000001f4001effe1001b67f4001e919b281405ff138088000003000800000301e078b16cb001000668ebe3c44844fff8f800',
  ],
  [
    ...['606x1080', 'baseline profile, upright'],
    '17000000000142c01fffe1001a6742c01fd90098089ea5c044000003000400000300f03c60c92001000568cb83cb20',
  ],
  [
    ...['1920x1080', 'interlaced'],
    '170000000001640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c001000668fba3cb22c0fdf8f800',
  ],
] as const;

describe('the picture size of an AVC sequence header', () => {
  it.each(HEADERS)('%s, %s', (size, _what, hex) => {
    const found = pictureSize(header(Buffer.from(hex, 'hex')));
    expect(`${found?.width}x${found?.height}`).toBe(size);
  });

  it('of one that is cut short or garbage is unknown, or at least possible', () => {
    const good = Buffer.from(HEADERS[0][2], 'hex');
    expect(pictureSize(header(good.subarray(0, 20)))).toBeUndefined();
    expect(pictureSize(header(new Uint8Array(0)))).toBeUndefined();
    const near = fc
      .tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: good.length }))
      .map(([at, byte, length]) => {
        const changed = Buffer.from(good);
        changed[at] = byte;
        return changed.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), near), (body) => {
        const size = pictureSize(header(body));
        if (size === undefined) return;
        for (const side of [size.width, size.height]) {
          expect(side).toBeGreaterThan(0);
          expect(side).toBeLessThanOrEqual(16_384);
        }
      }),
    );
  });
});
