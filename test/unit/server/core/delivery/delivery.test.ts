import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeliveryAccounting, matchesEtag, ORIGIN_LIMITS, parseByteRange } from '@shoal/server/core';
import { originSegment } from '../../../../support/builders.ts';

describe('byte ranges', () => {
  it.each([
    ['bytes=0-0', 10, { from: 0, to: 1 }],
    ['bytes=2-', 10, { from: 2, to: 10 }],
    ['bytes=-3', 10, { from: 7, to: 10 }],
    ['bytes=-30', 10, { from: 0, to: 10 }],
    ['bytes=5-500', 10, { from: 5, to: 10 }],
    ['BYTES = 1-2', 10, undefined],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=3-2', 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=0-1,3-4', 10, undefined],
    ['bytes=a-b', 10, undefined],
    ['bytes=99999999999999999999-', 10, undefined],
    [undefined, 10, undefined],
  ])('ORG-7 %s of %i bytes', (header, size, expected) => {
    expect(parseByteRange(header, size)).toEqual(expected);
  });

  it('a range lies within the body, whatever was asked', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.nat({ max: 100 }), (text, size) => {
        const range = parseByteRange(`bytes=${text}`, size);
        if (range === undefined || range === 'unsatisfiable') return;
        expect(range.from).toBeGreaterThanOrEqual(0);
        expect(range.to).toBeGreaterThan(range.from);
        expect(range.to).toBeLessThanOrEqual(size);
      }),
    );
  });

  it('entity tags match in lists, weakly, and by *', () => {
    expect(matchesEtag(undefined, '"a"')).toBe(false);
    expect(matchesEtag('"b"', '"a"')).toBe(false);
    expect(matchesEtag('"b", W/"a"', '"a"')).toBe(true);
    expect(matchesEtag(' * ', '"a"')).toBe(true);
  });
});

describe('delivery accounting', () => {
  it('counts bytes and requests, and forgets the oldest beyond the limit', () => {
    const accounting = new DeliveryAccounting({ segments: ORIGIN_LIMITS.deliverySegments });
    for (let msn = 0; msn < 100; msn++)
      accounting.ready(originSegment(msn, { pieces: 1 }).info, msn);
    accounting.served(originSegment(99, { pieces: 1 }).info.id, 500);
    accounting.served(originSegment(99, { pieces: 1 }).info.id, 0);
    accounting.served(originSegment(0, { pieces: 1 }).info.id, 500);
    const list = accounting.list();
    expect(list).toHaveLength(ORIGIN_LIMITS.deliverySegments);
    expect(list[0]).toMatchObject({ msn: 40, servedBytes: 0, requests: 0 });
    expect(list.at(-1)).toMatchObject({ msn: 99, servedBytes: 500, requests: 1, readyAt: 99 });
  });
});
