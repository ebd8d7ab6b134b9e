import { describe, expect, it } from 'vitest';
import { StallMeter } from '../../../../../client-sdk/src/adapters/hlsjs/stall-meter.ts';

/** Plays samples `[ms, position, active]` and reads the meter at the time of the last. */
function play(samples: readonly (readonly [ms: number, position: number, active?: boolean])[]): {
  readonly stalls: number;
  readonly stalledMs: number;
} {
  const meter = new StallMeter();
  for (const [ms, position, active = true] of samples) meter.sample({ position, active }, ms);
  return meter.read(samples.at(-1)?.[0] ?? 0);
}

describe('counting stalls', () => {
  it('counts a playhead that stands still for a quarter of a second, from when it last moved', () => {
    const samples = [
      [0, 0],
      [250, 0.25],
      [500, 0.25],
      [750, 0.25],
      [1_000, 0.5],
    ] as const;
    expect(play(samples)).toEqual({ stalls: 1, stalledMs: 750 });
  });

  it('counts a stall that lasts while it lasts', () => {
    const samples = [
      [0, 0],
      [250, 0.25],
      [500, 0.25],
      [5_250, 0.25],
    ] as const;
    expect(play(samples)).toEqual({ stalls: 1, stalledMs: 5_000 });
  });

  it('does not count waiting for the first frame', () => {
    expect(
      play([
        [0, 0],
        [3_000, 0],
        [3_250, 0.2],
      ] as const),
    ).toEqual({ stalls: 0, stalledMs: 0 });
  });

  it('does not count a pause, a seek or the end', () => {
    const samples = [
      [0, 0],
      [250, 0.25],
      [500, 0.25, false],
      [9_000, 0.25, false],
      [9_200, 0.25],
      [9_400, 0.45],
    ] as const;
    expect(play(samples)).toEqual({ stalls: 0, stalledMs: 0 });
  });

  it('counts no stall where samples are late but the playhead moved', () => {
    expect(
      play([
        [0, 0],
        [250, 0.25],
        [4_000, 4],
      ] as const),
    ).toEqual({ stalls: 0, stalledMs: 0 });
  });

  it('ends a stall when the viewer pauses', () => {
    const samples = [
      [0, 0],
      [250, 0.25],
      [1_250, 0.25],
      [1_500, 0.25, false],
      [9_000, 0.25, false],
    ] as const;
    expect(play(samples)).toEqual({ stalls: 1, stalledMs: 1_250 });
  });
});
