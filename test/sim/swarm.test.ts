import { expect, it } from 'vitest';
import { seededRandom } from '../support/seeded-random.ts';
import type { ViewerOptions, WorldOptions } from './model.ts';
import { World } from './world.ts';

const SEGMENT_MS = 2_000;
const SEGMENT_BYTES = 300_000;
/** Bytes a second of the stream. */
const BITRATE = (SEGMENT_BYTES * 1000) / SEGMENT_MS;

function swarm(
  seed: number,
  viewers: readonly Partial<ViewerOptions>[],
  more: Partial<WorldOptions> = {},
): World {
  const world = new World({
    random: seededRandom(seed),
    segmentMs: SEGMENT_MS,
    segmentBytes: SEGMENT_BYTES,
    delayMs: 15,
    originRate: 5_000_000,
    ...more,
  });
  world.run(12_000);
  for (const options of viewers) {
    world.join(options);
    world.run(500);
  }
  return world;
}

/** Mean and largest origin copies of the segments of the next `ms`, after a pause to settle. */
function measure(world: World, ms: number): { readonly mean: number; readonly max: number } {
  world.run(8_000);
  const from = world.queue.now;
  world.run(ms);
  const to = world.queue.now;
  // The newest segments are still on their way.
  world.run(8_000);
  const copies = world.copies(from, to);
  return { mean: copies.reduce((sum, c) => sum + c, 0) / copies.length, max: Math.max(...copies) };
}

function expectCleanPlayback(world: World): void {
  for (const { alive, player } of world.viewers) {
    expect(player.corrupt).toBe(0);
    expect(player.stalls).toBe(0);
    expect(player.started).toBe(true);
    if (alive) expect(player.latencyMs).toBeLessThan(8_500);
  }
}

const equal = (count: number, options: Partial<ViewerOptions> = {}): Partial<ViewerOptions>[] =>
  Array.from({ length: count }, () => options);

it('SWM-2 eight viewers take one copy of each segment from the origin, at three segments of latency', () => {
  const world = swarm(1, equal(8));
  const { mean, max } = measure(world, 30_000);
  expectCleanPlayback(world);
  expect(mean).toBeLessThan(1.05);
  expect(max).toBeLessThan(1.3);
});

it('SWM-4 thirty viewers with uplinks of twice the bitrate stay below one and a half copies', () => {
  const world = swarm(2, equal(30, { uplink: 2 * BITRATE }));
  const { mean } = measure(world, 20_000);
  expectCleanPlayback(world);
  expect(mean).toBeLessThan(1.5);
});

it('SWM-11 thirty viewers with unequal uplinks of twice the bitrate, a fifth of them giving nothing, stay below one and a half copies in the median of three runs', () => {
  const mean = 2 / ((0.4 + 1 + 3) / 3);
  const copies = [11, 12, 13].map((seed) => {
    const world = swarm(
      seed,
      Array.from({ length: 30 }, (_, i) =>
        i % 5 === 4 ? { shares: false } : { uplink: mean * ([0.4, 1, 3][i % 3] ?? 1) * BITRATE },
      ),
    );
    const measured = measure(world, 24_000);
    expectCleanPlayback(world);
    return measured.mean;
  });
  expect(copies.sort((a, b) => a - b)[1]).toBeLessThan(1.5);
});

it('SWM-5 uplinks far too small for the stream cost origin copies, never a stall', () => {
  const world = swarm(3, equal(8, { uplink: 0.4 * BITRATE }));
  const { mean } = measure(world, 20_000);
  expectCleanPlayback(world);
  expect(mean).toBeGreaterThan(2);
});

it('SWM-7 viewers that are killed in the middle of a segment stall nobody', () => {
  const world = swarm(4, equal(10));
  world.run(6_700);
  for (const viewer of world.viewers.slice(0, 3)) viewer.kill();
  const { mean } = measure(world, 12_000);
  expectCleanPlayback(world);
  expect(mean).toBeLessThan(1.5);
});

it('SWM-3 without the tracker the mesh goes on, below two copies, and finds it again when it is back', () => {
  const world = swarm(5, equal(8));
  world.run(5_000);
  world.killTracker();
  const without = measure(world, 20_000);
  expect(without.mean).toBeLessThan(2);
  world.reviveTracker();
  world.run(5_000);
  const again = measure(world, 12_000);
  expect(again.mean).toBeLessThan(1.1);
  expectCleanPlayback(world);
});

