import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Cut,
  type CutSegment,
  fragmentMsFor,
  ORIGIN_LIMITS,
  ROUNDING_MS,
  Segmenter,
} from '@shoal/server/core';
import { chunksOf, initSection, mediaFixture, videoFragment } from './media-fixtures.ts';

function segmenter(targetMs: number, limitMs = targetMs + ROUNDING_MS): Segmenter {
  return new Segmenter({ targetMs, fragmentMs: fragmentMsFor(targetMs), limitMs: () => limitMs });
}

/** Feeds fragments of these lengths; `-` marks those without a key frame. Returns what each push closed. */
function feed(cutter: Segmenter, lengths: readonly number[]): readonly (readonly number[])[] {
  let startMs = 0;
  push(cutter, initSection('v'));
  return lengths.map((length) => {
    const durationMs = Math.abs(length);
    const cuts = push(cutter, videoFragment({ startMs, durationMs, key: length > 0 }));
    startMs += durationMs;
    return segmentsOf(cuts).map((segment) => Math.round(segment.durationMs));
  });
}

function push(cutter: Segmenter, bytes: Uint8Array): readonly Cut[] {
  const cuts = cutter.push(bytes);
  if (!cuts.ok) throw new Error(cuts.error);
  return cuts.value;
}

/** A cut in few characters; comparing bytes one by one would take seconds. */
function fingerprint(cut: Cut): string {
  const parts = cut.type === 'init' ? cut.renditions.map(({ bytes }) => bytes) : cut.segment.media;
  const times = cut.type === 'init' ? [] : [cut.segment.startMs, cut.segment.durationMs];
  return [cut.type, createHash('sha256').update(Buffer.concat(parts)).digest('hex'), ...times].join(
    ' ',
  );
}

function segmentsOf(cuts: readonly Cut[]): readonly CutSegment[] {
  return cuts.flatMap((cut) => (cut.type === 'segment' ? [cut.segment] : []));
}

describe('the segmenter', () => {
  it('closes a segment as soon as a group of the target length is whole', () => {
    expect(feed(segmenter(2000), [2000, 2000, 2000])).toEqual([[2000], [2000], [2000]]);
  });

  it('joins short groups up to the target', () => {
    expect(feed(segmenter(2000), [1000, 1000, 500, 500, 500, 500])).toEqual([
      ...[[], [2000], [], [], [], [2000]],
    ]);
  });

  it('does not wait for a group that would not fit', () => {
    expect(feed(segmenter(2000), [1500, 1500, 900, 900])).toEqual([[1500], [1500], [], [1800]]);
  });

  it('takes 29.97 frames per second for whole seconds', () => {
    expect(feed(segmenter(2000), [2002, 2002, 1968, 2002])).toEqual([
      ...[[2002], [2002], [1968], [2002]],
    ]);
  });

  it('joins the parts of a long group, which ends with the next key frame', () => {
    const cutter = segmenter(2000, 10_499);
    expect(feed(cutter, [2200, -2200, -2200, -1733, 2200, -2200])).toEqual([
      ...[[], [], [], [8333], [], []],
    ]);
    expect(cutter.finish()[0]?.durationMs).toBeCloseTo(4400, 0);
  });

  it('ORG-5 cuts a group that the playlist cannot hold, and says that no key frame begins the rest', () => {
    const cutter = segmenter(2000);
    expect(feed(cutter, [2200, -2200, -2200, -800])).toEqual([[], [2200], [2200], [2200]]);
    const [last] = cutter.finish();
    expect(last).toMatchObject({ independent: false });
    expect(last?.durationMs).toBeCloseTo(800, 0);
  });

  it.each(['av', 'v', 'a'] as const)(
    'the output of ffmpeg (%s) is cut the same in any chunks',
    (name) => {
      const bytes = mediaFixture(name);
      const cutAll = (sizes: readonly number[]): readonly Cut[] => {
        const cutter = segmenter(1000);
        const cuts = chunksOf(bytes, sizes).flatMap((chunk) => push(cutter, chunk));
        const rest = cutter.finish().map((segment): Cut => ({ type: 'segment', segment }));
        return [...cuts, ...rest];
      };
      const whole = cutAll([bytes.length]);
      const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 5 });
      fc.assert(
        fc.property(sizes, (chunks) => {
          expect(cutAll(chunks).map(fingerprint)).toEqual(whole.map(fingerprint));
        }),
        { numRuns: 20 },
      );
      const segments = segmentsOf(whole);
      const total = segments.reduce((sum, { durationMs }) => sum + durationMs, 0);
      expect(total).toBeGreaterThan(3_800);
      expect(total).toBeLessThan(4_200);
      expect(segments.every(({ independent }) => independent)).toBe(true);
      for (const [index, segment] of segments.entries()) {
        const next = segments[index + 1]?.startMs ?? segment.startMs + segment.durationMs;
        expect(segment.startMs + segment.durationMs).toBeCloseTo(next, 3);
      }
    },
  );

  it('frames per second do not count a stretched first frame', () => {
    const [first] = segmentsOf(push(segmenter(1000), mediaFixture('v')));
    expect(first?.sampleRate).toBeCloseTo(15, 0);
  });

  it('output that is not fragmented MP4 is an error', () => {
    expect(segmenter(2000).push(Buffer.from('not an mp4 at all')).ok).toBe(false);
    const orphan = Buffer.from([0, 0, 0, 9, ...Buffer.from('mdat'), 1]);
    expect(segmenter(2000).push(orphan)).toEqual({ ok: false, error: 'mdat without moof' });
    const twice = segmenter(2000);
    push(twice, initSection('v'));
    expect(twice.push(initSection('v'))).toEqual({ ok: false, error: 'a second moov' });
  });

  it('LIM-2 a segment never has more pieces than the wire allows', () => {
    const cutter = segmenter(10_000);
    push(cutter, initSection('v'));
    const bytes = 20 * 1024 * 1024;
    const first = push(cutter, videoFragment({ startMs: 0, durationMs: 1000, bytes }));
    expect(segmentsOf(first)).toHaveLength(0);
    const second = push(cutter, videoFragment({ startMs: 1000, durationMs: 1000, bytes }));
    expect(segmentsOf(second)).toHaveLength(1);
    const large = videoFragment({
      startMs: 2000,
      durationMs: 1000,
      bytes: ORIGIN_LIMITS.segmentBytes,
    });
    expect(cutter.push(large).ok).toBe(false);
  });

  it('a segment has at most so many fragments', () => {
    const cutter = segmenter(1e9, 1e12);
    const lengths = Array<number>(ORIGIN_LIMITS.fragmentsPerSegment + 1).fill(-100);
    expect(feed(cutter, lengths).at(-1)).toHaveLength(1);
  });
});
