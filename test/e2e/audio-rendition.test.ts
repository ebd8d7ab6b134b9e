import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';
import { type Broadcast, startBroadcast } from './support/broadcast.ts';
import { allToShare, openViewer, type ViewerPage } from './support/viewers.ts';

let browser: Browser;
let broadcast: Broadcast;

beforeAll(async () => {
  broadcast = await startBroadcast(['apart'], [], { audioRendition: true });
  await broadcast.publish('apart', 4);
  browser = await launchChromium();
}, 180_000);

afterAll(async () => {
  await browser.close();
  await broadcast.close();
});

/** Segments that are looked at, after both viewers share. */
const MEASURED = 10;

/** Numbers of the segments of a rendition that a viewer has loaded, by anybody's bytes. */
async function loaded(viewer: ViewerPage, rendition: string): Promise<ReadonlySet<number>> {
  const urls = (await viewer.fragments()).map(({ url }) => url);
  const pattern = new RegExp(`/${rendition}/\\d+-(\\d+)\\.m4s`);
  return new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []).map(Number));
}

it('ORG-30 SWM-20 two viewers share the picture, and the sound that is apart from it', async () => {
  const viewers: ViewerPage[] = [];
  for (const name of ['one', 'other']) {
    const viewer = await openViewer(browser, broadcast.watchUrl('apart'), { name });
    await viewer.playing();
    viewers.push(viewer);
  }
  await allToShare(viewers);
  const status = broadcast.origin.httpPort;
  const answer = await fetch(`http://127.0.0.1:${status}/v1/streams/apart`);
  const { lastMsn } = (await answer.json()) as { readonly lastMsn: number }; // the status API
  const wanted = Array.from({ length: MEASURED }, (_, i) => lastMsn + 1 + i);
  for (const rendition of ['source', 'audio']) {
    await until(
      async () => {
        const sets = await Promise.all(viewers.map((viewer) => loaded(viewer, rendition)));
        return sets.every((set) => wanted.every((msn) => set.has(msn)));
      },
      { what: `both to load ${rendition}`, timeoutMs: 90_000 },
    );
    const pattern = new RegExp(`/${rendition}/\\d+-(\\d+)\\.m4s$`);
    const ofThese = broadcast.deliveries.filter(({ path }) =>
      wanted.includes(Number(pattern.exec(path)?.[1])),
    );
    const sizes = new Map<string, number>();
    for (const { path } of ofThese) {
      const head = await fetch(`http://127.0.0.1:${status}${path}`, { method: 'HEAD' });
      sizes.set(path, Number(head.headers.get('content-length')));
    }
    const once = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    const served = ofThese.reduce((sum, { bytes }) => sum + bytes, 0);
    console.info(`${rendition}: ${(served / once).toFixed(2)} copies served for two viewers`);
    expect(served / once).toBeLessThan(1.6);
  }
  for (const viewer of viewers) {
    expect((await viewer.probe()).stalls + (await viewer.stats()).stalls).toBe(0);
    expect(await viewer.warnings()).toEqual([]);
  }
});
