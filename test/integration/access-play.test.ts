import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodePeer } from '@shoal/client-sdk/node';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { type AccessRequest, type Origin, startDelivery, startOrigin } from '@shoal/server';
import { startTracker, type Tracker } from '@shoal/tracker';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import type { HttpOrigin } from '../unit/client-sdk/adapters/http-origin.ts';
import type { PlayerReport } from './sdk-support/player-page.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';
import { bundleHlsPage } from './server-origin/hls-page.ts';
import { Publisher } from './server-origin/publisher.ts';

const DEMO = unwrap(parseChannelId('demo'));
const asked: AccessRequest[] = [];
const undo: (() => unknown)[] = [];
let origin: Origin;
let tracker: Tracker;
let browser: Browser;
let site: HttpOrigin;
let plainSite: HttpOrigin;
let redis: RedisServer;
let failing = false;
let publisher: Publisher;

/** Lets in who has a token, or the password of somebody. */
function mayRead(
  request: AccessRequest,
): Promise<{ allowed: true; channel: typeof DEMO } | { allowed: false; reason: string }> {
  asked.push(request);
  if (failing) return Promise.reject(new Error('it is broken'));
  const good = request.token === 'good' || request.password === 'p&w';
  return Promise.resolve(
    good ? { allowed: true, channel: DEMO } : { allowed: false, reason: 'no' },
  );
}

const access = { read: mayRead };
const local = { host: '127.0.0.1', port: 0 };

function url(file: string, query = ''): string {
  return `http://127.0.0.1:${origin.httpPort}/live/demo/${file}${query}`;
}

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-play-'));
  undo.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  redis = await RedisServer.start({ forgets: true });
  undo.push(() => redis.close());
  origin = await startOrigin({
    ...{ http: local, rtmp: local, dataDir: join(folder, 'data'), logLevel: 'silent' },
    ...{ channels: [{ channel: DEMO }], segmentSeconds: 1, ladder: [], lowLatency: true },
    ...{ access, redis: redis.url },
    recording: { store: { type: 'disk', folder: join(folder, 'media') } },
    interruptedMs: 0,
    closeAfterMs: 0,
  });
  undo.push(origin.close);
  tracker = await startTracker({ ...local, bus: origin.bus });
  undo.push(() => tracker.close());
  site = await startSite(await bundlePage('player-page.ts'));
  undo.push(() => site.close());
  plainSite = await startSite(await bundleHlsPage());
  undo.push(() => plainSite.close());
  browser = await launchChromium();
  undo.push(() => browser.close());
  const server = `rtmp://127.0.0.1:${origin.rtmpPort}/live`;
  publisher = await Publisher.start(`${server}/${origin.streamKey(DEMO)}`);
  undo.push(() => publisher.cut());
  await until(
    async () => {
      const list = await fetch(url('source/index.m3u8', '?token=good'));
      return ((await list.text()).match(/^#EXTINF:/gm)?.length ?? 0) >= 3;
    },
    { what: 'three segments', timeoutMs: 40_000 },
  );
});

afterAll(async () => {
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
});

