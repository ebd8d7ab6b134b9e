import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ShoalStats } from '@shoal/client-sdk';
import { type Demo, parseConfig, startDemo } from '@shoal/demo';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';
import type { HttpOrigin } from '../unit/client-sdk/adapters/http-origin.ts';
import { bundleText, startSite } from './sdk-support/site.ts';

const README = new URL('../../README.md', import.meta.url);
const EXAMPLE = /^## Embed\n[^]*?^```js\n([^]*?)^```$/m;

/** What one page of the example said. */
type Viewer = {
  readonly page: Page;
  /** What it logged last. */
  stats: ShoalStats | undefined;
  readonly complaints: string[];
};

describe('the example of the README', () => {
  let dataDir = '';
  let demo: Demo;
  let site: HttpOrigin;
  let browser: Browser;
  let code = '';

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'shoal-embed-'));
    const ports = ['--http-port=0', '--tracker-port=0', '--rtmp-port=0', '--host=127.0.0.1'];
    const size = '--pattern-size=192x108';
    const command = parseConfig(
      [...ports, '--log-level=silent', '--pattern', size, `--data-dir=${dataDir}`],
      {},
    );
    if (!command.ok || command.value.type !== 'run') throw new Error('not a configuration');
    demo = await startDemo(command.value.config);
    code = EXAMPLE.exec(await readFile(README, 'utf8'))?.[1] ?? '';
    const adapted = code
      .replace('wss://tracker.example.org', `ws://127.0.0.1:${demo.trackerPort}`)
      .replace('https://origin.example.org', `http://127.0.0.1:${demo.httpPort}`);
    // A site of its own, so that origin and tracker are other origins to it, as to any embedder.
    site = await startSite(await bundleText(adapted));
    browser = await launchChromium();
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function open(): Promise<Viewer> {
    const page = await (await browser.newContext()).newPage();
    const viewer: Viewer = { page, stats: undefined, complaints: [] };
    page.on('pageerror', (error) => viewer.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'log')
        void message
          .args()[0]
          ?.jsonValue()
          .then(
            (stats: ShoalStats) => (viewer.stats = stats),
            // The page was closed meanwhile.
            () => undefined,
          );
      else if (!message.location().url.endsWith('/favicon.ico'))
        viewer.complaints.push(`${message.text()} (${message.location().url})`);
    });
    await page.goto(site.url);
    // The page of the example says nothing of when to play.
    await page.evaluate(async () => document.querySelector('video')?.play());
    return viewer;
  }

  const time = (viewer: Viewer): Promise<number> =>
    viewer.page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);

  it('is at most ten lines', () => {
    const lines = code.split('\n').filter((line) => line !== '').length;
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThanOrEqual(10);
  });

  it('plays a live stream, and its viewers share it', async () => {
    // Who joins with the first segments plays them at once, and stays so close to the edge that no time is left to share.
    const media = demo.urls.hls
      .replace('localhost', '127.0.0.1')
      .replace('/index', '/source/index');
    await until(
      async () => {
        const response = await fetch(media);
        return ((await response.text()).match(/^#EXTINF:/gm)?.length ?? 0) >= 4;
      },
      { what: 'four segments of the test pattern', timeoutMs: 40_000 },
    );
    const viewers = [await open(), await open()];
    const shared = (): number =>
      viewers.reduce((sum, { stats }) => sum + (stats?.bytes.p2p ?? 0), 0);
    await until(() => shared() > 0, { what: 'bytes from the other viewer', timeoutMs: 60_000 });
    for (const viewer of viewers) {
      const before = await time(viewer);
      await until(async () => (await time(viewer)) > before + 3, {
        what: 'the video to play on',
        timeoutMs: 30_000,
      });
      await until(() => viewer.stats?.peers === 1 && viewer.stats.tracker === 'connected', {
        what: 'a neighbour and the tracker in the statistics',
        timeoutMs: 30_000,
      });
      expect(viewer.complaints).toEqual([]);
    }
  });
});
