import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type Broadcast, startBroadcast } from './support/broadcast.ts';
import { allToShare, openViewer, type ViewerPage } from './support/viewers.ts';

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
  // One after the other: five pages that start at once are the heaviest load of all.
  const opened = async (names: readonly string[], query: string): Promise<ViewerPage[]> => {
    const viewers: ViewerPage[] = [];
    for (const name of names) {
      const viewer = await open(name, query);
      await viewer.playing();
      viewers.push(viewer);
    }
    return viewers;
  };
  const stock = await opened(['stock1', 'stock2', 'stock3'], '&engine=p2p-media-loader');
  const shoal = await opened(['shoal1', 'shoal2'], '');
  await allToShare(stock);
  await allToShare(shoal);
  for (const viewer of [...stock, ...shoal])
    expect((await viewer.probe()).received).toBeGreaterThan(0);
});
