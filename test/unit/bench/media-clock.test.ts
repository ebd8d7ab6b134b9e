import { describe, expect, it } from 'vitest';
import { MediaClock } from '../../bench/node/media-clock.ts';
import { readListing } from '../../bench/node/listing.ts';

const segment = (start: number) => ({ start, duration: 2_000 });

describe('a player without a picture', () => {
  it('plays what it has at the pace of the clock', () => {
    const clock = new MediaClock();
    expect(clock.position(500)).toBeUndefined();
    clock.append(segment(40_000), 1_000);
    clock.append(segment(42_000), 1_100);
    expect(clock.position(2_000)).toBe(41_000);
    expect(clock.buffered(2_000)).toBe(3_000);
    expect(clock.stalls(2_000)).toEqual({ stalls: 0, stalledMs: 0 });
  });

  it('stands still when it has nothing, and counts that once', () => {
    const clock = new MediaClock();
    clock.append(segment(0), 0);
    expect(clock.stalls(2_200)).toEqual({ stalls: 0, stalledMs: 0 });
    expect(clock.stalls(2_500)).toEqual({ stalls: 1, stalledMs: 500 });
    clock.append(segment(2_000), 3_000);
    expect(clock.position(3_500)).toBe(2_500);
    expect(clock.stalls(3_500)).toEqual({ stalls: 1, stalledMs: 1_000 });
  });
});

describe('a listing', () => {
  const text = (from: number): string =>
    [
      '#EXTM3U',
      `#EXT-X-MEDIA-SEQUENCE:${from}`,
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z',
      ...[0, 1].flatMap((i) => ['#EXTINF:2.000,', `${from + i}.m4s`]),
    ].join('\n');

  it('counts the time of the stream on from what was listed before', () => {
    const before = readListing(text(7), 'http://origin/live/x/', []);
    const after = readListing(text(8), 'http://origin/live/x/', before);
    expect(after.map(({ msn, start }) => [msn, start])).toEqual([
      [8, 2_000],
      [9, 4_000],
    ]);
    expect(after[1]).toMatchObject({
      url: 'http://origin/live/x/9.m4s',
      date: Date.parse('2026-01-01T00:00:02.000Z'),
    });
  });
});
