import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Cut,
  type CutSegment,
  LadderSegmenter,
  ORIGIN_LIMITS,
  readMovie,
  ROUNDING_MS,
} from '@shoal/server/core';
import { chunksOf, initSection, mediaFixture, videoFragment } from './media-fixtures.ts';

/** The source, two rungs, and the sound. */
type Track = 1 | 2 | 3 | 4;

function segmenter(targetMs = 1_000, limitMs = targetMs + ROUNDING_MS): LadderSegmenter {
  const limits = { targetMs, fragmentMs: targetMs + 200, limitMs: () => limitMs };
  return new LadderSegmenter({ ...limits, renditions: 3 });
}

function push(cutter: LadderSegmenter, bytes: Uint8Array): readonly Cut[] {
  const cuts = cutter.push(bytes);
  if (!cuts.ok) throw new Error(cuts.error);
  return cuts.value;
}

function segmentsOf(cuts: readonly Cut[]): readonly CutSegment[] {
  return cuts.flatMap((cut) => (cut.type === 'segment' ? [cut.segment] : []));
}

/** One that has its initialisation section, and what the fragments of tracks 1 to 3 make of it. */
class Bench {
  readonly cutter: LadderSegmenter;

  constructor(targetMs?: number) {
    this.cutter = segmenter(targetMs);
    push(this.cutter, initSection('ladder'));
  }

