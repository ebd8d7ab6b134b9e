import { createHash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { median } from '../support/percentile.ts';
import { pause, until } from '../support/until.ts';
import { type Broadcast, startBroadcast } from './support/broadcast.ts';
import { installLiar } from './support/page-probe.ts';
import { allToShare, openViewer, type ViewerPage } from './support/viewers.ts';

/** Steady state is measured over this long. */
const MEASURED_MS = 24_000;

let browser: Browser;
let broadcast: Broadcast;

beforeAll(async () => {
  broadcast = await startBroadcast(['swarm', 'stock']);
  browser = await launchChromium();
}, 180_000);

afterAll(async () => {
  await browser.close();
  await broadcast.close();
});

/** Opens viewers one after the other, each when the one before it plays. */
async function joinStaggered(channel: string, names: readonly string[]): Promise<ViewerPage[]> {
  const viewers: ViewerPage[] = [];
  for (const name of names) {
    const viewer = await openViewer(browser, broadcast.watchUrl(channel), { name });
    await viewer.playing();
    viewers.push(viewer);
  }
  return viewers;
}

/** What happened to every viewer between two moments. */
async function during<T>(viewers: readonly ViewerPage[], action: () => Promise<T>) {
  const look = (): Promise<readonly (readonly [number, number, number, number, number])[]> =>
    Promise.all(
      viewers.map(async ({ stats, probe }) => {
        const [s, p] = await Promise.all([stats(), probe()]);
        return [s.bytes.http, s.bytes.p2p, p.received, p.stalls + s.stalls, p.played] as const;
      }),
    );
  const before = await look();
  const started = performance.now();
  await action();
  const seconds = (performance.now() - started) / 1000;
  const after = await look();
  return after.map((now, i) => {
    const [http = 0, p2p = 0, received = 0, stalls = 0, played = 0] = now.map(
      (value, k) => value - (before[i]?.[k] ?? 0),
    );
    return { name: viewers[i]?.name, http, p2p, received, stalls, played, seconds };
  });
}

/** The same, and once more, three times in all, where a viewer rests at its end, the machine being short of CPU (SWM-17). */
async function duringSharing(
  viewers: readonly ViewerPage[],
  action: () => Promise<void>,
  afterwards: () => Promise<void> = () => Promise.resolve(),
): ReturnType<typeof during> {
  for (let attempt = 1; ; attempt++) {
    await allToShare(viewers);
    const changes = await during(viewers, action);
    expectNoStall(changes);
    const peers = await Promise.all(viewers.map(async (viewer) => (await viewer.stats()).peers));
    if (attempt === 3 || peers.every((count) => count > 0)) return changes;
    console.info('a viewer rests, the machine being short of CPU: once more');
    await afterwards();
  }
}

function expectNoStall(changes: Awaited<ReturnType<typeof during>>): void {
  for (const { name, stalls, played, seconds } of changes) {
    expect(stalls, `stalls of ${name}`).toBe(0);
    expect(played, `seconds played by ${name}`).toBeGreaterThan(seconds - 1.5);
  }
}

/** A viewer whose pieces are all corrupt; `last`: how it was when it was asked last. */
async function openLiar(): Promise<ViewerPage & { seen: number; last: () => string }> {
  const name = 'liar';
  const liar = await openViewer(browser, broadcast.watchUrl('swarm'), {
    name,
    scripts: [installLiar],
  });
  await liar.playing();
  let last = '';
  const stats = async (): ReturnType<ViewerPage['stats']> => {
    const now = await liar.stats();
    last = JSON.stringify([now, await liar.warnings()]);
    return now;
  };
  return { ...liar, stats, seen: performance.now(), last: () => last };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Segment bytes that the origin sent to agents that match, from now on. */
function originMeter(agents: RegExp): () => number {
  const from = broadcast.deliveries.length;
  return () =>
    sum(
      broadcast.deliveries
        .slice(from)
        .filter(({ path, userAgent }) => path.endsWith('.m4s') && agents.test(userAgent))
        .map(({ bytes }) => bytes),
    );
}

describe('six viewers of one channel', () => {
  let viewers: ViewerPage[] = [];

  beforeAll(async () => {
    await broadcast.publish('swarm');
    viewers = await joinStaggered('swarm', ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
  }, 180_000);

  it('SWM-4 get at least 60 % of the bytes from each other at 8 s of latency, without a stall', async () => {
    await until(
      async () => (await Promise.all(viewers.map((v) => v.stats()))).every((s) => s.peers >= 4),
      {
        what: 'everybody to have neighbours',
        // On a machine that is busy for a moment some rest before they begin (SWM-17).
        timeoutMs: 120_000,
      },
    );
    await pause(6_000);
    let origin = (): number => 0;
    const changes = await duringSharing(viewers, () => {
      origin = originMeter(/shoal-e2e\/v/);
      return pause(MEASURED_MS);
    });
    const http = sum(changes.map((c) => c.http));
    const p2p = sum(changes.map((c) => c.p2p));
    const received = sum(changes.map((c) => c.received));
    const latencies = await Promise.all(
      viewers.map(async (v) => (await v.stats()).latencyMs ?? Infinity),
    );
    console.info(
      `from peers ${((100 * p2p) / (http + p2p)).toFixed(1)} % (limit 83.3); origin copies ` +
        `${((6 * origin()) / (http + p2p)).toFixed(2)}; latency ${latencies.map((l) => (l / 1000).toFixed(1)).join(' ')} s`,
    );
    expect(p2p / (http + p2p)).toBeGreaterThanOrEqual(0.6);
    // The same, as the origin and the browser count it.
    expect(1 - origin() / (http + p2p)).toBeGreaterThanOrEqual(0.6);
    expect(received).toBeGreaterThanOrEqual(0.98 * p2p);
    expect(median(latencies)).toBeLessThanOrEqual(8_000);
    // Who polls the playlist just before a segment is listed learns of it a poll later, and stays behind by that: three
    // segments, one poll, and what packaging takes. hls.js, which aims at three segments, cannot know.
    for (const latency of latencies) expect(latency).toBeLessThanOrEqual(9_000);
  });

  it('SWM-7 do not notice when one of them is killed in the middle of a segment', async () => {
    const victim = viewers.pop();
    const changes = await during(viewers, async () => {
      // Somewhere inside a segment's two seconds, while pieces are under way.
      const before = (await victim?.probe())?.received ?? 0;
      await until(async () => ((await victim?.probe())?.received ?? 0) > before, {
        what: 'pieces on their way',
        timeoutMs: 10_000,
      });
      await victim?.crash();
      await pause(12_000);
    });
    expectNoStall(changes);
  });

  it('SEG-7 drop a peer that serves corrupt pieces, and nothing corrupt reaches a player', async () => {
    const foundOut = async (): Promise<boolean> =>
      (await Promise.all(viewers.map((v) => v.warnings()))).flat().includes('corrupt-peer');
    let liar = await openLiar();
    const changes = await during(viewers, async () => {
      await until(
        async () => {
          if (await foundOut()) return true;
          // Who rests, the machine being short of CPU (SWM-17), serves nobody, and may do so for long: then another one.
          const { stats, seen } = liar;
          if (!(await stats()).resting || performance.now() - seen < 30_000) return false;
          console.info('the liar rests, the machine being short of CPU: another one');
          await liar.close();
          liar = await openLiar();
          return false;
        },
        { what: () => `somebody to find the liar out; ${liar.last()}`, timeoutMs: 200_000 },
      );
      await pause(8_000);
    });
    expectNoStall(changes);
    await liar.close();
    await expectGenuineFragments();
  });

  it('SWM-3 play on, and go on sharing, when the tracker is killed', async () => {
    const changes = await duringSharing(
      viewers,
      async () => {
        await broadcast.killTracker();
        await pause(16_000);
      },
      broadcast.reviveTracker,
    );
    expect(sum(changes.map((c) => c.p2p))).toBeGreaterThan(sum(changes.map((c) => c.http)));
    await expectGenuineFragments();
    await Promise.all(viewers.map((viewer) => viewer.close()));
  });

  /** Every fragment that any player loaded, against the origin's own bytes. */
  async function expectGenuineFragments(): Promise<void> {
    const genuine = new Map<string, string>();
    let compared = 0;
    for (const viewer of viewers)
      for (const { url, sha256 } of await viewer.fragments()) {
        if (!genuine.has(url)) {
          const response = await fetch(url, { headers: { 'user-agent': 'checker' } });
          // Older segments are gone from the origin.
          if (!response.ok) continue;
          const bytes = new Uint8Array(await response.arrayBuffer());
          genuine.set(url, createHash('sha256').update(bytes).digest('hex'));
        }
        expect(sha256, `${url} as ${viewer.name} got it`).toBe(genuine.get(url));
        compared += 1;
      }
    expect(compared).toBeGreaterThan(10);
  }
});
