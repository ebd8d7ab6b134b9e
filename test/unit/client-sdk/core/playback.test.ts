import { describe, expect, it } from 'vitest';
import { Playback } from '../../../../client-sdk/src/core/playback.ts';
import { ENGINE } from '../../../../client-sdk/src/core/limits.ts';
import { renditionId } from '../../../support/builders.ts';

/** What of a buffer may be waited for: the rest is for appending and decoding. */
const before = (bufferEnd: number): number => bufferEnd - ENGINE.safetyMs;
const twoSeconds = (): number => 2_000;
const video = renditionId('720p');
const audio = renditionId('audio');
const of = (msn: number, rendition = video) => ({ rendition, msn });

/** A playback reported at 1,000: 4 s of video are buffered and segment 10 is needed next. */
function reported(playing: boolean): Playback {
  const playback = new Playback();
  const main = { rendition: video, next: 10, bufferedMs: 4_000 };
  playback.report({ type: 'playback', main, audio: undefined, playing }, 1_000);
  return playback;
}

/** The same, with 3 s of audio, whose segment 40 is next. */
function withAudio(
  change: { readonly main?: undefined; readonly bufferedMs?: number } = {},
): Playback {
  const playback = new Playback();
  const main = { rendition: video, next: 10, bufferedMs: 4_000 };
  const track = { rendition: audio, next: 40, bufferedMs: change.bufferedMs ?? 3_000 };
  const report = { type: 'playback', main, audio: track, playing: true } as const;
  playback.report(report, 1_000);
  if ('main' in change) playback.report({ ...report, main: undefined }, 1_100);
  return playback;
}

describe('the deadline of a segment', () => {
  it('is a little before the buffer runs out, and moves on by the lengths in between', () => {
    const playback = reported(true);
    expect(playback.deadline(of(10), twoSeconds, 2_500)).toBe(before(5_000));
    expect(playback.deadline(of(12), twoSeconds, 2_500)).toBe(before(9_000));
    const lengths = new Map([
      [10, 1_000],
      [11, 3_000],
    ]);
    expect(playback.deadline(of(12), (msn) => lengths.get(msn) ?? 0, 2_500)).toBe(before(9_000));
  });

  it('comes no nearer while the player is paused', () => {
    const playback = reported(false);
    expect(playback.deadline(of(10), twoSeconds, 50_000)).toBe(before(54_000));
  });

  it('SWM-1 is now before the first report, and for what is behind the buffer', () => {
    expect(new Playback().deadline(of(3), twoSeconds, 700)).toBe(700);
    expect(reported(true).deadline(of(9), twoSeconds, 2_500)).toBe(2_500);
  });

  it('of a segment as far away as there are numbers takes no longer to work out', () => {
    let asked = 0;
    const counting = (): number => (asked += 1);
    reported(true).deadline(of(0xffff_ffff), counting, 2_500);
    expect(asked).toBe(64);
  });

  it('SWM-20 is that of its own track, with separate audio', () => {
    const playback = withAudio();
    expect(playback.deadline(of(11), twoSeconds, 2_500)).toBe(before(7_000));
    expect(playback.deadline(of(40, audio), twoSeconds, 2_500)).toBe(before(4_000));
    expect(playback.deadline(of(41, audio), twoSeconds, 2_500)).toBe(before(6_000));
  });

  it('SWM-20 of a rendition that was just switched to is when the first track runs dry', () => {
    const other = renditionId('1080p');
    expect(withAudio().deadline(of(10, other), twoSeconds, 2_500)).toBe(before(4_000));
    const unknown = new Playback();
    unknown.report({ type: 'playback', main: undefined, audio: undefined, playing: true }, 1_000);
    expect(unknown.deadline(of(10, other), twoSeconds, 2_500)).toBe(2_500);
  });
});

describe('the tracks', () => {
  it('SWM-20 are each ahead of their own next segment, and of no other rendition', () => {
    const playback = withAudio();
    expect(playback.isAhead(of(12), 2)).toBe(true);
    expect(playback.isAhead(of(13), 2)).toBe(false);
    expect(playback.isAhead(of(40, audio), 2)).toBe(true);
    expect(playback.isAhead(of(12, audio), 2)).toBe(false);
    expect(playback.isAhead(of(12, renditionId('1080p')), 2)).toBe(false);
  });

  it('SWM-20 run when there is media in all of them', () => {
    expect(withAudio().running).toBe(true);
    expect(withAudio({ bufferedMs: 0 }).running).toBe(false);
    expect(new Playback().running).toBe(false);
  });

  it('SWM-20 are led by the video, also while its next playlist is awaited, and by audio alone', () => {
    expect(withAudio().lead?.rendition).toBe(video);
    const switching = withAudio({ main: undefined });
    expect(switching.lead).toMatchObject({ rendition: video, next: 10 });
    expect(switching.tracks.map(({ rendition }) => rendition)).toEqual([audio]);
    const radio = new Playback();
    const track = { rendition: audio, next: 1, bufferedMs: 0 };
    radio.report({ type: 'playback', main: undefined, audio: track, playing: true }, 0);
    expect(radio.lead).toEqual(track);
    radio.clear();
    expect([radio.lead, radio.tracks]).toEqual([undefined, []]);
  });
});
