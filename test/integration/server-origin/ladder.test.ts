import { describe, expect, it } from 'vitest';
import { type LintedPlaylist, PlaylistLinter } from '../../support/lint/playlist-linter.ts';
import { until } from '../../support/until.ts';
import { decode, packets } from './decode.ts';
import { rung } from './rungs.ts';
import { scene } from './scene.ts';
import type { TestOrigin } from './test-origin.ts';

const { start, publish } = scene();

const LADDER = [rung('big', 1080, 4_000), rung('mid', 72, 120), rung('low', 48, 60)];
const RENDITIONS = ['source', 'mid', 'low'] as const;

/** As OBS sends it: pictures that are decoded before others that are shown earlier. */
const REORDERED = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-sc_threshold', '0'],
  ...['-bf', '2', '-g', '30', '-b:v', '200k'],
];

/** A player of all renditions at once, whose linters see every version of their playlists. */
class Watcher {
  readonly #test: TestOrigin;
  readonly linters: ReadonlyMap<string, PlaylistLinter> = new Map(
    RENDITIONS.map((name) => [name, new PlaylistLinter()]),
  );

  constructor(test: TestOrigin) {
    this.#test = test;
  }

  /** The playlists as they are now, all of the same moment; undefined while there are none. */
  async look(): Promise<readonly LintedPlaylist[] | undefined> {
    const seen: LintedPlaylist[] = [];
    for (const [name, linter] of this.linters) {
      const response = await fetch(this.#test.url(`/live/demo/${name}/index.m3u8`));
      if (response.ok) seen.push(linter.observe(await response.text()));
    }
    const [first] = seen;
    const newest = (playlist: LintedPlaylist | undefined): number | undefined =>
      playlist?.segments.at(-1)?.msn;
    const whole = seen.length === RENDITIONS.length;
    return whole && seen.every((p) => newest(p) === newest(first)) ? seen : undefined;
  }

  async where(
    what: string,
    condition: (source: LintedPlaylist) => boolean,
  ): Promise<readonly LintedPlaylist[]> {
    let found: readonly LintedPlaylist[] = [];
    await until(
      async () => {
        found = (await this.look()) ?? [];
        return found[0] !== undefined && condition(found[0]);
      },
      { what: () => `${what}; at last ${JSON.stringify(found[0])}`, timeoutMs: 30_000 },
    );
    return found;
  }

  expectClean(): void {
    for (const [name, linter] of this.linters)
      expect(linter.problems, `playlists of ${name}`).toEqual([]);
  }
}

/** Everything but the names of files, which a rendition has in a folder of its own. */
const times = ({ segments, targetDuration }: LintedPlaylist) => ({ segments, targetDuration });

/** Each segment of an epoch alone, and when its pictures are shown. */
async function shown(test: TestOrigin, name: string, playlist: LintedPlaylist) {
  const pictures: { readonly from: number; readonly key: boolean; readonly count: number }[] = [];
  for (const { uri, map } of playlist.segments) {
    const init = await test.get(`/live/demo/${name}/${map}`);
    const media = await test.verifiedSegment(uri, name);
    const all = await packets(Buffer.concat([init, media]));
    const from = Math.min(...all.map(({ pts }) => pts));
    pictures.push({ from, key: all[0]?.key ?? false, count: all.length });
  }
  return pictures;
}

describe('a ladder', () => {
  it.each([
    ['of pictures in order', {}],
    ['of pictures out of order', { videoArgs: REORDERED }],
    ['of short groups', { gopFrames: 7 }],
  ])('ORG-10 has the same segments in every rendition: %s', async (_what, options) => {
    const test = await start({ ladder: LADDER });
    await publish(test.rtmpUrl(), options);
    const watcher = new Watcher(test);
    const playlists = await watcher.where('five segments', (p) => p.segments.length >= 5);
    const [source, ...rungs] = playlists;
    if (source === undefined) throw new Error('no source');
    for (const playlist of rungs) expect(times(playlist)).toEqual(times(source));
    const ours = await shown(test, 'source', source);
    for (const [i, playlist] of rungs.entries()) {
      const name = RENDITIONS[i + 1] ?? '';
      const theirs = await shown(test, name, playlist);
      expect(theirs.map(({ key, count }) => ({ key, count }))).toEqual(
        ours.map(({ count }) => ({ key: true, count })),
      );
      // The very first picture is shown from the beginning, however late it came.
      for (const [k, { from }] of theirs.entries())
        if (k > 0) expect(from - (ours[k]?.from ?? NaN)).toBeCloseTo(0, 3);
      const parts = [await test.get(`/live/demo/${name}/${playlist.segments[0]?.map ?? ''}`)];
      for (const { uri } of playlist.segments) parts.push(await test.verifiedSegment(uri, name));
      expect(await decode(Buffer.concat(parts))).toBe('');
    }
    const master = await test.text('/live/demo/index.m3u8');
    expect([...master.matchAll(/RESOLUTION=(\S+),FRAME-RATE=30\.000\n(\w+)\//g)]).toMatchObject([
      { 1: '160x90', 2: 'source' },
      { 1: '128x72', 2: 'mid' },
      { 1: '86x48', 2: 'low' },
    ]);
    watcher.expectClean();
  });

  it('ORG-9 ORG-10 goes on alike in every rendition after its encoder was killed', async () => {
    const test = await start({ ladder: LADDER });
    await publish(test.rtmpUrl(), { videoArgs: REORDERED });
    const watcher = new Watcher(test);
    const [before] = await watcher.where('three segments', (p) => p.segments.length >= 3);
    const epoch = before?.segments.at(-1)?.epoch ?? 0;
    const [encoder] = test.origin.processes().encoders;
    process.kill(encoder?.pid ?? NaN, 'SIGKILL');
    const playlists = await watcher.where(
      'two segments of another encoder',
      (p) => p.segments.filter((segment) => segment.epoch > epoch).length >= 2,
    );
    const [source, ...rungs] = playlists;
    for (const playlist of rungs) expect(playlist.segments).toEqual(source?.segments);
    watcher.expectClean();
  });

  it('ORG-10 without sound, and with a picture that has few lines, makes what the source allows', async () => {
    const test = await start({ ladder: LADDER });
    await publish(test.rtmpUrl(), { audio: false, size: '112x64' });
    await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
    const master = await test.text('/live/demo/index.m3u8');
    expect(master.match(/^\w+\/index\.m3u8$/gm)).toEqual(['source/index.m3u8', 'low/index.m3u8']);
    expect(test.linter.problems).toEqual([]);
  });
});
