import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestsUrl, readSwarmTags, unwrap, verifyDigestList } from '@shoal/protocol';
import { type OriginOptions } from '@shoal/server';
import { describe, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { startS3Server } from '../../support/s3/s3-server.ts';
import { PlaylistLinter } from '../../support/lint/playlist-linter.ts';
import { sha256 } from '../../support/sha256.ts';
import { until } from '../../support/until.ts';
import { startSite } from '../sdk-support/site.ts';
import { play } from './decode.ts';
import { bundleHlsPage } from './hls-page.ts';
import { KillableOrigin } from './killable-origin.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';
import { type TestOrigin } from './test-origin.ts';

const { start, publish, makeFolder, atEnd } = scene();

type StoreOptions = NonNullable<OriginOptions['recording']>['store'];

async function openBucket(): Promise<StoreOptions> {
  const { port, bucket, accessKeyId, secretAccessKey, close } = await startS3Server();
  atEnd(close);
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    type: 's3',
    endpoint,
    region: 'eu-1',
    bucket,
    accessKeyId,
    secretAccessKey,
    pathStyle: true,
  };
}

type Broadcast = {
  readonly broadcast: number;
  readonly state: string;
  readonly segments: number;
  readonly gaps: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly renditions: readonly string[];
  readonly playlist?: string;
};

async function broadcasts(http: string): Promise<readonly Broadcast[]> {
  const response = await fetch(`${http}/v1/streams/demo/recordings`);
  return ((await response.json()) as { recordings: readonly Broadcast[] }).recordings;
}

