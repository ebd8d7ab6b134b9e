import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { until } from '../../support/until.ts';
import type { HttpOrigin } from '../../unit/client-sdk/adapters/http-origin.ts';
import { startSite } from '../sdk-support/site.ts';
import { enhancedMedia, EnhancedPublisher } from './enhanced-publisher.ts';
import { bundleHlsPage, type Seen } from './hls-page.ts';
import { scene } from './scene.ts';
import { DEMO } from './test-origin.ts';

const { start, take } = scene();

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

const MEDIA = [
  ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=25'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=25'],
];
const AV1 = ['-c:v', 'libsvtav1', '-preset', '12', '-g', '30', '-svtav1-params', 'pred-struct=1'];
const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error'];

it.each([
  ['AV1 as it was sent, with sound made of Opus', AV1, ['-c:a', 'libopus'], ['AV1'], /"av01/],
  ['H.264 made of HEVC', HEVC, ['-c:a', 'aac'], [], /"avc1/],
  ['AV1 with its sound apart', AV1, ['-c:a', 'aac'], ['AV1'], /TYPE=AUDIO/],
] as const)('ORG-27 Chromium plays %s', async (...of) => {
  const [what, video, sound, passthrough, listed] = of;
  const audioRendition = what.includes('apart');
  const test = await start({ ladder: [], passthrough, audioRendition });
  const media = await enhancedMedia([...MEDIA, ...video, ...sound]);
  const at = { port: test.origin.rtmpPort, key: test.origin.streamKey(DEMO) };
  await take(EnhancedPublisher.start(at, media));
  await test.playlistWhere(({ segments }) => segments.length >= 4, 'four segments');
  expect(await test.text('/live/demo/index.m3u8')).toMatch(listed);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'hlsPage' in window);
  await page.evaluate((url) => {
    window.hlsPage.start(url, false);
  }, test.url('/live/demo/index.m3u8'));
  let seen: Seen | undefined;
  await until(
    async () => {
      seen = await page.evaluate(() => window.hlsPage.seen());
      return seen.time > 8;
    },
    { what: () => `eight seconds to play; at last ${JSON.stringify(seen)}`, timeoutMs: 30_000 },
  );
  expect(seen).toMatchObject({ fatal: [], stalls: 0 });
  const decoded = await page.evaluate(() => {
    const video = document.querySelector('video');
    return [video?.videoHeight, (video?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 100];
  });
  expect(decoded).toEqual([180, true]);
  await context.close();
});
