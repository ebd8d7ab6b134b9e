import { describe, expect, it } from 'vitest';
import { hasReached, isTooFar, type Reach, renderMediaPlaylist } from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';

/** Segment 7 has six parts; of segment 8 there are two. */
const REACH: Reach = {
  lastMsn: 7,
  lastParts: 6,
  open: { epoch: 1, msn: 8, parts: 2 },
  ended: false,
};

describe('a reload that waits', () => {
  it.each([
    [{ msn: 6 }, true],
    [{ msn: 7 }, true],
    [{ msn: 7, part: 5 }, true],
    [{ msn: 7, part: 6 }, true],
    [{ msn: 8, part: 0 }, true],
    [{ msn: 8, part: 1 }, true],
    [{ msn: 8, part: 2 }, false],
    [{ msn: 8 }, false],
    [{ msn: 9, part: 0 }, false],
  ] as const)('ORG-18 for %j: %j', (wanted, reached) => {
    expect(hasReached(REACH, wanted)).toBe(reached);
  });

  it('ORG-18 for a part after the last one waits for the first of the next segment', () => {
    const between = { ...REACH, open: { epoch: 1, msn: 8, parts: 0 } };
    expect(hasReached(between, { msn: 7, part: 5 })).toBe(true);
    expect(hasReached(between, { msn: 7, part: 6 })).toBe(false);
  });

  it('ORG-18 for more than two segments ahead is refused, and nothing waits for what has ended', () => {
    expect(isTooFar(REACH, { msn: 9 })).toBe(false);
    expect(isTooFar(REACH, { msn: 10 })).toBe(true);
    expect(hasReached({ ...REACH, ended: true }, { msn: 99 })).toBe(true);
    const first = {
      lastMsn: undefined,
      lastParts: 0,
      open: { epoch: 1, msn: 4, parts: 1 },
      ended: false,
    };
    expect([hasReached(first, { msn: 4, part: 0 }), hasReached(first, { msn: 4 })]).toEqual([
      ...[true, false],
    ]);
    expect([isTooFar(first, { msn: 5 }), isTooFar(first, { msn: 6 })]).toEqual([false, true]);
  });
});

it('ORG-18 a playlist says how far the other renditions are', () => {
  const text = renderMediaPlaylist({
    ...{ channel: channelId(), rendition: renditionId(), targetDuration: 2, ended: false },
    segments: [],
    lowLatency: {
      partTargetMs: 350,
      open: {
        ...{ epoch: 1, msn: 8, discontinuity: 0, programDateTimeMs: 0 },
        parts: [
          { durationMs: 350, independent: true },
          { durationMs: 350, independent: false },
        ],
      },
      others: [renditionId('480p')],
    },
  });
  expect(text).toContain('#EXT-X-RENDITION-REPORT:URI="../480p/ll.m3u8",LAST-MSN=8,LAST-PART=1\n');
});
