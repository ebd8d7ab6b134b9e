import { createNodePeer, type NodePeer } from '@shoal/client-sdk/node';
import type { ShoalOptions, ShoalStats } from '@shoal/client-sdk';
import { parseRenditionId, unwrap } from '@shoal/protocol';
import type { PlaybackInfo } from '@shoal/server';
import { startTracker, type Tracker } from '@shoal/tracker';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { makeSigner } from '../support/signing.ts';
import { until } from '../support/until.ts';
import type { HttpOrigin } from '../unit/client-sdk/adapters/http-origin.ts';
import type { PlayerReport } from './sdk-support/player-page.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';
import { Publisher } from './server-origin/publisher.ts';
import { DEMO, TestOrigin } from './server-origin/test-origin.ts';

/** A machine that is busy for a moment makes viewers rest from the swarm (SWM-17). */
const SHARE_MS = 120_000;
/** What is played meanwhile is said to be so. Segments of 1 s. */
const SECONDS = 10;

let browser: Browser;
let site: HttpOrigin;
let origin: TestOrigin;
let tracker: Tracker;
let publisher: Publisher;
const open: { readonly close: () => unknown }[] = [];

beforeAll(async () => {
  origin = await TestOrigin.start();
  tracker = await startTracker({ host: '127.0.0.1', port: 0, bus: origin.origin.bus });
  publisher = await Publisher.start(origin.rtmpUrl());
  site = await startSite(await bundlePage('player-page.ts'));
  browser = await launchChromium();
  await origin.playlistWhere(({ segments }) => segments.length >= 4, 'four segments', 40_000);
}, 120_000);

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await publisher.cut();
  await tracker.close();
  await origin.close();
});

function keys(): Promise<readonly string[]> {
  return origin.text('/v1/streams/demo/playback').then((text) => {
    const { signing } = JSON.parse(text) as PlaybackInfo;
    return signing.keys.map(({ publicKey }) => publicKey);
  });
}

type Viewing = Partial<ShoalOptions> & { readonly keysFrom?: string; readonly init?: () => void };

async function watch({ keysFrom, init, ...options }: Viewing): Promise<Page> {
  const context = await browser.newContext();
  open.push(context);
  const page = await context.newPage();
  if (init !== undefined) await page.addInitScript(init);
  await page.goto(`${site.url}/`);
  await page.waitForFunction(() => 'player' in window);
  await page.evaluate(
    async ([given, playlist, from]) => {
      await window.player.start(given, playlist, { keysFrom: from });
    },
    [
      { tracker: `ws://127.0.0.1:${tracker.port}`, ...options },
      origin.url('/live/demo/index.m3u8'),
      keysFrom,
    ] as const,
  );
  return page;
}

function report(page: Page): Promise<PlayerReport> {
  return page.evaluate(() => window.player.report());
}

async function reports(pages: readonly Page[]): Promise<readonly PlayerReport[]> {
  return Promise.all(pages.map(report));
}

async function seed(options: { readonly signingKeys?: readonly string[] }): Promise<NodePeer> {
  const peer = await createNodePeer({
    playlist: origin.url('/live/demo/index.m3u8'),
    tracker: `ws://127.0.0.1:${tracker.port}`,
    ...options,
  });
  open.push(peer);
  return peer;
}

/** Waits until everybody got something from another since now. */
async function allShare(pages: readonly Page[]): Promise<void> {
  const before = (await reports(pages)).map(({ stats }) => stats.bytes.p2p);
  await until(
    async () =>
      (await reports(pages)).every(({ stats }, i) => stats.bytes.p2p > (before[i] ?? 0) + 100_000),
    {
      what: () => `everybody to share; before ${JSON.stringify(before)}`,
      timeoutMs: SHARE_MS,
    },
  );
}

async function played(pages: readonly Page[], seconds: number): Promise<void> {
  const before = (await reports(pages)).map(({ time }) => time);
  await until(
    async () => (await reports(pages)).every(({ time }, i) => time >= (before[i] ?? 0) + seconds),
    { what: `${seconds} s to be played`, timeoutMs: 60_000 },
  );
}

function expectGood({ stats, warnings, fatal }: PlayerReport): void {
  expect({ warnings, fatal }).toEqual({ warnings: [], fatal: [] });
  expect(stats.stalls).toBe(0);
  expect(stats.bytes.wasted).toBe(0);
  // One or two may be asked for before the keys have come.
  expect(stats.notShared.unknown?.segments ?? 0).toBeLessThanOrEqual(2);
}

