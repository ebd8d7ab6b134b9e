import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MediaPlaylist } from '../../../../client-sdk/src/node/media-playlist.ts';
import { type PlayerEffect, PlayerModel } from '../../../../client-sdk/src/node/player-model.ts';

const SEGMENT_MS = 2_000;
const EPOCH_DATE = 1_700_000_000_000;

/** Lists segments `first` to `end`, the end excluded. */
function listing(first: number, end: number, ended = false): MediaPlaylist {
  return {
    targetDurationMs: 3_000,
    ended,
    segments: Array.from({ length: end - first }, (_, i) => ({
      msn: first + i,
      url: `http://origin/${first + i}.m4s`,
      durationMs: SEGMENT_MS,
      date: EPOCH_DATE + (first + i) * SEGMENT_MS,
      initUrl: 'http://origin/init.mp4',
    })),
  };
}

function loads(effects: readonly PlayerEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.type === 'load-segment' ? [effect.url] : []));
}

/** A player that has its first playlist and waits for its first segment. */
function begun(playlist: MediaPlaylist): PlayerModel {
  const player = new PlayerModel({ startBehindSegments: 3, now: 0 });
  player.step({ type: 'tick' }, 0);
  player.step({ type: 'playlist', playlist }, 0);
  return player;
}

describe('the player model', () => {
  it('asks for the playlist, then for the third segment from the end and its initialisation section', () => {
    const player = new PlayerModel({ startBehindSegments: 3, now: 0 });
    expect(player.step({ type: 'tick' }, 0)).toContainEqual({ type: 'load-playlist' });
    const effects = player.step({ type: 'playlist', playlist: listing(10, 20) }, 40);
    expect(effects).toContainEqual({
      type: 'load-segment',
      url: 'http://origin/17.m4s',
      initUrl: 'http://origin/init.mp4',
    });
    const more = player.step({ type: 'segment', ok: true }, 90);
    expect(more).toContainEqual({
      type: 'load-segment',
      url: 'http://origin/18.m4s',
      initUrl: undefined,
    });
    expect(player.read(90)).toMatchObject({ startupMs: 90, bufferMs: SEGMENT_MS });
  });

  it('begins at the start of a playlist that has ended, and does not stall at its end', () => {
    const player = begun(listing(0, 4, true));
    for (let msn = 0; msn < 4; msn++) player.step({ type: 'segment', ok: true }, 0);
    expect(player.read(60_000)).toMatchObject({ stalls: 0, bufferMs: 0, live: false });
  });

  it('polls each mean segment duration, and after half a target duration when nothing was new', () => {
    const player = begun(listing(0, 5));
    expect(player.step({ type: 'tick' }, 1_999)).not.toContainEqual({ type: 'load-playlist' });
    expect(player.step({ type: 'tick' }, 2_000)).toContainEqual({ type: 'load-playlist' });
    expect(player.step({ type: 'tick' }, 2_500)).not.toContainEqual({ type: 'load-playlist' });
    player.step({ type: 'playlist', playlist: listing(0, 5) }, 2_600);
    expect(player.step({ type: 'tick' }, 3_499)).not.toContainEqual({ type: 'load-playlist' });
    expect(player.step({ type: 'tick' }, 3_500)).toContainEqual({ type: 'load-playlist' });
  });

  it('asks again a second later when the playlist did not come', () => {
    const player = new PlayerModel({ startBehindSegments: 3, now: 0 });
    player.step({ type: 'tick' }, 0);
    player.step({ type: 'playlist', playlist: undefined }, 100);
    expect(player.deadline()).toBeLessThanOrEqual(1_100);
    expect(player.step({ type: 'tick' }, 1_100)).toContainEqual({ type: 'load-playlist' });
  });

  it('counts a stall from the moment the buffer ran out, once it can be seen', () => {
    const player = begun(listing(0, 5));
    player.step({ type: 'segment', ok: true }, 0);
    expect(player.read(SEGMENT_MS + 200)).toMatchObject({ stalls: 0, stalledMs: 0 });
    expect(player.read(SEGMENT_MS + 900)).toMatchObject({ stalls: 1, stalledMs: 900 });
    player.step({ type: 'segment', ok: true }, SEGMENT_MS + 1_000);
    expect(player.read(SEGMENT_MS + 1_500)).toMatchObject({
      stalls: 1,
      stalledMs: 1_000,
      bufferMs: 1_500,
    });
  });

  it('knows the date of what is on the screen', () => {
    const player = begun(listing(0, 5));
    player.step({ type: 'segment', ok: true }, 0);
    expect(player.read(500).date).toBe(EPOCH_DATE + 2 * SEGMENT_MS + 500);
  });

  it('tries a segment four times, a second apart, and then leaves it out', () => {
    const player = begun(listing(0, 5));
    for (let attempt = 1; attempt < 4; attempt++) {
      const at = attempt * 1_000;
      expect(loads(player.step({ type: 'segment', ok: false }, at - 1_000))).toEqual([]);
      expect(loads(player.step({ type: 'tick' }, at))).toEqual(['http://origin/2.m4s']);
    }
    const effects = player.step({ type: 'segment', ok: false }, 3_500);
    expect(loads(effects)).toEqual(['http://origin/3.m4s']);
    expect(player.read(3_500).skippedSegments).toBe(1);
  });

  it('goes on near the end when what it needs is no longer listed', () => {
    const player = begun(listing(0, 5));
    for (let msn = 2; msn < 5; msn++) player.step({ type: 'segment', ok: true }, 0);
    player.step({ type: 'tick' }, 2_000);
    const effects = player.step({ type: 'playlist', playlist: listing(40, 50) }, 2_000);
    expect(loads(effects)).toEqual(['http://origin/47.m4s']);
    expect(player.read(2_000).skippedSegments).toBe(42);
  });

  it('loads no more than thirty seconds ahead', () => {
    const player = begun(listing(0, 60, true));
    let asked = 1;
    for (let i = 0; i < 60; i++)
      asked += loads(player.step({ type: 'segment', ok: true }, 0)).length;
    expect(asked).toBe(15);
    expect(loads(player.step({ type: 'tick' }, 1))).toHaveLength(1);
  });

  it('never has two loads open, never stands still past its deadline, and counts no time twice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.nat(900), ok: fc.boolean(), grow: fc.nat(2) }), {
          maxLength: 120,
        }),
        (events) => {
          const player = new PlayerModel({ startBehindSegments: 3, now: 0 });
          let now = 0;
          let end = 5;
          let segments = 0;
          let playlists = 0;
          let played = 0;
          const take = (effects: readonly PlayerEffect[]): void => {
            for (const { type } of effects) {
              if (type === 'load-segment') segments += 1;
              if (type === 'load-playlist') playlists += 1;
            }
            expect(segments).toBeLessThanOrEqual(1);
            expect(playlists).toBeLessThanOrEqual(1);
            expect(player.deadline()).toBeGreaterThan(now);
          };
          take(player.step({ type: 'tick' }, now));
          for (const { ms, ok, grow } of events) {
            now += ms;
            end += grow;
            if (playlists > 0) {
              playlists -= 1;
              const playlist = ok ? listing(Math.max(0, end - 10), end) : undefined;
              take(player.step({ type: 'playlist', playlist }, now));
            } else if (segments > 0) {
              segments -= 1;
              if (ok) played += 1;
              take(player.step({ type: 'segment', ok }, now));
            } else take(player.step({ type: 'tick' }, now));
            const { startupMs, stalledMs, bufferMs, playedSegments } = player.read(now);
            expect(playedSegments).toBe(played);
            const onScreen = played * SEGMENT_MS - bufferMs;
            const waited = now - (startupMs ?? now) - onScreen;
            // What is below the threshold of a stall is seen by nobody.
            expect(stalledMs).toBeLessThanOrEqual(waited);
            expect(waited - stalledMs).toBeLessThan(250 * (played + 1));
          }
        },
      ),
    );
  });
});
