import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { BalancedProxy } from '../../support/balanced-proxy.ts';
import { launchChromium } from '../../support/chromium.ts';
import { median } from '../../support/percentile.ts';
import { pause, until } from '../../support/until.ts';
import type { HttpOrigin } from '../../unit/client-sdk/adapters/http-origin.ts';
import { startSite } from '../sdk-support/site.ts';
import { bundleHlsPage, type Seen } from '../server-origin/hls-page.ts';
import { listed, rolesScene } from './roles-scene.ts';

const { redis, folder, ingest, delivery, publish, keep } = rolesScene();

const SOURCE = '/live/demo/source/';

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

/** A player at a balancer of delivery processes. */
async function player(url: string, name: 'index' | 'll' = 'index'): Promise<() => Promise<Seen>> {
  const context = await browser.newContext();
  keep({ close: () => context.close() });
  const page = await context.newPage();
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'hlsPage' in window);
  await page.evaluate(
    ([list, lowLatency]) => {
      window.hlsPage.start(list, lowLatency);
    },
    [`${url}/live/demo/${name}.m3u8`, name === 'll'] as const,
  );
  const look = (): Promise<Seen> => page.evaluate(() => window.hlsPage.seen());
  await until(async () => (await look()).time > 2, { what: 'it to play', timeoutMs: 30_000 });
  return look;
}

