import { describe, expect, it } from 'vitest';
import {
  CutRule,
  ORIGIN_LIMITS,
  type PartedCut,
  PartSegmenter,
  ROUNDING_MS,
} from '@shoal/server/core';
import { initSection, mediaFixture, videoFragment } from './media-fixtures.ts';

const TARGET_MS = 2_000;

function segmenter(): PartSegmenter {
  return new PartSegmenter({ targetMs: TARGET_MS, limitMs: () => TARGET_MS + ROUNDING_MS });
}

function push(cutter: PartSegmenter, bytes: Uint8Array, endsSegment = false): readonly string[] {
  const cuts = cutter.push(bytes, endsSegment);
  if (!cuts.ok) throw new Error(cuts.error);
  return cuts.value.map(describeCut);
}

function describeCut(cut: PartedCut): string {
  if (cut.type === 'init') return 'init';
  const { durationMs, independent } = cut.type === 'part' ? cut.part : cut.segment;
  return `${cut.type} ${Math.round(durationMs)}${independent ? ' key' : ''}`;
}

/** Parts of these lengths, of which the first begins with a key frame. */
function parts(cutter: PartSegmenter, lengths: readonly number[], from = 0): readonly string[] {
  let startMs = from;
  return lengths.flatMap((durationMs, i) => {
    const bytes = videoFragment({ startMs, durationMs, key: i === 0 });
    startMs += durationMs;
    return push(cutter, bytes, i === lengths.length - 1 && lengths.length > 1);
  });
}

describe('the segmenter of parts', () => {
  it('ORG-18 lists each part before the segment that they are together', () => {
    const cutter = segmenter();
    expect(push(cutter, initSection('v'))).toEqual(['init']);
    expect(parts(cutter, [320, 320, 360])).toEqual([
      ...['part 320 key', 'part 320', 'part 360', 'segment 1000 key'],
    ]);
    expect(parts(cutter, [320, 320], 1_000)).toEqual([
      'part 320 key',
      'part 320',
      'segment 640 key',
    ]);
  });

  it('ORG-5 ends a segment that the playlist cannot hold without a key frame', () => {
    const cutter = segmenter();
    push(cutter, initSection('v'));
    const made: string[] = [];
    for (let i = 0; i < 9; i++)
      made.push(
        ...push(cutter, videoFragment({ startMs: i * 320, durationMs: 320, key: i === 0 })),
      );
    expect(made.filter((cut) => cut.startsWith('segment'))).toEqual(['segment 2240 key']);
    expect(made.indexOf('segment 2240 key')).toBe(7);
  });

  it('ends segments of sound alone near the target', () => {
    const cutter = segmenter();
    const cuts = push(cutter, mediaFixture('a'));
    expect(cuts.filter((cut) => cut.startsWith('segment')).length).toBeGreaterThan(0);
    const left = cutter.finish();
    expect(left.length).toBeLessThanOrEqual(1);
  });

  it('what is left is a segment, and a part that is too large is an error', () => {
    const cutter = segmenter();
    push(cutter, initSection('v'));
    parts(cutter, [320]);
    expect(cutter.finish()).toMatchObject([{ durationMs: 320, independent: true }]);
    expect(cutter.finish()).toEqual([]);
    const bytes = ORIGIN_LIMITS.segmentBytes;
    expect(cutter.push(videoFragment({ startMs: 0, durationMs: 320, bytes }))).toMatchObject({
      ok: false,
    });
  });
});

describe('the rule of cuts', () => {
  it('ORG-18 parts but the last of a segment have at least 85 % of the longest, at usual frame rates', () => {
    for (const fps of [10, 12, 15, 20, 24, 23.976, 25, 29.97, 30, 48, 50, 59.94, 60]) {
      const rule = new CutRule({ targetMs: TARGET_MS, partMs: 350, limitMs: () => 2_499 });
      const frame = 1_000 / fps;
      const group = Math.round(2 * fps);
      let began = 0;
      for (let i = 0; i < 10 * group; i++) {
        // Whole milliseconds, as FLV counts.
        const at = Math.round(i * frame);
        const begins = rule.frame(at, i % group === 0);
        if (begins === undefined) continue;
        expect(at - began, `${fps} frames/s`).toBeLessThanOrEqual(350);
        if (begins === 'part') expect(at - began, `${fps} frames/s`).toBeGreaterThanOrEqual(297.5);
        began = at;
      }
    }
  });
});
