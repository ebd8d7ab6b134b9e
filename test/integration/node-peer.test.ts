import { createNodePeer, type NodePeer, type NodePeerOptions } from '@shoal/client-sdk/node';
import type { DeliveryRecord } from '@shoal/server';
import { startTracker, type Tracker } from '@shoal/tracker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { pause, until } from '../support/until.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';
import type {} from './sdk-support/player-page.ts';
import { Publisher } from './server-origin/publisher.ts';
import { DEMO, TestOrigin } from './server-origin/test-origin.ts';

/** A picture that is cheap to encode, padded to the byte rate of a real one. */
const RATE = '1100k';
const VIDEO = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-g', '60', '-keyint_min', '60', '-sc_threshold', '0', '-b:v', RATE, '-minrate', RATE],
  ...['-maxrate', RATE, '-bufsize', RATE, '-x264-params', 'nal-hrd=cbr:force-cfr=1'],
];
/** Steady state is measured over this long. */
const MEASURED_MS = 10_000;

let origin: TestOrigin;
let tracker: Tracker;
let publisher: Publisher;
const deliveries: DeliveryRecord[] = [];
const peers: NodePeer[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  origin = await TestOrigin.start({
    segmentSeconds: 2,
    onDelivered: (record) => deliveries.push(record),
  });
  tracker = await startTracker({ host: '127.0.0.1', port: 0, bus: origin.origin.bus });
  const { rtmpPort } = origin.origin;
  publisher = await Publisher.start(
    `rtmp://127.0.0.1:${rtmpPort}/live/${origin.origin.streamKey(DEMO)}`,
    { videoArgs: VIDEO },
  );
  await until(
    async () => {
      const response = await fetch(playlistUrl('source/index.m3u8'));
      return ((await response.text()).match(/^#EXTINF:/gm)?.length ?? 0) >= 3;
    },
    { what: 'three segments', timeoutMs: 40_000 },
  );
});

afterAll(async () => {
  for (const peer of peers) peer.close();
  await publisher.cut();
  await tracker.close();
  await origin.close();
});

function playlistUrl(file = 'index.m3u8'): string {
  return `http://127.0.0.1:${origin.origin.httpPort}/live/${DEMO}/${file}`;
}

async function join(name: string, options: Partial<NodePeerOptions> = {}): Promise<NodePeer> {
  const peer = await createNodePeer({
    playlist: playlistUrl(),
    tracker: `ws://127.0.0.1:${tracker.port}`,
    userAgent: `node-peer/${name}`,
    ...options,
  });
  peer.on('warning', ({ code }) => warnings.push(code));
  peers.push(peer);
  return peer;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** What came from where, and what went wrong, between two moments. */
async function during(action: () => Promise<unknown>) {
  const from = deliveries.length;
  const before = peers.map((peer) => peer.stats());
  await action();
  return {
    origin: sum(
      deliveries
        .slice(from)
        .filter((d) => d.path.endsWith('.m4s') && d.userAgent.startsWith('node-peer/'))
        .map((d) => d.bytes),
    ),
    peers: peers.map((peer, i) => {
      const now = peer.stats();
      const was = before[i] ?? now;
      return {
        http: now.bytes.http - was.bytes.http,
        p2p: now.bytes.p2p - was.bytes.p2p,
        uploaded: now.bytes.uploaded - was.bytes.uploaded,
        stalls: now.stalls - was.stalls,
        played: now.playedSegments - was.playedSegments,
        latencyMs: now.latencyMs ?? Infinity,
      };
    }),
  };
}

describe('Node peers of one channel', () => {
  it('SWM-1 play within seconds of joining, the first segment over HTTP', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const peer = await join(name);
      await until(() => peer.stats().startupMs !== undefined, {
        what: `${name} to play`,
        timeoutMs: 10_000,
      });
      expect(peer.stats().bytes.http).toBeGreaterThan(0);
    }
    await until(() => peers.every((peer) => peer.stats().peers >= 2), {
      what: 'everybody to have neighbours',
      timeoutMs: 20_000,
    });
  });

  it('SWM-4 get at least 60 % of the bytes from each other, without a stall', async () => {
    // What was asked for before the mesh stood is over.
    await pause(4_000);
    const change = await during(() => pause(MEASURED_MS));
    const http = sum(change.peers.map((p) => p.http));
    const p2p = sum(change.peers.map((p) => p.p2p));
    expect(change.peers.map((p) => p.stalls)).toEqual([0, 0, 0, 0, 0]);
    for (const { played, latencyMs } of change.peers) {
      expect(played).toBeGreaterThanOrEqual(4);
      expect(latencyMs).toBeLessThanOrEqual(9_000);
    }
    expect(p2p / (http + p2p)).toBeGreaterThanOrEqual(0.6);
    // The origin's own count; a request may be open at either end of the interval.
    expect(change.origin / (http + p2p)).toBeLessThanOrEqual(0.4);
    expect(Math.abs(change.origin - http)).toBeLessThan(0.1 * (http + p2p));
    expect(Math.abs(sum(change.peers.map((p) => p.uploaded)) - p2p)).toBeLessThan(0.1 * p2p);
    expect(warnings).toEqual([]);
    expect(peers[0]?.stats()).toMatchObject({ viewers: 5, tracker: 'connected', p2p: true });
  });

  it('SWM-7 go on when one of them leaves', async () => {
    const gone = peers.shift();
    gone?.close();
    gone?.close();
    expect(gone?.stats()).toMatchObject({ peers: 0, tracker: 'off', p2p: false });
    const change = await during(async () => {
      await until(() => peers.every((peer) => peer.stats().peers <= 3), {
        what: 'the others to notice',
        timeoutMs: 5_000,
      });
      await pause(5_000);
    });
    expect(change.peers.map((p) => p.stalls)).toEqual([0, 0, 0, 0]);
    expect(sum(change.peers.map((p) => p.p2p))).toBeGreaterThan(
      sum(change.peers.map((p) => p.http)),
    );
  });

  it('PEER-7 that do not upload still receive, and P2P can be switched off', async () => {
    const leech = await join('leech', { upload: false });
    await until(() => leech.stats().bytes.p2p > 0, { what: 'pieces', timeoutMs: 20_000 });
    expect(leech.stats().bytes.uploaded).toBe(0);
    leech.setP2P(false);
    await until(() => leech.stats().peers === 0, { what: 'it to be alone', timeoutMs: 5_000 });
    const { p2p, http } = leech.stats().bytes;
    await until(() => leech.stats().bytes.http > http, { what: 'HTTP', timeoutMs: 10_000 });
    expect(leech.stats().bytes.p2p).toBe(p2p);
  });

  it('share with a browser', async () => {
    const site = await startSite(await bundlePage('player-page.ts'));
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      await page.waitForFunction(() => 'player' in window);
      await page.evaluate(
        async ([url, playlist]) => {
          await window.player.start({ tracker: url }, playlist);
        },
        [`ws://127.0.0.1:${tracker.port}`, playlistUrl()] as const,
      );
      const bytes = async () => (await page.evaluate(() => window.player.report())).stats.bytes;
      await until(
        async () => {
          const { p2p, uploaded } = await bytes();
          return p2p > 0 && uploaded > 0;
        },
        { what: 'pieces both ways', timeoutMs: 30_000 },
      );
      expect((await page.evaluate(() => window.player.report())).warnings).toEqual([]);
    } finally {
      await browser.close();
      await site.close();
    }
  });
});

describe('a Node peer alone', () => {
  it('SWM-8 plays over HTTP when there is no tracker', async () => {
    const codes: string[] = [];
    const peer = await join('alone', { tracker: 'ws://127.0.0.1:1' });
    peer.on('warning', ({ code }) => codes.push(code));
    await until(() => peer.stats().playedSegments >= 4, { what: 'playback', timeoutMs: 20_000 });
    expect(peer.stats()).toMatchObject({ peers: 0, stalls: 0, skippedSegments: 0 });
    await until(() => codes.length > 0, { what: 'a warning', timeoutMs: 5_000 });
    expect(codes).toEqual(['tracker-unreachable']);
  });

  it('waits for a playlist that is not there yet', async () => {
    const peer = await join('early', { playlist: playlistUrl('other/index.m3u8') });
    await pause(500);
    expect(peer.stats()).toMatchObject({ startupMs: undefined, latencyMs: undefined, stalls: 0 });
  });
});