/** Waits until a broadcast satisfies the condition. */
async function broadcastWhere(
  http: string,
  condition: (broadcast: Broadcast) => boolean,
  what: string,
): Promise<Broadcast> {
  let found: Broadcast | undefined;
  await until(
    async () => {
      found = (await broadcasts(http)).find(condition);
      return found !== undefined;
    },
    { what, timeoutMs: 40_000 },
  );
  if (found === undefined) throw new Error(what);
  return found;
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: status ${response.status}`);
  return response.text();
}

function base(test: TestOrigin): string {
  return test.url('');
}

/** Plays a VOD in hls.js in Chromium, four times as fast. */
async function playsToTheEnd(url: string): Promise<void> {
  const site = await startSite(await bundleHlsPage());
  atEnd(() => site.close());
  const browser = await launchChromium();
  atEnd(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'hlsPage' in window);
  await page.evaluate((vod) => {
    window.hlsPage.start(vod, false);
    const video = document.querySelector('video');
    if (video !== null) video.playbackRate = 4;
  }, url);
  const ended = (): Promise<boolean> =>
    page.evaluate(() => document.querySelector('video')?.ended === true);
  await until(ended, { what: 'the end of the VOD', timeoutMs: 60_000 });
  expect((await page.evaluate(() => window.hlsPage.seen())).fatal).toEqual([]);
}

const hasPlaylist = ({ playlist }: Broadcast): boolean => playlist !== undefined;

describe('recordings', () => {
  it.each([
    [
      'on a disk',
      (): Promise<StoreOptions> => Promise.resolve({ type: 'disk', folder: makeFolder() }),
    ],
    ['in a bucket', openBucket],
  ])(
    'ORG-13 ORG-15 %s a broadcast is there from its first frame to its last the moment it is over',
    async (_, makeStore) => {
      const recording = { store: await makeStore() };
      const test = await start({
        recording,
        listedSegments: 6,
        // An encoder that is short of CPU gives its last segments a while after its publisher has left.
        interruptedMs: 3_000,
        ladder: LADDER,
      });
      const publisher = await publish(test.rtmpUrl(), { seconds: 8, size: '320x180' });
      await publisher.exit();
      const {
        broadcast,
        playlist = '',
        ...over
      } = await broadcastWhere(base(test), hasPlaylist, 'the VOD');
      expect(over).toMatchObject({ state: 'ended', segments: 8, gaps: 0 });
      expect(over.renditions).toEqual(['source', ...LADDER.map(({ name }) => name)]);
      expect(playlist).toBe(`/live/demo/${broadcast}-vod.m3u8`);
      const master = await test.text(playlist);
      for (const name of over.renditions) {
        expect(master).toContain(`\n${name}/${broadcast}-vod.m3u8\n`);
        const url = test.url(`/live/demo/${name}/${broadcast}-vod.m3u8`);
        expect(await play(url)).toEqual({ frames: 240, said: '' });
      }
      const vod = await test.text(`/live/demo/source/${broadcast}-vod.m3u8`);
      expect(vod).toContain('#EXT-X-PLAYLIST-TYPE:VOD\n');
      const linter = new PlaylistLinter();
      expect(linter.observe(vod)).toMatchObject({
        mediaSequence: 0,
        ended: true,
        targetDuration: 1,
      });
      expect(linter.problems).toEqual([]);
      const swarm = readSwarmTags(vod);
      expect(swarm?.segments).toHaveLength(8);
      for (const { info, uri } of swarm?.segments ?? []) {
        const digests = await test.get(digestsUrl(`/live/demo/source/${uri}`));
        unwrap(verifyDigestList(digests, info, sha256));
      }
      // The live playlist has long left the first segments behind; the DVR playlist has them all.
      expect((await test.playlist())?.segments).toHaveLength(6);
      const dvr = await test.text('/live/demo/source/dvr.m3u8');
      expect(linter.observe(dvr)).toMatchObject({ mediaSequence: 0, ended: false });
      expect(linter.problems).toEqual([]);
      expect(await test.text('/live/demo/dvr.m3u8')).toContain('\nsource/dvr.m3u8\n');
      const index: unknown = JSON.parse(await test.text('/live/demo/recordings.json'));
      expect(index).toMatchObject({ recordings: [{ broadcast, playlist }] });
    },
  );

  it('ORG-15 a publisher that comes back goes on in the same broadcast, whose VOD then has both', async () => {
    const recording = { store: { type: 'memory', maxBytes: 50_000_000 }, keepHours: 1 } as const;
    const test = await start({ recording, interruptedMs: 300, closeAfterMs: 60_000 });
    const first = await publish(test.rtmpUrl(), { burst: true, seconds: 3 });
    await first.exit();
    const before = await broadcastWhere(base(test), hasPlaylist, 'the first VOD');
    const again = await publish(test.rtmpUrl(), { burst: true, seconds: 4 });
    await again.exit();
    const after = await broadcastWhere(
      base(test),
      ({ state, segments }) => state === 'ended' && segments === 7,
      'the second end',
    );
    expect(after.broadcast).toBe(before.broadcast);
    const url = test.url(`/live/demo/source/${after.broadcast}-vod.m3u8`);
    await until(async () => (await textOf(url)).split('#EXTINF').length === 8, {
      what: 'the longer VOD',
    });
    expect(await textOf(url)).toContain('#EXT-X-DISCONTINUITY\n');
    expect((await play(url)).frames).toBe(210);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-14 while the store fails live goes on, and what is lost is a gap', async () => {
    const folder = makeFolder();
    const recording = { store: { type: 'disk', folder } } as const;
    const test = await start({ recording, interruptedMs: 500 });
    const publisher = await publish(test.rtmpUrl());
    const dvr = (): Promise<string> => textOf(test.url('/live/demo/source/dvr.m3u8'));
    await until(async () => (await dvr().catch(() => '')).split('#EXTINF').length > 3, {
      what: 'three segments in the DVR playlist',
    });
    renameSync(folder, `${folder}-away`);
    atEnd(() => {
      rmSync(`${folder}-away`, { recursive: true, force: true });
    });
    writeFileSync(folder, 'no folder');
    const lost = await broadcastWhere(base(test), ({ gaps }) => gaps > 0, 'a gap');
    expect(lost.state).toBe('running');
    rmSync(folder);
    renameSync(`${folder}-away`, folder);
    const listed = await test.playlist();
    await until(
      async () => {
        const text = await dvr();
        return text.lastIndexOf('#EXT-X-SHOAL-SEGMENT') > text.indexOf('#EXT-X-GAP');
      },
      { what: 'segments after the gap', timeoutMs: 30_000 },
    );
    expect(await dvr()).toMatch(/^#EXT-X-VERSION:8$/m);
    // Live, meanwhile, has lost nothing.
    expect(listed?.segments.length).toBeGreaterThan(3);
    expect(test.linter.problems).toEqual([]);
    for (const { uri } of listed?.segments.slice(-3) ?? []) await test.verifiedSegment(uri);
    // Players pass over it.
    await publisher.cut();
    const over = await broadcastWhere(base(test), hasPlaylist, 'the VOD');
    await playsToTheEnd(test.url(over.playlist ?? ''));
  });

  it('ORG-16 the oldest broadcasts are deleted, playlists first, and nothing of them is left', async () => {
    const folder = makeFolder();
    const recording = { store: { type: 'disk', folder }, keepBytes: 250_000 } as const;
    const test = await start({ recording, interruptedMs: 200, closeAfterMs: 0 });
    const seen: Broadcast[] = [];
    for (let i = 0; i < 3; i++) {
      const publisher = await publish(test.rtmpUrl(), { burst: true, seconds: 5 });
      await publisher.exit();
      // Its playlist is there a moment after it is closed.
      const isNew = ({ playlist, broadcast }: Broadcast): boolean =>
        playlist !== undefined && !seen.some((known) => known.broadcast === broadcast);
      seen.push(await broadcastWhere(base(test), isNew, `broadcast ${i}`));
    }
    await until(async () => (await broadcasts(base(test))).length < 3, { what: 'a deletion' });
    const kept = await broadcasts(base(test));
    const gone = seen.filter((one) => !kept.some((other) => other.broadcast === one.broadcast));
    expect(gone[0]?.broadcast).toBe(seen[0]?.broadcast);
    expect(kept.at(-1)?.broadcast).toBe(seen.at(-1)?.broadcast);
    const path = join(folder, 'live', 'demo', 'source');
    const left = (): readonly string[] =>
      readdirSync(path).filter((name) => gone.some((one) => name.startsWith(`${one.broadcast}-`)));
    await until(() => left().length === 0, { what: 'the files to be gone' });
    for (const { playlist = '' } of kept)
      expect((await fetch(test.url(playlist))).status).toBe(200);
    for (const { playlist = '' } of gone)
      expect((await fetch(test.url(playlist))).status).toBe(404);
    for (const { broadcast } of kept)
      expect((await play(test.url(`/live/demo/source/${broadcast}-vod.m3u8`))).frames).toBe(150);
  });

  it('ORG-17 what was listed when the origin was killed is listed when it is there again', async () => {
    const [dataDir, folder] = [makeFolder(), makeFolder()];
    const options = {
      dataDir,
      interruptedMs: 20_000,
      recording: { store: { type: 'disk', folder } },
    } as const;
    const first = await KillableOrigin.start(options);
    atEnd(() => first.kill());
    const publisher = await publish(first.rtmp);
    const linter = new PlaylistLinter();
    const live = async (of: KillableOrigin): Promise<string> =>
      textOf(`${of.http}/live/demo/source/index.m3u8`).catch(() => '');
    await until(async () => (await live(first)).split('#EXTINF').length > 5, { what: 'segments' });
    const [{ broadcast } = { broadcast: 0 }] = await broadcasts(first.http);
    const before = await live(first);
    linter.observe(before);
    await first.kill();
    await publisher.cut();
    const second = await KillableOrigin.start(options);
    atEnd(() => second.kill());
    // It is there before anybody publishes, and so is everything that it lists.
    const restored = await live(second);
    linter.observe(restored);
    for (const { uri } of readSwarmTags(before)?.segments ?? []) {
      expect(restored).toContain(`\n${uri}\n`);
      expect((await fetch(`${second.http}/live/demo/source/${uri}`)).status).toBe(200);
    }
    const next = await publish(second.rtmp, { burst: true, seconds: 4 });
    await next.exit();
    await until(async () => (await live(second)).split('#EXT-X-MAP').length > 2, {
      what: 'a second epoch',
    });
    linter.observe(await live(second));
    expect(linter.problems).toEqual([]);
    const [after] = await broadcasts(second.http);
    expect(after).toMatchObject({ broadcast, gaps: 0 });
    expect(existsSync(join(folder, 'live', 'demo', 'source'))).toBe(true);
  });

  it('ORG-15 a broadcast that cannot go on is a VOD as soon as the origin is there again', async () => {
    const [dataDir, folder] = [makeFolder(), makeFolder()];
    const recording = { store: { type: 'disk', folder } } as const;
    const options = { dataDir, interruptedMs: 200, closeAfterMs: 600, recording };
    const first = await KillableOrigin.start(options);
    atEnd(() => first.kill());
    const publisher = await publish(first.rtmp, { burst: true, seconds: 5 });
    await publisher.exit();
    const dvr = `${first.http}/live/demo/source/dvr.m3u8`;
    await until(async () => (await textOf(dvr).catch(() => '')).split('#EXTINF').length === 6, {
      what: 'all segments to be stored',
    });
    await first.kill();
    const second = await KillableOrigin.start(options);
    atEnd(() => second.kill());
    const { broadcast } = await broadcastWhere(second.http, hasPlaylist, 'the VOD');
    const vod = `${second.http}/live/demo/source/${broadcast}-vod.m3u8`;
    expect(await play(vod)).toEqual({ frames: 150, said: '' });
  });
});