it('SWM-52 nobody has two links to one viewer after the tracker restarted, and none was closed by it', () => {
  const world = swarm(11, equal(10));
  world.run(8_000);
  const links = (): number => world.viewers.reduce((sum, { links }) => sum + links.size, 0);
  const before = links();
  const names = world.viewers.map(({ peer }) => peer);
  for (let i = 0; i < 3; i++) {
    world.killTracker();
    world.run(3_000);
    world.reviveTracker();
    for (let j = 0; j < 20; j++) {
      world.run(1_000);
      for (const viewer of world.viewers) {
        const ends = [...viewer.links.keys()].map((peer) => world.viewerOf(peer)?.name);
        expect(new Set(ends).size).toBe(ends.length);
        expect(ends).not.toContain(viewer.name);
      }
    }
  }
  expect(world.viewers.map(({ peer }) => peer)).toEqual(names);
  expect(links()).toBeGreaterThanOrEqual(before);
  expect(world.viewers.every(({ dropped }) => dropped.length === 0)).toBe(true);
  expectCleanPlayback(world);
});

it('SEG-7 a peer that corrupts what it sends lands at most one piece per victim and nothing in a player', () => {
  const world = swarm(6, [...equal(4), { pollutes: 'bits' }, { pollutes: 'bits' }, ...equal(3)]);
  const { mean } = measure(world, 20_000);
  expectCleanPlayback(world);
  const liars = new Set(world.viewers.filter((v) => v.options.pollutes).map((v) => v.peer));
  const honest = world.viewers.filter((v) => v.options.pollutes === undefined);
  for (const { dropped } of honest)
    for (const liar of liars)
      expect(dropped.filter((d) => d.peer === liar && d.reason === 4).length).toBeLessThanOrEqual(
        1,
      );
  expect(honest.some(({ dropped }) => dropped.some((d) => liars.has(d.peer)))).toBe(true);
  // One copy for the honest, and one for each liar: nobody gives them anything any more.
  expect(mean).toBeLessThan(1 + liars.size + 0.1);
});

it('PEER-7 viewers that upload nothing still watch, and still get most from the others', () => {
  const world = swarm(7, [...equal(6), ...equal(2, { shares: false })]);
  const { mean } = measure(world, 20_000);
  expectCleanPlayback(world);
  expect(mean).toBeLessThan(1.2);
  const leech = world.viewers[7]?.engine.stats();
  expect(leech?.uploadedBytes).toBe(0);
  expect(leech?.p2pBytes).toBeGreaterThan(leech?.httpBytes ?? Infinity);
});

it('SWM-1 who joins takes one segment from the origin, and the rest from those who are there', () => {
  const world = swarm(10, equal(8));
  world.run(8_000);
  const before = world.queue.now;
  const joiners = equal(4).map((options) => {
    world.run(2_500);
    world.viewers.find(({ alive }) => alive)?.kill();
    return world.join(options);
  });
  world.run(10_000);
  expectCleanPlayback(world);
  const copies = world.copies(before, before + 10_000).reduce((sum, c) => sum + c, 0);
  // Five segments of the channel, and the first of each joiner.
  expect(copies).toBeLessThan(5 + joiners.length + 1);
});

it('SWM-8 switching P2P off during playback leaves plain HLS, and on again rejoins', () => {
  const world = swarm(8, equal(5));
  world.run(6_000);
  const [viewer] = world.viewers;
  viewer?.input({ type: 'p2p', enabled: false });
  world.run(10_000);
  expect(viewer?.engine.stats().peers).toBe(0);
  viewer?.input({ type: 'p2p', enabled: true });
  world.run(10_000);
  expect(viewer?.engine.stats().peers).toBeGreaterThan(2);
  expectCleanPlayback(world);
});

it('SWM-6 the same seed gives the same run', () => {
  const run = (): string => {
    const world = swarm(9, equal(5, { uplink: BITRATE }));
    world.run(10_000);
    return JSON.stringify(world.viewers.map((v) => [v.engine.stats(), v.player.latencyMs]));
  };
  expect(run()).toBe(run());
});

it('SWM-31 five viewers of an origin without digests take little more than one copy', () => {
  const world = swarm(11, equal(5), { plain: true });
  const { mean, max } = measure(world, 24_000);
  expectCleanPlayback(world);
  expect(mean).toBeLessThan(1.2);
  expect(max).toBeLessThanOrEqual(2);
});

it('SWM-31 twenty viewers of such an origin with uplinks of twice the bitrate take less than two', () => {
  const world = swarm(12, equal(20, { uplink: 2 * BITRATE }), { plain: true });
  expect(measure(world, 24_000).mean).toBeLessThan(2);
  expectCleanPlayback(world);
});
