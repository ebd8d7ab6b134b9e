import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ORIGIN_LIMITS,
  planStoryboard,
  renderStoryboard,
  sheetsFor,
  spriteSize,
  type VodMedia,
  type VodSegment,
} from '@shoal/server/core';
import { renditionId } from '../../../../support/builders.ts';

const PICTURE = { width: 640, height: 360 };

/** Segments of so many seconds each; of those that are missing nothing is stored. */
function media(count: number, seconds: number, missing: readonly number[] = []): VodMedia {
  const durationMs = seconds * 1000;
  const segments = Array.from({ length: count }, (_, msn): VodSegment => ({
    ...{ epoch: 1, msn, beginMs: msn * durationMs, durationMs, size: 1000, picture: PICTURE },
    stored: !missing.includes(msn),
  }));
  return { rendition: renditionId(), durationMs: count * durationMs, segments };
}

const shown = (of: VodMedia): readonly number[] =>
  planStoryboard(of)?.cues.map(({ picture }) => planStoryboard(of)?.pictures[picture]?.msn ?? -1) ??
  [];

describe('storyboards', () => {
  it('ORG-25 have a picture every 2 s of a short broadcast, of the segment that is on then', () => {
    expect(shown(media(5, 2))).toEqual([0, 1, 2, 3, 4]);
    expect(shown(media(10, 1))).toEqual([0, 2, 4, 6, 8]);
    expect(shown(media(3, 4))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('ORG-25 show the next segment, or else the one before, where one is missing', () => {
    expect(shown(media(10, 1, [4]))).toEqual([0, 2, 5, 6, 8]);
    expect(shown(media(10, 1, [4, 5]))).toEqual([0, 2, 2, 6, 8]);
    expect(shown(media(10, 1, [0, 1, 2]))).toEqual([3, 3, 4, 6, 8]);
  });

  it('ORG-25 there is none without a picture', () => {
    const { segments, ...of } = media(5, 2);
    const sound = segments.map(({ epoch, msn, beginMs, durationMs, size, stored }): VodSegment => ({
      ...{ epoch, msn, beginMs, durationMs, size, stored },
    }));
    expect(planStoryboard({ ...of, segments: sound })).toBeUndefined();
    expect(planStoryboard(media(3, 2, [0, 1, 2]))).toBeUndefined();
  });

  it.each([
    [120, 2],
    [800, 2],
    [2_000, 5],
    [3_600, 10],
    [7_200, 20],
    [43_200, 120],
    [129_600, 600],
  ])('ORG-25 of %i s have a picture every %i s', (seconds, interval) => {
    const plan = planStoryboard(media(seconds / 2, 2));
    expect((plan?.cues[0]?.endMs ?? 0) / 1000).toBe(interval);
  });

  it('ORG-25 cover all of any broadcast, cue after cue, with no more pictures than may be', () => {
    const lengths = fc.record({
      count: fc.integer({ min: 1, max: 21_600 }),
      ms: fc.integer({ min: 100, max: 9_000 }),
      missing: fc.array(fc.nat(100), { maxLength: 50 }),
    });
    fc.assert(
      fc.property(lengths, ({ count, ms, missing }) => {
        const of = media(count, ms / 1000, missing);
        const plan = planStoryboard(of);
        if (plan === undefined) return;
        let at = 0;
        for (const { beginMs, endMs, picture } of plan.cues) {
          expect(beginMs).toBe(at);
          expect(endMs).toBeGreaterThan(beginMs);
          expect(plan.pictures[picture]?.stored).toBe(true);
          at = endMs;
        }
        expect(at).toBe(of.durationMs);
        expect(plan.cues.length).toBeLessThanOrEqual(ORIGIN_LIMITS.storyboardPictures);
        expect(plan.pictures.length).toBeLessThanOrEqual(plan.cues.length);
        expect(new Set(plan.pictures).size).toBe(plan.pictures.length);
      }),
      { numRuns: 50 },
    );
  });

  it('ORG-25 lie on sheets of ten by ten, and the index says where', () => {
    expect(sheetsFor(3)).toEqual([{ count: 3, columns: 3, rows: 1 }]);
    expect(sheetsFor(215).map(({ rows }) => rows)).toEqual([10, 10, 2]);
    const of = media(200, 2);
    const plan = planStoryboard(of) ?? expect.unreachable();
    const text = renderStoryboard(
      plan,
      spriteSize(PICTURE),
      (sheet) => `7-storyboard-${sheet}.jpg`,
    );
    const blocks = text.split('\n\n');
    expect(blocks[0]).toBe('WEBVTT');
    expect(blocks[1]).toBe('00:00:00.000 --> 00:00:02.000\n7-storyboard-1.jpg#xywh=0,0,160,90');
    expect(blocks[12]).toBe('00:00:22.000 --> 00:00:24.000\n7-storyboard-1.jpg#xywh=160,90,160,90');
    expect(blocks[101]).toBe('00:03:20.000 --> 00:03:22.000\n7-storyboard-2.jpg#xywh=0,0,160,90');
  });

  it('ORG-25 have sprites of the shape of the picture', () => {
    expect(spriteSize({ width: 1920, height: 1080 })).toEqual({ width: 160, height: 90 });
    expect(spriteSize({ width: 1080, height: 1920 })).toEqual({ width: 90, height: 160 });
    expect(spriteSize({ width: 640, height: 480 })).toEqual({ width: 160, height: 120 });
    expect(spriteSize({ width: 4000, height: 10 })).toEqual({ width: 160, height: 2 });
  });
});
