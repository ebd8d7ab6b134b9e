import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  audioConfig,
  FLV_TAG,
  FlvMuxer,
  ORIGIN_LIMITS,
  readBoxes,
  readFragment,
  readMovie,
  sealTag,
  TAG_HEAD_BYTES,
  TAG_OVERHEAD_BYTES,
} from '@shoal/server/core';
import { flvTag } from '../flv-tags.ts';

/** The same tag with another timestamp. */
function at(tag: Uint8Array, ms: number): Uint8Array {
  return sealTag(Uint8Array.from(tag), tag[0] ?? 0, ms);
}

class Bench {
  readonly muxer: FlvMuxer;

  constructor(parts?: { readonly partMs: number; readonly targetMs: number }) {
    this.muxer = new FlvMuxer({ fragmentMs: 2_200, ...(parts !== undefined && { parts }) });
  }

  /** Pushes tags; returns what came out, each `init` or a fragment's tracks with their decode times. */
  push(...tags: readonly Uint8Array[]): readonly string[] {
    return tags.flatMap((tag) => {
      const made = this.muxer.push(tag);
      if (!made.ok) throw new Error(made.error);
      return made.value.map(describeBytes);
    });
  }

  finish(): readonly string[] {
    return this.muxer.finish().map(describeBytes);
  }
}

function describeBytes(bytes: Uint8Array): string {
  const boxes = readBoxes(bytes);
  if (!boxes.ok) throw new Error(boxes.error);
  const [first, second] = boxes.value;
  if (first?.type === 'ftyp') {
    const tracks = readMovie(second?.body ?? new Uint8Array(0));
    if (!tracks.ok) throw new Error(tracks.error);
    return `init of ${tracks.value.map(({ codec, timescale }) => `${codec} ${timescale}`).join(', ')}`;
  }
  const tracks = [
    { id: 1, kind: 'video', timescale: 90_000, width: 2, height: 2 },
    { id: 2, kind: 'audio', timescale: 44_100, channels: 2, sampleRate: 44_100 },
  ] as const;
  return tracks
    .flatMap((track) => {
      const lead = { ...track, codec: '', defaultDuration: 1_024, defaultFlags: 0 };
      const info = readFragment(first?.body ?? new Uint8Array(0), [lead]);
      if (!info.ok) throw new Error(info.error);
      if (info.value === undefined) return [];
      const { startMs, durationMs, samples, sync, shownLaterMs } = info.value;
      const late = shownLaterMs === 0 ? '' : ` shown ${Math.round(shownLaterMs)} later`;
      return `${track.kind} ${samples} from ${Math.round(startMs)} for ${Math.round(durationMs)}${sync ? ' key' : ''}${late}`;
    })
    .join(', ');
}

const HEADERS = [flvTag.largeHeader(), flvTag.audioHeader()];
/** Main profile, and AAC-LC of 44.1 kHz in stereo. */
const INIT = 'init of avc1.4D401F 90000, mp4a.40.2 44100';

/** Pictures each 40 ms from one time up to another, a key frame where `keys` has one. */
function pictures(from: number, to: number, keys: readonly number[]): readonly Uint8Array[] {
  const tags: Uint8Array[] = [];
  for (let ms = from; ms < to; ms += 40) {
    const of = keys.includes(ms) ? flvTag.key(0) : flvTag.frame(0);
    tags.push(at(of, ms));
  }
  return tags;
}

describe('the muxer of single frames', () => {
  const bench = (): FlvMuxer => new FlvMuxer({ fragmentMs: 2_200, eachFrame: true });
  const run = (muxer: FlvMuxer, ...tags: readonly Uint8Array[]): readonly string[] =>
    tags.flatMap((tag) => {
      const made = muxer.push(tag);
      if (!made.ok) throw new Error(made.error);
      return made.value.map(describeBytes);
    });

  it('ORG-30 writes each frame when the next one comes, and every track apart', () => {
    const muxer = bench();
    expect(run(muxer, ...HEADERS, ...pictures(0, 40, [0]), at(flvTag.audio(0), 10))).toEqual([]);
    expect(run(muxer, at(flvTag.frame(0), 40))).toEqual([
      ...[INIT, 'video 1 from 0 for 40 key', 'audio 1 from 10 for 23 key'],
    ]);
    expect(run(muxer, at(flvTag.frame(0), 80))).toEqual(['video 1 from 40 for 40']);
    expect(muxer.finish().map(describeBytes)).toEqual(['video 1 from 80 for 40']);
  });

  it('ORG-27 knows HEVC by its header', () => {
    const muxer = bench();
    const [init] = run(muxer, flvTag.hevcHeader(), flvTag.audioHeader(), flvTag.hevcKey(0)).concat(
      run(muxer, at(flvTag.hevcKey(0), 40)),
    );
    expect(init).toBe('init of hvc1.1.6.L30.90 90000, mp4a.40.2 44100');
    expect(muxer.push(flvTag.hevc())).toMatchObject({ ok: false });
  });

  it('sound alone comes frame by frame', () => {
    const muxer = bench();
    run(muxer, flvTag.audioHeader(), at(flvTag.audio(0), 0));
    expect(run(muxer, at(flvTag.audio(0), 23))).toEqual([
      ...['init of mp4a.40.2 44100', 'audio 1 from 0 for 23 key'],
    ]);
  });
});