/** Segments and initialisation sections that a playlist names. */
function files(text: string): readonly string[] {
  return [...text.matchAll(/(?:MAP:URI="|^)(\d+-\w+\.(?:m4s|mp4))/gm)].flatMap(
    ([, uri]) => uri ?? [],
  );
}

/** Of these files at a node those that are not there. */
async function lost(url: string, uris: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    uris.map(async (uri) => {
      const response = await fetch(`${url}${SOURCE}${uri}`);
      await response.arrayBuffer();
      return response.status === 200 ? [] : [`${uri}: ${response.status}`];
    }),
  );
  return found.flat();
}

it('ORG-32 ORG-33 a viewer plays on when a delivery process, Redis and the ingest are killed in turn, and nothing listed is lost', async () => {
  const shared = await redis();
  const dataDir = folder();
  const media = folder();
  const record = ['--record', media];
  const first = await ingest({ redis: shared, dataDir, args: record });
  const nodes = [await delivery(shared, record), await delivery(shared, record)];
  const [doomed, steady] = nodes;
  if (doomed === undefined || steady === undefined) throw new Error('two nodes');
  const publisher = await publish(first);
  const proxy = keep(await BalancedProxy.start(nodes.map(({ url }) => url)));
  await listed(`${proxy.url}${SOURCE}index.m3u8`, 6);
  const look = await player(proxy.url);

  // A delivery process.
  let before = await look();
  await doomed.kill();
  await until(async () => (await look()).shownAt > before.shownAt + 6_000, {
    what: 'it to play on without one of two nodes',
    timeoutMs: 30_000,
  });

  // Redis, which comes back empty.
  before = await look();
  const listBefore = files(await listed(`${steady.url}${SOURCE}index.m3u8`, 6));
  await shared.stop();
  const statuses = new Set<number>();
  const end = performance.now() + 4_000;
  while (performance.now() < end) {
    for (const path of [
      `${SOURCE}index.m3u8`,
      `${SOURCE}${listBefore.at(-1) ?? ''}`,
      '/live/demo/index.m3u8',
    ]) {
      const response = await fetch(steady.url + path);
      await response.arrayBuffer();
      statuses.add(response.status);
    }
    await pause(50);
  }
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  await shared.start();
  // What was listed before is there, also at a node that has never read it.
  const fresh = await delivery(shared);
  const until503 = await lost(fresh.url, listBefore);
  expect(until503.filter((line) => line.endsWith(': 404'))).toEqual([]);
  await until(async () => (await lost(fresh.url, listBefore)).length === 0, {
    what: 'all that was listed',
  });
  await until(async () => (await look()).shownAt > before.shownAt + 12_000, {
    what: 'it to play on after Redis was away',
    timeoutMs: 60_000,
  });

  // The ingest; its publisher comes back, as encoders do.
  before = await look();
  const listed1 = files(await listed(`${steady.url}${SOURCE}index.m3u8`, 6));
  await first.command.kill();
  expect(await lost(steady.url, listed1)).toEqual([]);
  expect((await fetch(`${steady.url}${SOURCE}index.m3u8`)).status).toBe(200);
  await publisher.cut();
  const second = await ingest({ redis: shared, dataDir, args: record, after: first });
  expect(await lost(steady.url, listed1)).toEqual([]);
  await publish(second);
  await until(async () => (await look()).shownAt > before.shownAt + 15_000, {
    what: 'it to play what came afterwards',
    timeoutMs: 90_000,
  });
  expect(await lost(steady.url, listed1)).toEqual([]);
  const text = await listed(`${steady.url}${SOURCE}index.m3u8`, 6);
  expect(text.split('#EXT-X-MAP').length).toBeGreaterThan(2);
  console.info(await look());
}, 240_000);

it('ORG-32 without recording a killed ingest loses nothing that was listed either', async () => {
  const shared = await redis();
  const dataDir = folder();
  const first = await ingest({ redis: shared, dataDir });
  const node = await delivery(shared);
  const publisher = await publish(first);
  const before = files(await listed(`${node.url}${SOURCE}index.m3u8`, 4));
  await first.command.kill();
  await publisher.cut();
  expect(await lost(node.url, before)).toEqual([]);
  const second = await ingest({ redis: shared, dataDir, after: first });
  await publish(second);
  await until(
    async () => (await (await fetch(`${node.url}${SOURCE}index.m3u8`)).text()).includes('#EXTINF'),
    {
      what: 'the list of the second',
    },
  );
  const other = await delivery(shared);
  expect(await lost(other.url, before)).toEqual([]);
});

it('ORG-31 ORG-33 a Redis that does not answer hangs nobody: the ingest goes on, delivery serves while it is true, then says 503', async () => {
  const shared = await redis();
  const source = await ingest({ redis: shared, dataDir: folder() });
  const node = await delivery(shared);
  await publish(source);
  const list = `${SOURCE}index.m3u8`;
  const known = files(await listed(`${node.url}${list}`, 3)).at(-1) ?? '';
  expect(await lost(node.url, [known])).toEqual([]);
  shared.signal('SIGSTOP');
  keep({
    close: () => {
      shared.signal('SIGCONT');
    },
  });
  let slowest = 0;
  const ask = async (path: string): Promise<Response> => {
    const begun = performance.now();
    const response = await fetch(node.url + path);
    await response.arrayBuffer();
    slowest = Math.max(slowest, performance.now() - begun);
    return response;
  };
  expect((await ask(list)).status).toBe(200);
  let late = await ask(list);
  await until(
    async () => {
      late = await ask(list);
      expect([200, 503]).toContain(late.status);
      return late.status === 503;
    },
    { what: 'that the playlist may be old', timeoutMs: 20_000 },
  );
  expect([late.headers.get('retry-after'), late.headers.get('cache-control')]).toEqual([
    '1',
    'no-store',
  ]);
  // What never changes is served on; what is not known is not said to be missing.
  expect((await ask(`${SOURCE}${known}`)).status).toBe(200);
  const unknown = await Promise.all(
    [`${SOURCE}1-1.m4s`, '/live/never/index.m3u8', '/live/never/source/1-1.m4s'].map(ask),
  );
  expect(unknown.map(({ status }) => status)).toEqual([503, 503, 503]);
  await until(async () => (await ask('/readyz')).status === 503, { what: 'that it is not ready' });
  expect((await ask('/healthz')).status).toBe(200);
  expect((await ask('/v1/streams')).status).toBe(503);
  expect(slowest).toBeLessThan(4_500);
  const msn = async (url: string): Promise<number> =>
    Number(/MEDIA-SEQUENCE:(\d+)/.exec(await (await fetch(url + list)).text())?.[1]) +
    (await (await fetch(url + list)).text()).split('#EXTINF').length;
  const then = await msn(source.url);
  await until(async () => (await msn(source.url)) > then + 2, { what: 'the ingest goes on' });
  shared.signal('SIGCONT');
  await until(async () => (await ask(list)).status === 200, { what: 'the playlist again' });
  await until(async () => Math.abs((await msn(source.url)) - (await msn(node.url))) <= 1, {
    what: 'the same playlist',
  });
});

it('ORG-33 ORG-18 hls.js plays at most 3 s behind from delivery processes in its mode of low latency', async () => {
  const shared = await redis();
  const source = await ingest({ redis: shared, dataDir: folder() });
  const nodes = [await delivery(shared), await delivery(shared)];
  await publish(source);
  const proxy = keep(await BalancedProxy.start(nodes.map(({ url }) => url)));
  await listed(`${proxy.url}${SOURCE}ll.m3u8`, 4);
  const look = await player(proxy.url, 'll');
  await until(async () => (await look()).time > 8, { what: 'it to settle', timeoutMs: 30_000 });
  const before = await look();
  const latencies: number[] = [];
  for (let i = 0; i < 10; i++) {
    await pause(1_000);
    latencies.push((await look()).latencyMs);
  }
  const after = await look();
  console.info(`latency ${latencies.map((ms) => (ms / 1000).toFixed(2)).join(' ')} s`, after);
  expect(median(latencies)).toBeLessThanOrEqual(3_000);
  expect(after.time - before.time).toBeGreaterThan(8.5);
  expect(after.fatal).toEqual([]);
  expect(after.partsLoaded - before.partsLoaded).toBeGreaterThan(15);
});
