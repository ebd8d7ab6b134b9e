import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { ShoalOptions } from '@shoal/client-sdk';
import { startTracker, type Tracker } from '@shoal/tracker';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import type { HttpOrigin } from '../unit/client-sdk/adapters/http-origin.ts';
import type { PlayerReport } from './sdk-support/player-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';
import { makeVod, type Vod } from './sdk-support/vod.ts';

/** Nothing listens there: a port that a user program cannot have. */
const NO_TRACKER = 'ws://127.0.0.1:1';

let browser: Browser;
let site: HttpOrigin;
let vod: Vod;
let tracker: Tracker;
let hidden: RegExp | undefined;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  vod = await makeVod();
  const hlsScript = await readFile(createRequire(import.meta.url).resolve('hls.js/dist/hls.js'));
  const files = new Map([
    ...(await bundlePage('player-page.ts')),
    ['/hls-script.js', hlsScript.toString()],
  ]);
  site = await startSite(files, (request, response) => {
    if (hidden?.test(request.url ?? '') === true) {
      response.writeHead(404).end();
      return true;
    }
    return vod.answer(request, response);
  });
  tracker = await startTracker({ host: '127.0.0.1', port: 0 });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await tracker.close();
  await site.close();
});

beforeEach(() => {
  vod.served.length = 0;
  hidden = undefined;
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});

async function open(
  options: ShoalOptions,
  how: { readonly init?: () => void; readonly query?: string } = {},
): Promise<Page> {
  const context = await browser.newContext();
  contexts.push(context);
  const page = await context.newPage();
  if (how.init !== undefined) await page.addInitScript(how.init);
  await page.goto(`${site.url}/${how.query ?? ''}`);
  await page.waitForFunction(() => 'player' in window);
  await page.evaluate(
    async ([given, playlist]) => {
      await window.player.start(given, playlist);
    },
    [options, vod.playlistPath] as const,
  );
  return page;
}

function report(page: Page): Promise<PlayerReport> {
  return page.evaluate(() => window.player.report());
}

async function reached(
  page: Page,
  what: string,
  condition: (report: PlayerReport) => boolean,
): Promise<PlayerReport> {
  await until(async () => condition(await report(page)), { what, timeoutMs: 45_000 });
  return report(page);
}

async function playedTo(page: Page, seconds: number): Promise<PlayerReport> {
  const result = await reached(page, `${seconds} s to be played`, ({ time }) => time >= seconds);
  expect(result.fatal).toEqual([]);
  expect(result.stats.stalls).toBe(0);
  expect(result.stats.startupMs).toBeGreaterThan(0);
  return result;
}

const ourTracker = (): string => `ws://127.0.0.1:${tracker.port}`;

