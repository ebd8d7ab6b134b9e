import { parseRenditionId, unwrap } from '@shoal/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';
import { type Broadcast, startBroadcast } from './support/broadcast.ts';
import { allToShare, openViewer, type ViewerPage } from './support/viewers.ts';

const SOURCE_LINES = 108;
const LOW_LINES = 72;
const LADDER = [{ name: unwrap(parseRenditionId('low')), lines: LOW_LINES, kbps: 300 }];

let browser: Browser;
let broadcast: Broadcast;

beforeAll(async () => {
  broadcast = await startBroadcast(['rungs'], LADDER);
  await broadcast.publish('rungs', 4);
  browser = await launchChromium();
}, 180_000);

afterAll(async () => {
  await browser.close();
  await broadcast.close();
});

/** Lines of the picture that is shown. */
function lines(viewer: ViewerPage): Promise<number> {
  return viewer.page.evaluate(() => globalThis.shoalPage?.video.videoHeight ?? 0);
}

function choose(viewer: ViewerPage, height: number): Promise<void> {
  return viewer.page.evaluate((wanted) => {
    const hls = globalThis.shoalPage?.hls;
    if (hls !== undefined) hls.nextLevel = hls.levels.findIndex((level) => level.height === wanted);
  }, height);
}

it('ORG-10 SWM-20 viewers of a live ladder change the quality without a stall, and share every one', async () => {
  const viewers: ViewerPage[] = [];
  for (const name of ['high', 'higher']) {
    const viewer = await openViewer(browser, broadcast.watchUrl('rungs'), { name });
    await viewer.playing();
    viewers.push(viewer);
  }
  await allToShare(viewers);
  for (const wanted of [LOW_LINES, SOURCE_LINES]) {
    for (const viewer of viewers) await choose(viewer, wanted);
    await until(async () => (await Promise.all(viewers.map(lines))).every((n) => n === wanted), {
      what: `a picture of ${wanted} lines`,
      timeoutMs: 60_000,
    });
    const before = await Promise.all(viewers.map((viewer) => viewer.stats()));
    await until(
      async () => {
        const now = await Promise.all(viewers.map((viewer) => viewer.stats()));
        return now.every(({ bytes }, i) => bytes.p2p > (before[i]?.bytes.p2p ?? 0));
      },
      { what: `both to share ${wanted} lines`, timeoutMs: 120_000 },
    );
  }
  for (const viewer of viewers) {
    expect((await viewer.probe()).stalls + (await viewer.stats()).stalls).toBe(0);
    expect(await viewer.warnings()).toEqual([]);
  }
});
