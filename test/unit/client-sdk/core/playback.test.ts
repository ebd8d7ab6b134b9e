import { describe, expect, it } from 'vitest';
import { Playback } from '../../../../client-sdk/src/core/playback.ts';

const twoSeconds = (): number => 2_000;

/** A playback reported at 1,000: 4 s are buffered and segment 10 is needed next. */
function reported(playing: boolean): Playback {
  const playback = new Playback();
  playback.report({ type: 'playback', bufferedMs: 4_000, next: 10, playing }, 1_000);
  return playback;
}

describe('the deadline of a segment', () => {
  it('is half a second before the buffer runs out, and moves on by the lengths in between', () => {
    const playback = reported(true);
    expect(playback.deadline(10, twoSeconds, 2_500)).toBe(4_500);
    expect(playback.deadline(12, twoSeconds, 2_500)).toBe(8_500);
    const lengths = new Map([
      [10, 1_000],
      [11, 3_000],
    ]);
    expect(playback.deadline(12, (msn) => lengths.get(msn) ?? 0, 2_500)).toBe(8_500);
  });

  it('comes no nearer while the player is paused', () => {
    const playback = reported(false);
    expect(playback.deadline(10, twoSeconds, 50_000)).toBe(53_500);
  });

  it('SWM-1 is now before the first report, and for what is behind the buffer', () => {
    expect(new Playback().deadline(3, twoSeconds, 700)).toBe(700);
    expect(reported(true).deadline(9, twoSeconds, 2_500)).toBe(2_500);
  });

  it('of a segment as far away as there are numbers takes no longer to work out', () => {
    let asked = 0;
    const counting = (): number => (asked += 1);
    reported(true).deadline(0xffff_ffff, counting, 2_500);
    expect(asked).toBe(64);
  });
});
