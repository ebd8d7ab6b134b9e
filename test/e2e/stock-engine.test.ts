import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';
import { type Broadcast, startBroadcast } from './support/broadcast.ts';
import { openViewer, type ViewerPage } from './support/viewers.ts';

let browser: Browser;
let broadcast: Broadcast;

beforeAll(async () => {
  broadcast = await startBroadcast(['mixed']);
  // A whole playlist: the stock engine shares only what it will play more than 15 s later.
  await broadcast.publish('mixed', 16);
  browser = await launchChromium();
}, 180_000);

afterAll(async () => {
  await browser.close();
  await broadcast.close();
});

it('TRK-1 stock p2p-media-loader viewers share among themselves beside Shoal viewers', async () => {
  const open = (name: string, query: string): Promise<ViewerPage> =>
    openViewer(browser, broadcast.watchUrl('mixed', query), { name });
  const stock = await Promise.all(
    ['stock1', 'stock2', 'stock3'].map((name) => open(name, '&engine=p2p-media-loader')),
  );
  const shoal = await Promise.all(['shoal1', 'shoal2'].map((name) => open(name, '')));
  await Promise.all([...stock, ...shoal].map((viewer) => viewer.playing()));
  const shared = async (viewers: readonly ViewerPage[]): Promise<boolean> => {
    const stats = await Promise.all(viewers.map((viewer) => viewer.stats()));
    return stats.every(({ bytes, peers }) => peers > 0 && bytes.p2p > 0);
  };
  await until(() => shared(stock), { what: 'every stock viewer to receive', timeoutMs: 90_000 });
  await until(() => shared(shoal), { what: 'every Shoal viewer to receive', timeoutMs: 30_000 });
  for (const viewer of [...stock, ...shoal])
    expect((await viewer.probe()).received).toBeGreaterThan(0);
});