describe('the muxer of parts', () => {
  const parts = { partMs: 350, targetMs: 2_000 };

  it('ORG-18 makes them as long as they can be, and ends one early only where the segment ends', () => {
    const bench = new Bench(parts);
    bench.push(...HEADERS);
    const seen: string[] = [];
    for (const tag of pictures(0, 2_080, [0, 1_000, 2_000])) {
      const made = bench.push(tag).filter((text) => text.startsWith('video'));
      seen.push(...made.map((text) => `${text}${bench.muxer.endsSegment ? ' |' : ''}`));
    }
    expect(seen).toEqual([
      'video 8 from 0 for 320 key',
      ...[320, 640, 960, 1_280, 1_600].map((from) => `video 8 from ${from} for 320`),
      'video 2 from 1920 for 80 |',
    ]);
  });

  it('ORG-18 has the sound from the first part on, when its header has come', () => {
    const bench = new Bench(parts);
    bench.push(...HEADERS);
    expect(bench.push(...pictures(0, 360, [0]))).toEqual([INIT, 'video 8 from 0 for 320 key']);
  });

  it('ORG-18 waits a little with the first part for the header of the sound', () => {
    const bench = new Bench(parts);
    bench.push(flvTag.largeHeader());
    expect(bench.push(...pictures(0, 680, [0]))).toEqual([]);
    const made = bench.push(...pictures(680, 1_400, []));
    expect(made[0]).toBe('init of avc1.4D401F 90000');
  });
});