describe('a viewer alone', () => {
  it('SWM-8 plays plain HLS with a typed warning where the browser has no WebRTC', async () => {
    const page = await open(
      { tracker: ourTracker() },
      {
        init: () => {
          Reflect.deleteProperty(window, 'RTCPeerConnection');
        },
      },
    );
    const { engine, stats, warnings } = await playedTo(page, 3);
    expect({ engine, warnings }).toEqual({ engine: 'none', warnings: ['webrtc-unsupported'] });
    expect(stats).toMatchObject({ p2p: false, tracker: 'off', bytes: { p2p: 0, uploaded: 0 } });
    expect(stats.bytes.http).toBeGreaterThan(0);
  });

  it('SWM-8 plays to the end with one warning when the tracker cannot be reached', async () => {
    const page = await open({ tracker: NO_TRACKER });
    await playedTo(page, 10);
    const { engine, stats, warnings, segmentBytes, ended } = await reached(
      page,
      'the end',
      (it) => it.ended,
    );
    expect({ engine, warnings, ended }).toEqual({
      engine: 'shoal',
      warnings: ['tracker-unreachable'],
      ended: true,
    });
    expect(stats.tracker).toBe('connecting');
    expect(stats.latencyMs).toBeUndefined();
    expect(stats.bytes).toEqual({ http: vod.bytes, p2p: 0, uploaded: 0, wasted: 0 });
    expect(segmentBytes).toEqual({ http: vod.bytes, p2p: 0 });
    expect(vod.served.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(vod.bytes);
  });

  it('plays with the script build of hls.js, whose worker takes the buffers away', async () => {
    const page = await open({ tracker: NO_TRACKER }, { query: '?script=/hls-script.js' });
    expect(await page.evaluate(() => 'Hls' in window)).toBe(true);
    const { segmentBytes } = await playedTo(page, 5);
    expect(segmentBytes.http).toBeGreaterThan(0);
  });

  it('plays on when Shoal is closed, and leaves the tracker', async () => {
    const page = await open({ tracker: ourTracker() });
    await reached(page, 'the tracker', ({ stats }) => stats.tracker === 'connected');
    const before = await playedTo(page, 2);
    await page.evaluate(() => {
      window.player.close();
      window.player.close();
    });
    const { stats, segmentBytes } = await playedTo(page, 10);
    expect(stats).toMatchObject({ p2p: false, peers: 0, tracker: 'off' });
    expect(stats.bytes.http).toBeGreaterThan(before.stats.bytes.http);
    expect(segmentBytes.http).toBeLessThan(stats.bytes.http);
  });

  it('SWM-8 plays on with a typed warning when the engine fails', async () => {
    const page = await open(
      { tracker: ourTracker() },
      {
        init: () => {
          // The engine's first word to the tracker then is an effect that cannot be carried out.
          WebSocket.prototype.send = () => {
            throw new Error('broken');
          };
        },
      },
    );
    await reached(page, 'the warning', (it) => it.warnings.includes('engine-failed'));
    const { stats, warnings } = await playedTo(page, 8);
    expect(warnings).toEqual(['engine-failed']);
    expect(stats).toMatchObject({ p2p: false, peers: 0, tracker: 'off' });
  });

  it('leaves the tracker when P2P is switched off, comes back when it is switched on', async () => {
    const page = await open({ tracker: ourTracker(), p2p: false });
    await playedTo(page, 1);
    expect((await report(page)).stats).toMatchObject({ p2p: false, tracker: 'off' });
    await page.evaluate(() => {
      window.player.setP2P(true);
    });
    await reached(page, 'the tracker', ({ stats }) => stats.tracker === 'connected');
    await page.evaluate(() => {
      window.player.setP2P(false);
      window.player.setP2P(false);
    });
    const { stats, events } = await report(page);
    expect(stats).toMatchObject({ p2p: false, tracker: 'off' });
    expect(events.filter((event) => event.startsWith('p2p'))).toEqual(['p2p on', 'p2p off']);
    await playedTo(page, 8);
  });

  it('frees everything when the player is destroyed', async () => {
    const page = await open({ tracker: ourTracker() });
    await reached(page, 'the tracker', ({ stats }) => stats.tracker === 'connected');
    await page.evaluate(() => {
      window.player.destroyPlayer();
    });
    expect((await report(page)).stats).toMatchObject({ p2p: false, tracker: 'off' });
  });
});

describe('the stock engine', () => {
  it('is loaded when it is chosen, and plays', async () => {
    const page = await open({ tracker: NO_TRACKER, engine: 'p2p-media-loader' });
    const { engine, stats } = await playedTo(page, 3);
    expect(engine).toBe('p2p-media-loader');
    expect(stats.bytes.http).toBeGreaterThan(0);
    await page.evaluate(() => {
      window.player.setP2P(false);
    });
    expect((await report(page)).stats.p2p).toBe(false);
  });

  it('gives plain HLS and a typed warning when it cannot be loaded', async () => {
    hidden = /p2p|lib/;
    const page = await open({ tracker: NO_TRACKER, engine: 'p2p-media-loader' });
    const { engine, warnings } = await playedTo(page, 3);
    expect({ engine, warnings }).toEqual({ engine: 'none', warnings: ['engine-load-failed'] });
  });
});

describe('two viewers', () => {
  it('share through the tracker; one that leaves is missed at once and costs no stall', async () => {
    const ann = await open({ tracker: ourTracker() });
    await playedTo(ann, 6);
    const bob = await open({ tracker: ourTracker() });
    await reached(bob, 'a peer', ({ stats }) => stats.peers === 1);
    const { stats } = await reached(bob, 'bytes of the peer', (it) => it.stats.bytes.p2p > 0);
    expect(stats.viewers).toBe(2);
    expect((await report(ann)).stats.bytes.uploaded).toBeGreaterThan(0);
    await ann.goto('about:blank');
    await reached(bob, 'the peer to be gone', (it) => it.stats.peers === 0);
    const end = await reached(bob, 'the end', (it) => it.ended);
    expect(end.stats.stalls).toBe(0);
    expect(end.fatal).toEqual([]);
    expect(end.segmentBytes.http + end.segmentBytes.p2p).toBe(vod.bytes);
  });

  it('SWM-41 SWM-44 one that stops uploading during playback goes on to receive, and is asked for nothing', async () => {
    const ann = await open({ tracker: ourTracker() });
    const bob = await open({ tracker: ourTracker() });
    await reached(ann, 'a peer', ({ stats }) => stats.peers === 1);
    await bob.evaluate(() => {
      window.player.setUpload(false);
    });
    const before = await report(bob);
    expect(before.stats.upload).toEqual({ state: 'off', reason: 'user' });
    expect(before.events).toContain('upload off');
    await reached(bob, 'bytes of the peer', (it) => it.stats.bytes.p2p > before.stats.bytes.p2p);
    const end = await reached(bob, 'the end', (it) => it.ended);
    // A piece may have been under way.
    expect(end.stats.bytes.uploaded - before.stats.bytes.uploaded).toBeLessThanOrEqual(16_384);
    expect(end.stats.stalls).toBe(0);
  });

  it('SWM-40 metered connections, low batteries and hidden pages are told from the browser, during playback too', async () => {
    const page = await open(
      { tracker: ourTracker() },
      {
        init: () => {
          const connection = Object.assign(new EventTarget(), { saveData: true });
          const battery = Object.assign(new EventTarget(), { charging: false, level: 0.1 });
          Object.assign(window, { connection, battery, hiddenNow: 'visible' });
          const define = (on: object, name: string, get: () => unknown): void => {
            Object.defineProperty(on, name, { get, configurable: true });
          };
          define(navigator, 'connection', () => connection);
          define(navigator, 'getBattery', () => () => Promise.resolve(battery));
          define(document, 'visibilityState', () => Reflect.get(window, 'hiddenNow'));
        },
      },
    );
    const change = (name: string, fields: object, event: string): Promise<void> =>
      page.evaluate(
        ([what, values, type]) => {
          const target =
            what === 'document' ? document : (Reflect.get(window, what) as EventTarget);
          Object.assign(what === 'document' ? window : target, values);
          target.dispatchEvent(new Event(type));
        },
        [name, fields, event] as const,
      );
    expect((await report(page)).stats.upload).toEqual({ state: 'off', reason: 'metered' });
    await change('connection', { saveData: false }, 'change');
    await reached(
      page,
      'the battery',
      ({ stats: { upload } }) => upload.state === 'off' && upload.reason === 'battery',
    );
    await change('document', { hiddenNow: 'hidden' }, 'visibilitychange');
    await change('battery', { charging: true }, 'chargingchange');
    expect((await report(page)).stats.upload).toEqual({
      state: 'reduced',
      reason: 'hidden',
      maxKbps: 500,
    });
    await change('document', { hiddenNow: 'visible' }, 'visibilitychange');
    const { stats, events } = await report(page);
    expect(stats.upload).toEqual({ state: 'on' });
    expect(events.filter((each) => each.startsWith('upload'))).toEqual([
      'upload off',
      'upload reduced',
      'upload on',
    ]);
  });

  it('meet again when one comes back from the back/forward cache', async () => {
    const ann = await open({ tracker: ourTracker() });
    const bob = await open({ tracker: ourTracker() });
    await reached(bob, 'a peer', ({ stats }) => stats.peers === 1);
    // Headless Chromium keeps no pages in that cache, so the page is told what it would be told.
    await ann.evaluate(() => {
      window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    });
    expect((await report(ann)).stats).toMatchObject({ peers: 0, tracker: 'off', p2p: true });
    await reached(bob, 'the peer to be gone', ({ stats }) => stats.peers === 0);
    await ann.evaluate(() => {
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
    await reached(bob, 'the peer again', ({ stats }) => stats.peers === 1);
  });
});
