import { startTracker, type Tracker } from '@shoal/tracker';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';
import type { HttpOrigin } from '../unit/client-sdk/adapters/http-origin.ts';
import { keepRaw } from './sdk-support/keep-raw.ts';
import type { PlayerReport } from './sdk-support/player-page.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';
import { makeLadder, type Vod } from './sdk-support/vod.ts';

const LOW = 0;
const HIGH = 2;

let browser: Browser;
let site: HttpOrigin;
let vod: Vod;
let tracker: Tracker;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  vod = await makeLadder();
  site = await startSite(await bundlePage('player-page.ts'), vod.answer);
  tracker = await startTracker({ host: '127.0.0.1', port: 0 });
  browser = await launchChromium();
}, 120_000);

afterAll(async () => {
  await browser.close();
  await tracker.close();
  await site.close();
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});

async function open(
  how: { readonly level?: number; readonly startLevel?: number; readonly p2p?: boolean } = {},
): Promise<Page> {
  const context = await browser.newContext();
  contexts.push(context);
  const page = await context.newPage();
  await page.addInitScript(keepRaw);
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'player' in window);
  const options = { tracker: `ws://127.0.0.1:${tracker.port}`, p2p: how.p2p ?? true };
  await page.evaluate(
    async ([given, playlist, { level, startLevel = -1 }]) => {
      // As at the live edge: hls.js buffers this much and no more.
      const config = { maxBufferLength: 6, maxBufferSize: 0, startLevel };
      await window.player.start(given, playlist, { level, config });
    },
    [options, vod.playlistPath, how] as const,
  );
  return page;
}

async function reached(
  page: Page,
  what: string,
  condition: (report: PlayerReport) => boolean,
): Promise<PlayerReport> {
  const report = () => page.evaluate(() => window.player.report());
  await until(async () => condition(await report()), { what, timeoutMs: 45_000 });
  const result = await report();
  expect(result.fatal).toEqual([]);
  expect(result.stats.stalls).toBe(0);
  return result;
}

const fromPeers = (report: PlayerReport, rendition: string): number =>
  report.renditions[rendition]?.p2p ?? 0;

/** How many connections the page has made, and how many of them are up. */
function connections(page: Page): Promise<readonly [number, number]> {
  return page.evaluate(() => {
    const all = window.raw.connections;
    return [all.length, all.filter((each) => each.connectionState === 'connected').length] as const;
  });
}

it('SWM-20 video and separate audio are both shared, and a quality switch keeps the connections and goes on sharing', async () => {
  const ann = await open({ level: LOW });
  await reached(ann, '6 s to be played', ({ time }) => time >= 6);
  const bob = await open({ level: LOW });
  const before = await reached(
    bob,
    'both tracks from the peer',
    (it) => fromPeers(it, 'low') > 0 && fromPeers(it, 'audio') > 0,
  );
  expect(before.renditions['high']).toBeUndefined();
  expect(await connections(bob)).toEqual([1, 1]);
  for (const page of [ann, bob])
    await page.evaluate((level) => {
      window.player.setLevel(level);
    }, HIGH);
  await reached(ann, 'the better level', ({ level }) => level === HIGH);
  const after = await reached(
    bob,
    'the better level, both tracks from the peer',
    (it) =>
      it.level === HIGH &&
      fromPeers(it, 'high') > 0 &&
      fromPeers(it, 'audio') > fromPeers(before, 'audio'),
  );
  expect(after.stats.peers).toBe(1);
  expect(await connections(ann)).toEqual([1, 1]);
  expect(await connections(bob)).toEqual([1, 1]);
});

it('SWM-21 a viewer goes up when its connection carries the better level, and abandons nothing', async () => {
  const page = await open({ startLevel: LOW });
  const report = await reached(page, 'a better level', ({ level }) => level > LOW);
  expect(report).toMatchObject({ level: LOW + 1, abandoned: 0 });
  expect(report.renditions['mid']?.http).toBeGreaterThan(0);
});

/** From now on the page gets so many bytes a second. */
async function throttle(page: Page, downloadThroughput: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const path = { offline: false, latency: 10, uploadThroughput: -1 };
  await session.send('Network.emulateNetworkConditions', { ...path, downloadThroughput });
}

it.each([
  ['abandons no segment of the swarm, and goes down when the buffer runs low', true],
  ['abandons a segment that comes too slowly with P2P off, as hls.js does', false],
])('SWM-21 a viewer whose connection grows slow %s', async (_, p2p) => {
  const page = await open({ p2p, startLevel: HIGH });
  await reached(page, '3 s of the best level', ({ level, time }) => level === HIGH && time > 3);
  await throttle(page, 30_000);
  const report = (): Promise<PlayerReport> => page.evaluate(() => window.player.report());
  const done = ({ level, abandoned }: PlayerReport): boolean =>
    abandoned > 0 || (p2p && level < HIGH);
  await until(async () => done(await report()), { what: 'a switch', timeoutMs: 90_000 });
  const { abandoned, fatal, stats } = await report();
  expect(fatal).toEqual([]);
  expect(stats.p2p).toBe(p2p);
  expect(abandoned > 0).toBe(!p2p);
});