async function open(at: HttpOrigin, global: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${at.url}/`);
  await page.waitForFunction((name) => name in window, global);
  return page;
}

/** Waits until three seconds are played. */
async function advances(time: () => Promise<number>): Promise<void> {
  const options = { what: 'it to play', timeoutMs: 30_000 };
  await until(async () => (await time()) > 0, options);
  const from = await time();
  await until(async () => (await time()) > from + 3, options);
}

describe('ORG-39: where not everybody may play', () => {
  it('those without credentials are told to say who they are, those with wrong ones that they may not', async () => {
    const [segment = ''] =
      /^[\d-]+\.m4s/m.exec(await (await fetch(url('source/index.m3u8', '?token=good'))).text()) ??
      [];
    for (const file of ['index.m3u8', 'source/index.m3u8', `source/${segment}`, 'dvr.m3u8']) {
      const nobody = await fetch(url(file));
      expect(nobody.status, file).toBe(401);
      expect(nobody.headers.get('access-control-allow-origin')).toBe('*');
      expect(nobody.headers.get('cache-control')).toBe('no-store');
      expect((await fetch(url(file, '?token=bad'))).status).toBe(403);
      const good = await fetch(url(file, '?token=good'));
      expect(good.status, file).toBe(200);
      expect(good.headers.get('cache-control')).toMatch(/^private/);
    }
    const basic = `Basic ${btoa('ana:p&w')}`;
    expect((await fetch(url('index.m3u8'), { headers: { Authorization: basic } })).status).toBe(
      200,
    );
    // What nobody has is nobody's to allow.
    expect((await fetch(`http://127.0.0.1:${origin.httpPort}/live/x`)).status).toBe(404);
    const preflight = await fetch(url('index.m3u8'), { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
  });

  it('a viewer with a token plays with the SDK, in the page and without one; another does not', async () => {
    const trackerUrl = `ws://127.0.0.1:${tracker.port}`;
    const options = { channel: 'demo', tracker: trackerUrl };
    const [good, bad] = [await open(site, 'player'), await open(site, 'player')];
    await good.evaluate(([given, playlist]) => window.player.start(given, playlist), [
      options,
      url('index.m3u8', '?token=good'),
    ] as const);
    void bad
      .evaluate(([given, playlist]) => window.player.start(given, playlist), [
        options,
        url('index.m3u8', '?token=bad'),
      ] as const)
      .catch(() => undefined);
    const peer = await createNodePeer({ ...options, playlist: url('index.m3u8', '?token=good') });
    undo.push(() => {
      peer.close();
    });
    const look = (page: Page): Promise<PlayerReport> => page.evaluate(() => window.player.report());
    await advances(async () => (await look(good)).time);
    await until(() => peer.stats().playedSegments > 2, {
      what: () => `the peer to play: ${JSON.stringify(peer.stats())}`,
      timeoutMs: 30_000,
    });
    await until(async () => (await look(good)).stats.bytes.p2p + peer.stats().bytes.p2p > 0, {
      ...{ what: 'them to share', timeoutMs: 30_000 },
    });
    const { fatal, warnings } = await look(good);
    expect({ fatal, warnings }).toEqual({ fatal: [], warnings: [] });
    await until(async () => (await look(bad)).fatal.includes('manifestLoadError'), {
      what: 'the other to fail',
    });
    peer.close();
    await good.context().close();
    await bad.context().close();
  });

  it.each(['ll.m3u8', 'dvr.m3u8'])('hls.js plays %s with a token', async (file) => {
    const page = await open(plainSite, 'hlsPage');
    await page.evaluate(
      ([list, close]) => {
        window.hlsPage.start(list, close);
      },
      [url(file, '?user=ana&pass=p%26w'), file === 'll.m3u8'] as const,
    );
    const look = (): Promise<{ time: number; partsLoaded: number; fatal: readonly string[] }> =>
      page.evaluate(() => window.hlsPage.seen());
    await advances(async () => (await look()).time);
    if (file === 'll.m3u8') expect((await look()).partsLoaded).toBeGreaterThan(3);
    expect((await look()).fatal).toEqual([]);
    await page.context().close();
  });

  it('a delivery process asks as well; it was asked once for each who played', async () => {
    const before = asked.length;
    expect(before).toBeLessThan(20);
    const delivery = await startDelivery({
      http: local,
      redis: redis.url,
      access,
      logLevel: 'silent',
    });
    undo.push(delivery.close);
    const at = `http://127.0.0.1:${delivery.httpPort}/live/demo/source/index.m3u8`;
    await until(async () => (await fetch(`${at}?token=good`)).status === 200, { what: 'its list' });
    expect((await fetch(at)).status).toBe(401);
    const list = await (await fetch(`${at}?token=good`)).text();
    expect(list).toContain('init.mp4?token=good"');
    const [, segment = ''] = /^([\d-]+\.m4s\?token=good)$/m.exec(list) ?? [];
    expect((await fetch(new URL(segment, at))).status).toBe(200);
    expect(asked.length - before).toBe(2);
  });

  it('a site that is away keeps nobody out who is in, and lets nobody in', async () => {
    failing = true;
    expect((await fetch(url('index.m3u8', '?token=good'))).status).toBe(200);
    const other = await fetch(url('index.m3u8', '?token=other'));
    expect(other.status).toBe(503);
    expect(other.headers.get('retry-after')).toBe('1');
    failing = false;
    await until(async () => (await fetch(url('index.m3u8', '?token=other'))).status === 403, {
      what: 'it to be asked again',
    });
  });

  it('a broadcast that is over is led on from its store', async () => {
    await publisher.stop();
    let vod = '';
    await until(
      async () => {
        const list = await fetch(`http://127.0.0.1:${origin.httpPort}/v1/streams/demo/recordings`);
        const { recordings } = (await list.json()) as { recordings: { playlist?: string }[] };
        vod = recordings[0]?.playlist ?? '';
        return vod !== '';
      },
      { what: 'a VOD', timeoutMs: 20_000 },
    );
    const at = new URL(vod, `http://127.0.0.1:${origin.httpPort}`).href;
    expect((await fetch(at)).status).toBe(401);
    const main = await (await fetch(`${at}?token=good`)).text();
    const [, uri = ''] = /^(\S+-vod\.m3u8\?token=good)$/m.exec(main) ?? [];
    const list = await fetch(new URL(uri, at));
    expect(list.headers.get('cache-control')).toMatch(/^private/);
    const [, segment = ''] = /^([\d-]+\.m4s\?token=good)$/m.exec(await list.text()) ?? [];
    const media = await fetch(new URL(segment, new URL(uri, at)));
    expect(media.status).toBe(200);
    expect((await media.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
  });
});
