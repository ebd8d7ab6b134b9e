import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { median } from '../../support/percentile.ts';
import { pause, until } from '../../support/until.ts';
import type { HttpOrigin } from '../../unit/client-sdk/adapters/http-origin.ts';
import { startSite } from '../sdk-support/site.ts';
import { bundleHlsPage, type Seen } from './hls-page.ts';
import { scene } from './scene.ts';

const { start, publish } = scene();

let browser: Browser;
let site: HttpOrigin;

beforeAll(async () => {
  site = await startSite(await bundleHlsPage());
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await site.close();
});

/** How often the page is asked. */
const LOOK_MS = 1_000;

it('ORG-18 hls.js plays at most 3 s behind in its mode of low latency, and others play the same segments', async () => {
  const test = await start({ ladder: [], lowLatency: true, segmentSeconds: 2 });
  const videoArgs = [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0'],
    ...['-g', '60', '-b:v', '300k'],
  ];
  await publish(test.rtmpUrl(), { videoArgs });
  await test.playlistWhere(({ segments }) => segments.length >= 4, 'four segments');
  const context = await browser.newContext();
  const [close, ordinary] = [await context.newPage(), await context.newPage()];
  for (const [page, path] of [
    [close, 'll.m3u8'],
    [ordinary, 'index.m3u8'],
  ] as const) {
    await page.goto(`${site.url}/`);
    await page.waitForFunction(() => 'hlsPage' in window);
    await page.evaluate(
      ([url, mode]) => {
        window.hlsPage.start(url, mode);
      },
      [test.url(`/live/demo/${path}`), path === 'll.m3u8'] as const,
    );
  }
  const look = (page: typeof close): Promise<Seen> => page.evaluate(() => window.hlsPage.seen());
  await until(async () => (await look(close)).time > 0 && (await look(ordinary)).time > 0, {
    what: 'both to play',
    timeoutMs: 30_000,
  });
  // Until its speed has brought it to where it wants to be.
  await pause(6_000);
  const before = await look(close);
  const latencies: number[] = [];
  for (let i = 0; i < 15; i++) {
    await pause(LOOK_MS);
    latencies.push((await look(close)).latencyMs);
  }
  const [after, other] = [await look(close), await look(ordinary)];
  console.info(
    `latency ${latencies.map((ms) => (ms / 1000).toFixed(2)).join(' ')} s`,
    after,
    other,
  );
  expect(median(latencies)).toBeLessThanOrEqual(3_000);
  expect(after.time - before.time).toBeGreaterThan(14);
  expect(after.fatal).toEqual([]);
  expect(after.stalls - before.stalls).toBe(0);
  expect(after.partsLoaded - before.partsLoaded).toBeGreaterThan(30);
  expect(after.deltas).toBeGreaterThan(0);
  expect(other).toMatchObject({ fatal: [], stalls: 0, partsLoaded: 0, deltas: 0 });
  expect(other.time).toBeGreaterThan(15);
  await context.close();
});
