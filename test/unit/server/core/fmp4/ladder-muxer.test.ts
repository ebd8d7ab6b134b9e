import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CutSegment,
  LadderMuxer,
  ORIGIN_LIMITS,
  type PartedCut,
  readMovie,
  ROUNDING_MS,
  type Sample,
  writeFragment,
} from '@shoal/server/core';
import { chunksOf, initSection, mediaFixture } from './media-fixtures.ts';

/** The source, two rungs, and the sound. */
type Track = 1 | 2 | 3 | 4;

const TIMESCALES = { 1: 90_000, 2: 90_000, 3: 90_000, 4: 44_100 } as const;
const FRAME_MS = 40;

type Choices = {
  readonly targetMs?: number;
  readonly partMs?: number;
  readonly limitMs?: number;
  readonly soundApart?: boolean;
};

function muxer({
  targetMs = 1_000,
  partMs,
  limitMs = targetMs + ROUNDING_MS,
  soundApart = false,
}: Choices = {}): LadderMuxer {
  const times = { targetMs, limitMs: () => limitMs, ...(partMs !== undefined && { partMs }) };
  return new LadderMuxer({ ...times, renditions: 3, soundApart });
}

function push(cutter: LadderMuxer, bytes: Uint8Array): readonly PartedCut[] {
  const cuts = cutter.push(bytes);
  if (!cuts.ok) throw new Error(cuts.error);
  return cuts.value;
}

function segmentsOf(cuts: readonly PartedCut[]): readonly CutSegment[] {
  return cuts.flatMap((cut) => (cut.type === 'segment' ? [cut.segment] : []));
}

/** In few words: `part 320`, or `segment 1000`. */
function describeCut(cut: PartedCut): string {
  if (cut.type === 'init') return 'init';
  return `${cut.type} ${Math.round(cut.type === 'part' ? cut.part.durationMs : cut.segment.durationMs)}`;
}

/** One that has its initialisation section, and what frames of tracks 1 to 4 make of it. */
class Bench {
  readonly cutter: LadderMuxer;

  constructor(choices: Choices = {}) {
    this.cutter = muxer(choices);
    push(this.cutter, initSection('ladder'));
  }

  /** A frame each 40 ms from one time up to another, the first of them a key frame unless said otherwise. */
  frames(track: Track, span: readonly [number, number], key = true): readonly string[] {
    return this.#each(track, span, key).flatMap((bytes) =>
      push(this.cutter, bytes).map(describeCut),
    );
  }

  error(track: Track, span: readonly [number, number], key = true): string {
    for (const bytes of this.#each(track, span, key)) {
      const cuts = this.cutter.push(bytes);
      if (!cuts.ok) return cuts.error;
    }
    return '';
  }

  #each(track: Track, [from, to]: readonly [number, number], key: boolean): readonly Uint8Array[] {
    const all: Uint8Array[] = [];
    for (let ms = from; ms < to; ms += FRAME_MS)
      all.push(frame(track, { ms, sync: track === 4 || (key && ms === from) }));
    return all;
  }
}

function frame(
  track: Track,
  of: {
    readonly ms: number;
    readonly sync: boolean;
    readonly bytes?: number;
    readonly shownLaterMs?: number;
  },
): Uint8Array {
  const { ms, sync, bytes = 10, shownLaterMs = 0 } = of;
  const units = (time: number): number => Math.round((time * TIMESCALES[track]) / 1000);
  const sample: Sample = {
    ...{ data: new Uint8Array(bytes).fill(track), at: units(ms), sync },
    shownLater: units(shownLaterMs),
  };
  return writeFragment(1, [
    { id: track, samples: [sample], end: units(ms + FRAME_MS), video: track !== 4 },
  ]);
}

const ALL = [4, 1, 2, 3] as const;