  /** A fragment from one time to another, ms; returns the lengths of what it closed. */
  fragment(track: Track, [from, to]: readonly [number, number], key = true): readonly number[] {
    return segmentsOf(push(this.cutter, this.#bytes(track, [from, to], key))).map((segment) =>
      Math.round(segment.durationMs),
    );
  }

  error(track: Track, span: readonly [number, number], key = true): string {
    const cuts = this.cutter.push(this.#bytes(track, span, key));
    return cuts.ok ? '' : cuts.error;
  }

  #bytes(track: Track, [from, to]: readonly [number, number], key: boolean): Uint8Array {
    return videoFragment({ startMs: from, durationMs: to - from, key, track });
  }
}

describe('the segmenter of a ladder', () => {
  it('ORG-10 the output of ffmpeg is cut at the same instants in all renditions, in any chunks', () => {
    const bytes = mediaFixture('ladder');
    const fingerprint = (cut: Cut): string => {
      const parts =
        cut.type === 'init' ? cut.renditions.map((each) => each.bytes) : cut.segment.media;
      return parts.map((part) => createHash('sha256').update(part).digest('hex')).join();
    };
    const cutAll = (sizes: readonly number[]): readonly Cut[] => {
      const cutter = segmenter();
      const cuts = chunksOf(bytes, sizes).flatMap((chunk) => push(cutter, chunk));
      return [...cuts, ...cutter.finish().map((segment): Cut => ({ type: 'segment', segment }))];
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
    // Of frames that last 66 or 67 ms.
    expect(segments.map(({ durationMs }) => Math.round(durationMs / 5) * 5)).toEqual([
      ...[1_000, 1_000, 1_000, 1_000],
    ]);
    expect(segments.every(({ independent, media }) => independent && media.length === 3)).toBe(
      true,
    );
    // Nothing is lost and nothing but the sound is there twice.
    const sum = (i: number): number =>
      segments.reduce((total, { media }) => total + (media[i]?.length ?? 0), 0);
    expect(sum(0)).toBeGreaterThan(sum(1));
    expect(sum(1)).toBeGreaterThan(sum(2));
  });

  it('gives each rendition an initialisation section of its own picture and the sound', () => {
    const [init] = push(segmenter(), initSection('ladder'));
    if (init?.type !== 'init') throw new Error('no initialisation section');
    const described = init.renditions.map(({ bytes, tracks }) => {
      const moov = bytes.subarray(Buffer.from(bytes).indexOf('moov') + 4);
      expect(readMovie(moov)).toEqual({ ok: true, value: tracks });
      return tracks.map((track) => (track.kind === 'video' ? track.width : track.codec));
    });
    expect(described).toEqual([
      [96, 'mp4a.40.2'],
      [64, 'mp4a.40.2'],
      [42, 'mp4a.40.2'],
    ]);
  });

  it('ORG-10 a segment is whole when the slowest rendition has come to its end', () => {
    const bench = new Bench();
    for (const track of [1, 2, 3] as const) expect(bench.fragment(track, [0, 1_000])).toEqual([]);
    expect(bench.fragment(1, [1_000, 1_040])).toEqual([1_000]);
    const slow = new Bench();
    slow.fragment(1, [0, 1_000]);
    slow.fragment(2, [0, 960]);
    slow.fragment(3, [0, 960]);
    expect(slow.fragment(1, [1_000, 1_040])).toEqual([]);
    expect(slow.fragment(2, [960, 1_000], false)).toEqual([]);
    expect(slow.fragment(3, [960, 1_000], false)).toEqual([1_000]);
  });

  it('ORG-10 a segment whose source has ended at a key frame is whole with the sound of that moment', () => {
    const bench = new Bench();
    const moment = (from: number): readonly number[] =>
      ([1, 2, 3, 4] as const).flatMap((track) => bench.fragment(track, [from, from + 1_000]));
    // Nothing of the next segment has come; waiting for it would cost a whole segment of latency.
    expect([moment(0), moment(1_000)]).toEqual([[1_000], [1_000]]);
    // Sound that is late belongs to the segment that has begun.
    expect(bench.fragment(4, [2_000, 2_040])).toEqual([]);
    expect(moment(2_000)).toEqual([1_000]);
    const ahead = bench.cutter.finish();
    expect(ahead).toEqual([]);
  });

  it('ORG-10 what looked like a key frame and was none is no end', () => {
    const bench = new Bench();
    bench.fragment(1, [0, 1_000]);
    expect(bench.fragment(1, [1_000, 1_040], false)).toEqual([]);
    for (const track of [2, 3] as const) bench.fragment(track, [0, 1_040]);
    expect(bench.fragment(4, [0, 1_040])).toEqual([1_040]);
  });

  it('joins short groups, and does not wait for one that would not fit', () => {
    const bench = new Bench(2_000);
    const group = (from: number, to: number): readonly number[] =>
      ([1, 2, 3] as const).flatMap((track) => bench.fragment(track, [from, to]));
    expect([0, 1, 2, 3].map((i) => group(i * 1_000, (i + 1) * 1_000))).toEqual([
      ...[[], [], [2_000], []],
    ]);
    const odd = new Bench(2_000);
    const groups = [0, 1_500, 3_000, 4_500].map((from) =>
      ([1, 2, 3] as const).flatMap((track) => odd.fragment(track, [from, from + 1_500])),
    );
    expect(groups).toEqual([[], [1_500], [1_500], [1_500]]);
  });

  it('ORG-5 cuts a group that the playlist cannot hold in all renditions', () => {
    const bench = new Bench();
    const closed = [0, 1_000, 2_000, 3_000].map((from) =>
      ([1, 2, 3] as const).flatMap((track) =>
        bench.fragment(track, [from, from + 1_000], from === 0),
      ),
    );
    expect(closed).toEqual([[], [1_000], [1_000], [1_000]]);
    expect(bench.cutter.finish()).toMatchObject([{ independent: false, durationMs: 1_000 }]);
  });

  it('ORG-10 a rendition whose key frames are elsewhere is an error', () => {
    const bench = new Bench();
    bench.fragment(1, [0, 1_000]);
    bench.fragment(1, [1_000, 1_040]);
    expect(bench.error(2, [0, 1_100])).toMatch(/no key frame where/);
    const late = new Bench();
    late.fragment(1, [0, 1_000]);
    late.fragment(2, [0, 1_000]);
    late.fragment(1, [1_000, 2_000]);
    expect(late.error(2, [1_000, 2_000], false)).toMatch(/does not begin with a key frame/);
  });

  it('a rendition that stays behind is an error, and so are more pictures or bytes than agreed', () => {
    const bench = new Bench();
    for (const from of [0, 1_000, 2_000]) bench.fragment(1, [from, from + 1_000]);
    expect(bench.error(1, [3_000, 4_000])).toMatch(/does not keep up/);
    const limits = { targetMs: 1_000, fragmentMs: 1_200, limitMs: () => 1_499 };
    const two = new LadderSegmenter({ ...limits, renditions: 2 });
    expect(two.push(initSection('ladder'))).toMatchObject({ ok: false });
    const large = new Bench();
    const bytes = ORIGIN_LIMITS.segmentBytes;
    const half = { startMs: 0, durationMs: 500, bytes: bytes / 2, track: 1 } as const;
    push(large.cutter, videoFragment(half));
    const more = videoFragment({ ...half, startMs: 500, key: false });
    expect(large.cutter.push(more)).toEqual({ ok: false, error: 'segment too large' });
  });

  it('what only some renditions have when the encoder leaves is left out', () => {
    const bench = new Bench();
    bench.fragment(1, [0, 1_000]);
    bench.fragment(2, [0, 1_000]);
    expect(bench.cutter.finish()).toEqual([]);
  });

  it('ORG-10 a rendition that has only the sound of a segment when the encoder leaves does not have the segment', () => {
    const bench = new Bench();
    for (const track of [1, 2, 3, 4] as const) bench.fragment(track, [0, 1_000]);
    bench.fragment(1, [1_000, 1_200]);
    bench.fragment(4, [1_000, 1_200]);
    expect(bench.cutter.finish()).toEqual([]);
    // With a picture in each it is one, however short.
    const all = new Bench();
    for (const track of [1, 2, 3, 4] as const) all.fragment(track, [0, 1_000]);
    for (const track of [1, 4, 2, 3] as const) all.fragment(track, [1_000, 1_200]);
    expect(all.cutter.finish()).toHaveLength(1);
  });

  it('sound alone is the same in all renditions', () => {
    const cutter = segmenter();
    const cuts = push(cutter, mediaFixture('a'));
    const segments = [...segmentsOf(cuts), ...cutter.finish()];
    expect(segments.length).toBeGreaterThan(1);
    for (const { media } of segments) {
      expect(media).toHaveLength(3);
      expect(new Set(media.map((part) => Buffer.from(part).toString('base64'))).size).toBe(1);
    }
  });
});