describe('the muxer', () => {
  it('writes a fragment for each group of pictures, with the sound that came with it', () => {
    const { push, finish } = bound(new Bench());
    expect(push(...HEADERS, flvTag.key(0), flvTag.audio(0), flvTag.frame(40))).toEqual([]);
    expect(push(flvTag.audio(23), flvTag.frame(80), flvTag.key(120))).toEqual([
      INIT,
      'video 3 from 0 for 120 key, audio 2 from 0 for 46 key',
    ]);
    expect(push(flvTag.frame(160))).toEqual([]);
    expect(finish()).toEqual(['video 2 from 120 for 80 key']);
  });

  it('the last picture lasts as long as the one before it, in whatever fragment that was', () => {
    const { push, finish } = bound(new Bench());
    push(...HEADERS, flvTag.key(0), flvTag.frame(50), flvTag.key(100));
    expect(finish()).toEqual(['video 1 from 100 for 50 key']);
    const alone = bound(new Bench());
    alone.push(...HEADERS, flvTag.key(0));
    expect(alone.finish()).toEqual([INIT_VIDEO, 'video 1 from 0 for 40 key']);
  });

  it('counts time from the first tag, whatever it says, and over the end of 32 bits', () => {
    const { push } = bound(new Bench());
    const before = 2 ** 32 - 50;
    push(...HEADERS, at(flvTag.key(0), before), at(flvTag.frame(0), before + 40));
    expect(push(at(flvTag.key(0), 30))).toEqual([INIT_VIDEO, 'video 2 from 0 for 80 key']);
    expect(push(at(flvTag.key(0), 110))).toEqual(['video 1 from 80 for 80 key']);
  });

  it('keeps the order of decoding and says when pictures are shown', () => {
    const { push } = bound(new Bench());
    const late = Uint8Array.from(flvTag.key(0));
    late[TAG_HEAD_BYTES + 4] = 67;
    push(...HEADERS, late);
    expect(push(flvTag.key(40))).toEqual([INIT_VIDEO, 'video 1 from 0 for 40 key shown 67 later']);
  });

  it('keeps sound together although milliseconds blur it, and leaves a gap where there was one', () => {
    const { push } = bound(new Bench());
    push(...HEADERS, flvTag.key(0));
    // 23.22 ms each.
    push(...[0, 23, 46, 70, 93].map((ms) => flvTag.audio(ms)));
    push(flvTag.audio(500));
    expect(push(flvTag.key(1_000))).toEqual([
      INIT,
      'video 1 from 0 for 1000 key, audio 6 from 0 for 523 key',
    ]);
  });

  it('takes sound that is sent seconds after the picture it belongs to', () => {
    const { push } = bound(new Bench());
    push(...HEADERS, flvTag.key(0), flvTag.audio(0), flvTag.frame(1_900));
    expect(push(flvTag.audio(23), flvTag.key(1_940))).toEqual([
      INIT,
      'video 2 from 0 for 1940 key, audio 2 from 0 for 46 key',
    ]);
    expect(push(flvTag.audio(46), flvTag.key(1_980))).toEqual([
      'video 1 from 1940 for 40 key, audio 1 from 46 for 23 key',
    ]);
  });

  it('ends a group that is too long, and begins none without a key frame', () => {
    const { push } = bound(new Bench());
    expect(push(...HEADERS, flvTag.frame(0), flvTag.frame(40))).toEqual([]);
    push(flvTag.key(80), flvTag.frame(1_000));
    expect(push(flvTag.frame(2_280))).toEqual([INIT_VIDEO, 'video 2 from 80 for 2200 key']);
    expect(push(flvTag.key(2_320))).toEqual(['video 1 from 2280 for 40']);
  });

  it('writes sound alone when there is no picture, and says so when one comes after all', () => {
    const bench = new Bench();
    const { push } = bound(bench);
    const sounds = Array.from({ length: 100 }, (_, i) => flvTag.audio(Math.round(i * 23.22)));
    expect(push(flvTag.audioHeader(), ...sounds)).toEqual([
      'init of mp4a.40.2 44100',
      'audio 95 from 0 for 2206 key',
    ]);
    push(flvTag.largeHeader());
    expect(bench.muxer.push(flvTag.key(2_400))).toMatchObject({ ok: false });
  });

  it('writes nothing of a publisher that leaves before the picture that it has announced', () => {
    const bench = new Bench();
    bench.push(flvTag.largeHeader(), flvTag.audioHeader(), flvTag.audio(0), flvTag.audio(23));
    expect(bench.finish()).toEqual([]);
  });

  it('frames that are not later than the one before follow it; another stream is an error', () => {
    const bench = new Bench();
    const { push } = bound(bench);
    push(...HEADERS, flvTag.key(100), flvTag.frame(140), flvTag.frame(140), flvTag.frame(120));
    expect(push(flvTag.key(200))).toEqual([INIT_VIDEO, 'video 4 from 0 for 100 key']);
    expect(bench.muxer.push(at(flvTag.frame(0), 2 ** 32 - 60_000))).toEqual({
      ok: false,
      error: 'timestamps went back',
    });
  });

  it('headers that cannot be read, and groups larger than a segment, are errors', () => {
    const muxer = new FlvMuxer({ fragmentMs: 2_200 });
    expect(muxer.push(flvTag.videoHeader()).ok).toBe(false);
    const large = new Bench();
    large.push(...HEADERS, flvTag.key(0));
    const part = flvTag.frame(1, 4 * 1024 * 1024);
    const results = Array.from({ length: 10 }, () => large.muxer.push(part).ok);
    expect(results.includes(false)).toBe(true);
    expect(results.indexOf(false)).toBe(ORIGIN_LIMITS.segmentBytes / (4 * 1024 * 1024));
  });

  it('never throws, whatever a publisher sends', () => {
    const tag = fc
      .tuple(
        fc.constantFrom(FLV_TAG.audio, FLV_TAG.video, FLV_TAG.script),
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc
            .tuple(fc.constantFrom(0x17, 0x27, 0xaf), fc.constantFrom(0, 1, 2))
            .chain(([a, b]) =>
              fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.of(a, b, ...rest)),
            ),
        ),
        fc.nat({ max: 0xffff_ffff }),
      )
      .map(([type, body, ms]) => {
        const bytes = new Uint8Array(body.length + TAG_OVERHEAD_BYTES);
        bytes.set(body, TAG_HEAD_BYTES);
        return sealTag(bytes, type, ms);
      });
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 30 }), fc.boolean(), (tags, begun) => {
        const muxer = new FlvMuxer({ fragmentMs: 2_200 });
        if (begun) for (const header of HEADERS) muxer.push(header);
        for (const one of tags) if (!muxer.push(one).ok) return;
        muxer.finish();
      }),
    );
  });
});

describe('the header of the sound', () => {
  it.each([
    ['AAC-LC, 44.1 kHz, stereo', [0x12, 0x10], { sampleRate: 44_100, channels: 2 }],
    ['AAC-LC, 48 kHz, mono', [0x11, 0x88], { sampleRate: 48_000, channels: 1 }],
    [
      'HE-AAC, 22.05 kHz in the core',
      [0x2b, 0x92, 0x08, 0x00],
      { sampleRate: 22_050, channels: 2 },
    ],
    ['a rate of its own', [0x17, 0x80, 0x5d, 0xc0, 0x10], { sampleRate: 48_000, channels: 2 }],
  ])('%s', (_what, config, expected) => {
    const tag = new Uint8Array(config.length + 2 + TAG_OVERHEAD_BYTES);
    tag.set([0xaf, 0, ...config], TAG_HEAD_BYTES);
    expect(audioConfig(sealTag(tag, FLV_TAG.audio, 0))).toMatchObject(expected);
  });

  it('that is too short or has no rate is unknown', () => {
    for (const config of [[], [0x12], [0x16, 0x90]]) {
      const tag = new Uint8Array(config.length + 2 + TAG_OVERHEAD_BYTES);
      tag.set([0xaf, 0, ...config], TAG_HEAD_BYTES);
      expect(audioConfig(sealTag(tag, FLV_TAG.audio, 0))).toBeUndefined();
    }
  });
});

const INIT_VIDEO = 'init of avc1.4D401F 90000';

function bound(bench: Bench): Pick<Bench, 'push' | 'finish'> {
  return { push: (...tags) => bench.push(...tags), finish: () => bench.finish() };
}
