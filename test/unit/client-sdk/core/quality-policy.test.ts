import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QualityPolicy, type QualityView } from '../../../../client-sdk/src/core/quality-policy.ts';

const BITRATES = [500_000, 1_000_000, 2_000_000];

/** A viewer of the lowest of three qualities, in segments of 2 s, whose connection carries anything. */
class Viewer {
  now = 0;
  readonly #policy: QualityPolicy;
  #view: QualityView = {
    bitrates: BITRATES,
    current: 0,
    bufferMs: 5_000,
    segmentMs: 2_000,
    atLeast: 10_000_000,
    httpRate: 10_000_000,
    holders: 0,
  };

  constructor(chance = 0) {
    this.#policy = new QualityPolicy(() => chance);
  }

  /** Segments come in, 2 s apart, of the quality that is chosen; what was loaded. */
  play(segments: number, change: Partial<QualityView> = {}): readonly number[] {
    const played: number[] = [];
    for (let i = 0; i < segments; i++) {
      this.now += 1_000;
      this.#view = { ...this.#view, ...change };
      this.#view = { ...this.#view, current: this.#policy.choose(this.#view, this.now) };
      this.now += 1_000;
      played.push(this.#view.current);
      this.#policy.loaded(this.#view, this.now);
    }
    return played;
  }
}

describe('going up', () => {
  it('SWM-21 takes three segments that the connection would have carried 1.4 times over, and 10 s between two steps', () => {
    expect(new Viewer().play(12)).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
    const tight = { atLeast: 1_399_999, httpRate: 1_399_999 };
    expect(new Viewer().play(8, tight)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('SWM-21 is put off by chance, so that those who came together do not switch together', () => {
    const [patient, eager] = [new Viewer(0.99).play(14), new Viewer().play(14)];
    expect(patient.indexOf(2)).toBeGreaterThan(eager.indexOf(2));
  });

  it('SWM-21 one segment that came too slowly begins the count anew', () => {
    const viewer = new Viewer();
    viewer.play(2);
    viewer.play(1, { atLeast: 600_000 });
    expect(viewer.play(4, { atLeast: 10_000_000 })).toEqual([0, 0, 0, 1]);
  });

  it('SWM-21 needs two neighbours that hold the better quality, or an origin that carries it', () => {
    const weakOrigin = { httpRate: 800_000 };
    expect(new Viewer().play(6, { ...weakOrigin, holders: 1 })).toEqual([0, 0, 0, 0, 0, 0]);
    expect(new Viewer().play(6, { ...weakOrigin, holders: 2 })).toEqual([0, 0, 0, 1, 1, 1]);
    expect(new Viewer().play(6, { httpRate: undefined })).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('SWM-21 waits while the buffer is low', () => {
    const viewer = new Viewer();
    viewer.play(1, { bufferMs: 5_000 });
    expect(viewer.play(5, { bufferMs: 1_900 })).toEqual([0, 0, 0, 0, 0]);
    expect(viewer.play(1, { bufferMs: 2_300 })).toEqual([1]);
  });
});

describe('going down', () => {
  const slow = { atLeast: 1_300_000, httpRate: 1_300_000 };

  it('SWM-21 happens when less than a segment is buffered, to what the origin carries', () => {
    const viewer = new Viewer();
    viewer.play(12);
    expect(viewer.play(2, { ...slow, bufferMs: 2_300 })).toEqual([2, 2]);
    expect(viewer.play(1, { bufferMs: 1_500 })).toEqual([1]);
    const offline = new Viewer();
    offline.play(12);
    offline.play(1, { bufferMs: 2_300 });
    expect(offline.play(1, { bufferMs: 1_500, atLeast: 0, httpRate: 0 })).toEqual([0]);
  });

  it('SWM-21 happens after a stall, when the segment that came late is all there is', () => {
    const viewer = new Viewer();
    viewer.play(12);
    viewer.play(1, { ...slow, bufferMs: 2_300 });
    expect(viewer.play(1, { bufferMs: 2_050 })).toEqual([1]);
  });

  it('SWM-21 the slowness of the swarm alone is no reason', () => {
    const viewer = new Viewer();
    viewer.play(12);
    expect(viewer.play(3, { atLeast: 100_000, httpRate: 100_000 })).toEqual([2, 2, 2]);
  });

  it('SWM-21 does not happen for the empty buffer of a start or a seek, unless it does not fill', () => {
    const start = { current: 2, bufferMs: 1_900 };
    const viewer = new Viewer();
    expect(viewer.play(2, { ...slow, ...start })).toEqual([2, 2]);
    expect(viewer.play(1)).toEqual([1]);
    const seeker = new Viewer();
    seeker.play(12);
    seeker.play(1, { bufferMs: 20_000 });
    expect(seeker.play(2, { ...slow, bufferMs: 500 })).toEqual([2, 2]);
    expect(seeker.play(1)).toEqual([1]);
  });
});

it('SWM-21 whatever it is told, the choice is one of the qualities, at most one step up', () => {
  const view = fc.record({
    bitrates: fc.array(fc.nat(5_000_000), { minLength: 1, maxLength: 6 }),
    current: fc.nat(5),
    bufferMs: fc.nat(40_000),
    segmentMs: fc.nat(12_000),
    atLeast: fc.nat(20_000_000),
    httpRate: fc.option(fc.nat(20_000_000), { nil: undefined }),
    holders: fc.nat(12),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(view, fc.nat(5_000))), (steps) => {
      const policy = new QualityPolicy(() => 0.5);
      let now = 0;
      for (const [seen, ms] of steps) {
        now += ms;
        const current = seen.current % seen.bitrates.length;
        policy.loaded({ ...seen, current }, now);
        const choice = policy.choose({ ...seen, current }, now);
        expect(choice).toBeGreaterThanOrEqual(0);
        expect(choice).toBeLessThan(seen.bitrates.length);
        expect(choice).toBeLessThanOrEqual(current + 1);
      }
    }),
  );
});
