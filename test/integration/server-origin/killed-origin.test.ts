import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSwarmTags } from '@shoal/protocol';
import { afterAll, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { until } from '../../support/until.ts';
import { startSite } from '../sdk-support/site.ts';
import { bundleHlsPage, type Seen } from './hls-page.ts';
import { KillableOrigin } from './killable-origin.ts';
import { Publisher } from './publisher.ts';

const undo: (() => unknown)[] = [];

afterAll(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'shoal-killed-'));
  undo.push(() => {
    rmSync(made, { recursive: true, force: true });
  });
  return made;
}

it('ORG-5 ORG-8 ORG-17 a viewer plays on by itself when the origin was killed and its publisher reconnects', async () => {
  const store = { type: 'disk', folder: folder() } as const;
  const options = { dataDir: folder(), ladder: [], recording: { store } };
  const first = await KillableOrigin.start(options);
  undo.push(() => first.kill());
  const publish = async (): Promise<Publisher> => {
    const publisher = await Publisher.start(first.rtmp);
    undo.push(() => publisher.cut());
    return publisher;
  };
  const publisher = await publish();
  const list = `${first.http}/live/demo/source/index.m3u8`;
  const listed = async (): Promise<string> => {
    const response = await fetch(list).catch(() => undefined);
    return response?.ok === true ? response.text() : '';
  };
  await until(async () => (await listed()).split('#EXTINF').length > 5, { what: 'five segments' });
  const site = await startSite(await bundleHlsPage());
  undo.push(() => site.close());
  const browser = await launchChromium();
  undo.push(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'hlsPage' in window);
  await page.evaluate((url) => {
    window.hlsPage.start(url, false);
  }, `${first.http}/live/demo/index.m3u8`);
  const look = (): Promise<Seen> => page.evaluate(() => window.hlsPage.seen());
  await until(async () => (await look()).time > 2, { what: 'it to play', timeoutMs: 30_000 });
  const before = await listed();
  const dated = (await look()).shownAt;
  await first.kill();
  const second = await KillableOrigin.start(options, first);
  undo.push(() => second.kill());
  // Everything that was listed is there before anybody publishes.
  for (const { uri } of readSwarmTags(before)?.segments ?? [])
    expect((await fetch(new URL(uri, list))).status, uri).toBe(200);
  await publisher.cut();
  await publish();
  await until(async () => (await look()).shownAt > dated + 12_000, {
    what: 'it to play what came afterwards',
    timeoutMs: 90_000,
  });
  expect((await listed()).split('#EXT-X-MAP').length).toBe(3);
});
