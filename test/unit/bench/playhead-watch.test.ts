import { describe, expect, it } from 'vitest';
import { PlayheadWatch } from '../../bench/page/playhead-watch.ts';

/** A player that has begun to play at time 0; `look(at, position)` in ms and s. */
function watched(playbackRate = 1) {
  const video = { currentTime: 0, paused: false, playbackRate, readyState: 4 };
  const watch = new PlayheadWatch(video, -100);
  const look = (at: number, position: number): void => {
    video.currentTime = position;
    watch.look(video, at);
  };
  look(0, 0.1);
  return { watch, look, video };
}

describe('PlayheadWatch', () => {
  it('notes a playhead that stands still for 400 ms, from when to when', () => {
    const { watch, look } = watched();
    for (const at of [100, 200, 300]) look(at, 0.1);
    expect(watch.stalls()).toEqual([]);
    look(400, 0.1);
    expect(watch.stalls()).toEqual([{ at: 0, ms: 400 }]);
    look(500, 0.1);
    look(600, 0.2);
    look(700, 0.3);
    expect(watch.stalls()).toEqual([{ at: 0, ms: 500 }]);
  });

  it('takes no page that could not look for a stall, but the time that the playhead lost meanwhile', () => {
    const { watch, look } = watched();
    look(900, 1);
    expect(watch.stalls()).toEqual([]);
    look(1_900, 1.5);
    look(2_000, 1.6);
    expect(watch.stalls()).toEqual([{ at: 900, ms: 500 }]);
  });

  it('does not count what is paused, or the time before the first frame, or seeks', () => {
    const { watch, look, video } = watched();
    video.paused = true;
    look(1_000, 0.1);
    video.paused = false;
    look(1_100, 0.2);
    look(1_200, 8);
    look(1_700, 2);
    look(1_800, 2.1);
    expect(watch.stalls()).toEqual([]);
  });

  it('goes by the playback rate', () => {
    const { watch, look } = watched(2);
    look(1_000, 1.1);
    look(1_100, 1.3);
    expect(watch.stalls()).toEqual([{ at: 0, ms: 500 }]);
  });
});