const NOTHING: Partial<ShoalStats> = { peers: 0, viewers: undefined, tracker: 'off' };

describe('viewers with signing keys', { timeout: 400_000 }, () => {
  it('SEG-14 SEG-15 share, over a rotation and with a tracker that lies', async () => {
    const keysFrom = origin.url('/v1/streams/demo/playback');
    const pages = [await watch({ keysFrom }), await watch({ signingKeys: await keys() })];
    await allShare(pages);

    origin.origin.rotateSigningKey(DEMO);
    await played(pages, 3);
    await allShare(pages);
    for (const it of await reports(pages)) expectGood(it);

    // Whoever has got at the bus, or at the tracker, announces segments to come with roots of its own.
    const rendition = unwrap(parseRenditionId('source'));
    const last = origin.events
      .flatMap((event) => (event.type === 'segment.ready' ? [event.segment] : []))
      .at(-1);
    if (last === undefined) throw new Error('no segment');
    const { id, signature = '' } = last;
    for (let ahead = 1; ahead <= 200; ahead++)
      origin.origin.bus.publish({
        ...{ type: 'segment.ready', channel: DEMO, at: Date.now() },
        segment: {
          id: { rendition, epoch: ahead % 2 === 0 ? id.epoch : 0xffff_ffff, msn: id.msn + ahead },
          ...{ size: 20_000, durationMs: 1_000, root: 'A'.repeat(43), signature },
        },
      });
    await played(pages, SECONDS);
    await allShare(pages);
    for (const it of await reports(pages)) expectGood(it);
  });

  it('SEG-14 with a wrong key play over HTTP without a stall, join no swarm, and say so once', async () => {
    const right = await watch({ signingKeys: await keys() });
    const { publicKey } = makeSigner();
    const wrong = await watch({ signingKeys: [publicKey] });
    const peer = await seed({ signingKeys: [publicKey] });
    const told: string[] = [];
    peer.on('warning', ({ code }) => told.push(code));
    await played([right, wrong], SECONDS);
    const { stats, warnings, fatal } = await report(wrong);
    expect({ warnings, fatal }).toEqual({ warnings: ['signature-invalid'], fatal: [] });
    expect(stats).toMatchObject({ ...NOTHING, stalls: 0, bytes: { p2p: 0, uploaded: 0 } });
    expect(stats.notShared.unknown?.segments).toBeGreaterThanOrEqual(SECONDS - 2);
    expect(stats.bytes.http).toBeGreaterThan(0);
    expect(peer.stats()).toMatchObject({ ...NOTHING, stalls: 0, bytes: { p2p: 0, uploaded: 0 } });
    expect(peer.stats().playedSegments).toBeGreaterThan(3);
    expect(told).toEqual(['signature-invalid']);
    expectGood(await report(right));
    expect((await report(right)).stats.bytes.uploaded).toBe(0);
  });

  it('SEG-14 a browser without Ed25519, or a page that did not come over HTTPS, shares as without keys, with a warning', async () => {
    const init = (): void => {
      Object.defineProperty(crypto, 'subtle', { value: undefined });
    };
    const { publicKey } = makeSigner();
    const pages = [
      await watch({ signingKeys: await keys() }),
      await watch({ signingKeys: [publicKey], init }),
    ];
    await allShare(pages);
    const [, without] = await reports(pages);
    expect(without?.warnings).toEqual(['signing-unsupported']);
    expect(without?.stats.stalls).toBe(0);
  });

  it('SEG-14 a Node peer with the right keys shares with a browser', async () => {
    const signingKeys = await keys();
    const page = await watch({ signingKeys });
    const peer = await seed({ signingKeys });
    await allShare([page]);
    await until(() => peer.stats().bytes.p2p > 0, { what: 'the Node peer', timeoutMs: SHARE_MS });
    expect(peer.stats()).toMatchObject({ stalls: 0, bytes: { wasted: 0 } });
    expectGood(await report(page));
  });

  it('SEG-14 keys that are none are refused in words', async () => {
    await expect(watch({ signingKeys: ['AAAA'] })).rejects.toThrow(/signingKeys: must be 1 to 16/);
    await expect(seed({ signingKeys: [] })).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('signingKeys') as string,
    });
  });
});
