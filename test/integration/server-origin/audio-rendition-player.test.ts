import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { until } from '../../support/until.ts';
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

it('ORG-30 Chromium plays on in silence when a publisher comes back without sound', async () => {
  const test = await start({ ladder: [], audioRendition: true });
  const first = await publish(test.rtmpUrl());
  await test.playlistWhere(({ segments }) => segments.length >= 3, 'three segments');
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'hlsPage' in window);
  await page.evaluate((url) => {
    window.hlsPage.start(url, false);
  }, test.url('/live/demo/index.m3u8'));
  let seen: Seen | undefined;
  const plays = async (seconds: number): Promise<void> => {
    await until(
      async () => {
        seen = await page.evaluate(() => window.hlsPage.seen());
        return seen.time > seconds;
      },
      { what: () => `${seconds} s to play; at last ${JSON.stringify(seen)}`, timeoutMs: 40_000 },
    );
  };
  await plays(4);
  await first.stop();
  await publish(test.rtmpUrl(), { audio: false });
  const { segments } = await test.playlistWhere(
    (p) => new Set(p.segments.map(({ epoch }) => epoch)).size === 2,
    'another epoch',
  );
  // Well beyond where the other epoch begins, and as close to live as before.
  await plays(segments.length + 6);
  expect(seen).toMatchObject({ fatal: [] });
  expect(seen?.latencyMs).toBeGreaterThan(0);
  expect(seen?.latencyMs).toBeLessThan(30_000);
  const decoded = await page.evaluate(
    () => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
  );
  expect(decoded).toBeGreaterThan(30 * segments.length);
  await context.close();
});