describe('the muxer of a ladder', () => {
  it('ORG-10 the output of ffmpeg is cut at the same instants in all renditions, in any chunks', () => {
    const bytes = mediaFixture('ladder');
    const fingerprint = (cut: PartedCut): string => {
      if (cut.type === 'init') return hash(cut.renditions.map((each) => each.bytes));
      return hash(cut.type === 'part' ? cut.part.media : cut.segment.media);
    };
    const cutAll = (sizes: readonly number[]): readonly PartedCut[] => {
      const cutter = muxer({ partMs: 350 });
      const cuts = chunksOf(bytes, sizes).flatMap((chunk) => push(cutter, chunk));
      return [
        ...cuts,
        ...cutter.finish().map((segment) => ({ type: 'segment', segment }) as const),
      ];
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
    const sum = (i: number): number =>
      segments.reduce((total, { media }) => total + (media[i]?.length ?? 0), 0);
    expect(sum(0)).toBeGreaterThan(sum(1));
    expect(sum(1)).toBeGreaterThan(sum(2));
  });

  it('gives each rendition an initialisation section of its own picture and the sound', () => {
    const [init] = push(muxer(), initSection('ladder'));
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

  it('ORG-10 a segment is whole when the slowest rendition and the sound have come to its end', () => {
    const bench = new Bench();
    for (const track of ALL) expect(bench.frames(track, [0, 1_000])).toEqual([]);
    for (const track of [1, 2, 4] as const) expect(bench.frames(track, [1_000, 1_040])).toEqual([]);
    expect(bench.frames(3, [1_000, 1_040])).toEqual(['segment 1000']);
  });

  it('ORG-10 a segment does not wait for sound that has stopped', () => {
    const bench = new Bench();
    for (const track of ALL) bench.frames(track, [0, 1_000]);
    for (const track of [2, 3] as const) bench.frames(track, [1_000, 1_600]);
    expect(bench.frames(1, [1_000, 1_480])).toEqual([]);
    expect(bench.frames(1, [1_480, 1_600], false)).toEqual(['segment 1000']);
  });

  it('ORG-18 parts are as long as they can be, and end together in all renditions', () => {
    const bench = new Bench({ partMs: 350 });
    const moment = (ms: number): readonly string[] =>
      ALL.flatMap((track) => bench.frames(track, [ms, ms + FRAME_MS], ms % 1_000 === 0));
    const cuts: string[] = [];
    for (let ms = 0; ms <= 2_000; ms += FRAME_MS) cuts.push(...moment(ms));
    const second = ['part 320', 'part 320', 'part 320', 'part 40', 'segment 1000'];
    expect(cuts).toEqual([...second, ...second]);
  });

  it('ORG-18 the parts of a segment are together its bytes', () => {
    const cutter = muxer({ partMs: 350 });
    const cuts = push(cutter, mediaFixture('ladder'));
    let parts: Uint8Array[][] = [[], [], []];
    for (const cut of cuts) {
      if (cut.type === 'part') cut.part.media.forEach((bytes, i) => parts[i]?.push(bytes));
      if (cut.type !== 'segment') continue;
      expect(parts.map((bytes) => hash(bytes))).toEqual(
        cut.segment.media.map((bytes) => hash([bytes])),
      );
      parts = [[], [], []];
    }
    expect(cuts.filter(({ type }) => type === 'part').length).toBeGreaterThan(8);
  });

  it('ORG-10 pictures out of order are cut where those in order are shown', () => {
    const bench = new Bench();
    const later = { shownLaterMs: 80 };
    for (let ms = 0; ms <= 1_000; ms += FRAME_MS)
      push(bench.cutter, frame(1, { ms, sync: ms % 1_000 === 0, ...later }));
    for (const track of [2, 3] as const) bench.frames(track, [80, 1_080]);
    expect(bench.frames(2, [1_080, 1_120])).toEqual([]);
    bench.frames(4, [0, 1_120]);
    expect(bench.frames(3, [1_080, 1_120])).toEqual(['segment 1000']);
  });

  it('joins short groups, and does not wait for one that would not fit', () => {
    const all = (groupMs: number, untilMs: number): readonly string[] => {
      const bench = new Bench({ targetMs: 2_000 });
      const cuts: string[] = [];
      for (let ms = 0; ms < untilMs; ms += groupMs)
        for (const track of ALL) cuts.push(...bench.frames(track, [ms, ms + groupMs]));
      return cuts;
    };
    expect(all(1_000, 5_000)).toEqual(['segment 2000', 'segment 2000']);
    expect(all(1_600, 5_000)).toEqual(['segment 1600', 'segment 1600', 'segment 1600']);
  });

  it('ORG-5 cuts a group that the playlist cannot hold in all renditions', () => {
    const bench = new Bench();
    const cuts: string[] = [];
    for (let ms = 0; ms < 3_200; ms += FRAME_MS)
      for (const track of ALL) cuts.push(...bench.frames(track, [ms, ms + FRAME_MS], ms === 0));
    expect(cuts).toEqual(['segment 1480', 'segment 1480']);
    expect(bench.cutter.finish()).toMatchObject([{ independent: false, durationMs: 240 }]);
  });

  it('ORG-10 a rendition whose key frames are elsewhere is an error', () => {
    const bench = new Bench();
    for (const track of ALL) bench.frames(track, [0, 1_000]);
    for (const track of [1, 4, 2] as const) bench.frames(track, [1_000, 1_040]);
    expect(bench.frames(3, [1_000, 1_040], false)).toEqual(['segment 1000']);
    for (const track of [1, 4, 2] as const) {
      bench.frames(track, [1_040, 2_000], false);
      bench.frames(track, [2_000, 2_040]);
    }
    expect(bench.error(3, [1_040, 2_040], false)).toMatch(/does not begin with a key frame/);
  });

  it('a rendition that stays behind is an error, and so are more pictures or bytes than agreed', () => {
    const bench = new Bench();
    let error = '';
    for (let ms = 0; ms < 100_000 && error === ''; ms += 1_000)
      error = bench.error(1, [ms, ms + 1_000]);
    expect(error).toMatch(/does not keep up/);
    const two = new LadderMuxer({ targetMs: 1_000, limitMs: () => 1_499, renditions: 2 });
    expect(two.push(initSection('ladder'))).toMatchObject({ ok: false });
    const large = new Bench();
    const half = { ms: 0, sync: true, bytes: ORIGIN_LIMITS.segmentBytes / 2 };
    push(large.cutter, frame(1, half));
    expect(large.cutter.push(frame(1, { ...half, ms: 40 }))).toMatchObject({ ok: true });
    expect(large.cutter.push(frame(1, { ms: 80, sync: false }))).toMatchObject({ ok: false });
  });

  it('ORG-10 what only some renditions have when the encoder leaves is left out', () => {
    const bench = new Bench();
    for (const track of ALL) bench.frames(track, [0, 1_000]);
    bench.frames(1, [1_000, 2_000]);
    bench.frames(2, [1_000, 1_600]);
    bench.frames(3, [1_000, 1_200]);
    expect(bench.cutter.finish().map(({ durationMs }) => Math.round(durationMs))).toEqual([200]);
    expect(bench.cutter.finish()).toEqual([]);
  });

  it('ORG-18 a segment has the parts with it that the encoder left behind', () => {
    const bench = new Bench({ partMs: 350 });
    for (const track of ALL) bench.frames(track, [0, 480]);
    const [last] = bench.cutter.finish();
    expect(last?.tail?.map(({ durationMs }) => Math.round(durationMs))).toEqual([160]);
    expect(Math.round(last?.durationMs ?? 0)).toBe(480);
  });

  it('ORG-10 a rendition that has only the sound of a segment when the encoder leaves does not have the segment', () => {
    const bench = new Bench();
    for (const track of ALL) bench.frames(track, [0, 1_000]);
    bench.frames(1, [1_000, 1_200]);
    bench.frames(4, [1_000, 1_200]);
    expect(bench.cutter.finish().map(({ durationMs }) => Math.round(durationMs))).toEqual([1_000]);
  });

  it('ORG-30 keeps the sound apart, cut where the pictures are', () => {
    const bench = new Bench({ soundApart: true });
    const [init] = push(muxer({ soundApart: true }), initSection('ladder'));
    const kinds = init?.type === 'init' ? init.renditions.map(({ tracks }) => tracks) : [];
    expect(kinds.map((tracks) => tracks.map(({ kind }) => kind))).toEqual([
      ...[['video'], ['video'], ['video']],
      ['audio'],
    ]);
    for (const track of ALL) bench.frames(track, [0, 1_000]);
    for (const track of ALL) bench.frames(track, [1_000, 1_600]);
    const [last] = bench.cutter.finish();
    expect(last?.media).toHaveLength(4);
    const tracks = last?.media.map(
      (media) => Buffer.from(media).toString('latin1').split('traf').length - 1,
    );
    expect(tracks).toEqual([1, 1, 1, 1]);
  });

  it('ORG-30 sound that stops is silence to the end of the segment, and does not overlap what comes', () => {
    const bench = new Bench({ soundApart: true });
    const all: CutSegment[] = [];
    const run = (track: Track, span: readonly [number, number]): void => {
      for (let ms = span[0]; ms < span[1]; ms += FRAME_MS)
        all.push(
          ...segmentsOf(
            push(bench.cutter, frame(track, { ms, sync: track === 4 || ms % 1_000 === 0 })),
          ),
        );
    };
    for (let second = 0; second < 6; second++) {
      const span = [second * 1_000, (second + 1) * 1_000] as const;
      // In the third and fourth second there is no sound.
      if (second < 2 || second > 3) run(4, span);
      for (const track of [1, 2, 3] as const) run(track, span);
    }
    all.push(...bench.cutter.finish());
    const sound = all.map(({ media }) => {
      const bytes = Buffer.from(media[3] ?? []);
      const tfdt = bytes.indexOf('tfdt');
      const trun = bytes.indexOf('trun');
      const from = bytes.readUInt32BE(tfdt + 12);
      const count = bytes.readUInt32BE(trun + 8);
      let end = from;
      for (let i = 0; i < count; i++) end += bytes.readUInt32BE(trun + 16 + i * 8);
      return [from, end, count] as const;
    });
    expect(sound).toHaveLength(6);
    for (const [i, [from, end, count]] of sound.entries()) {
      expect(count).toBeGreaterThan(0);
      expect(Math.abs(end - (i + 1) * 44_100)).toBeLessThan(2_100);
      if (i > 0) expect(from).toBeGreaterThanOrEqual(sound[i - 1]?.[1] ?? 0);
    }
  });

  it('ORG-30 the sound begins with the first picture, which is shown later than it is decoded', () => {
    const bench = new Bench({ soundApart: true });
    const sound: Buffer[] = [];
    const take = (cuts: readonly PartedCut[]): void => {
      for (const { media } of segmentsOf(cuts)) sound.push(Buffer.from(media[3] ?? []));
    };
    for (let ms = 0; ms < 2_400; ms += FRAME_MS) {
      const sync = ms % 1_000 === 0;
      take(push(bench.cutter, frame(4, { ms, sync: true })));
      // The source's frames come out of order.
      take(push(bench.cutter, frame(1, { ms, sync, shownLaterMs: 80 })));
      for (const track of [2, 3] as const)
        take(push(bench.cutter, frame(track, { ms: ms + 80, sync })));
    }
    const begins = sound.map((bytes) => bytes.readUInt32BE(bytes.indexOf('tfdt') + 12) / 44_100);
    expect(begins).toEqual([0.08, 1.08]);
  });

  it('sound alone is the same in all renditions', () => {
    const cutter = muxer();
    const cuts = push(cutter, mediaFixture('a'));
    const segments = [...segmentsOf(cuts), ...cutter.finish()];
    expect(segments.length).toBeGreaterThan(1);
    for (const { media } of segments) {
      expect(media).toHaveLength(3);
      expect(new Set(media.map((part) => Buffer.from(part).toString('base64'))).size).toBe(1);
    }
  });

  it('nothing that is not a fragment of a frame ends it in another way than by an error', () => {
    const bytes = mediaFixture('ladder');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const broken = Uint8Array.from(bytes);
        broken[at] = value;
        expect(() => muxer().push(broken)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

function hash(parts: readonly Uint8Array[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}
