import type { ViewerOptions } from './model.ts';
import { BITRATE, type Scene } from './scene.ts';

type Who = Partial<ViewerOptions>;

const equal = (count: number, who: Who = {}): readonly Who[] =>
  Array.from({ length: count }, () => who);

/** Uplinks of `mean` bitrates on average, as unequal as in the field: 0.4 : 1 : 3. */
const unequal = (count: number, mean: number): readonly Who[] =>
  Array.from({ length: count }, (_, i) => ({
    uplink: (mean * BITRATE * ([0.4, 1, 3][i % 3] ?? 1)) / ((0.4 + 1 + 3) / 3),
  }));

/** Every n-th viewer is another one. */
const every = (n: number, viewers: readonly Who[], other: Who): readonly Who[] =>
  viewers.map((viewer, i) => (i % n === n - 1 ? other : viewer));

/** A large audience with uplinks of twice the bitrate, of whom 5 % leave and come each minute. */
function crowd(count: number): Scene {
  return {
    name: `crowd-${count}`,
    about: `${count} viewers, unequal uplinks of 2 bitrates, 5 % leave a minute`,
    viewers: unequal(count, 2),
    world: { light: true },
    // All of them within 20 s.
    joinEveryMs: 20_000 / count,
    stayMs: 20 * 60_000,
    windowMs: 20_000,
  };
}

/** The situations in which the swarm has bars to meet. */
export const SCENES: readonly Scene[] = [
  { name: 'free-8', about: '8 viewers without caps', viewers: equal(8) },
  { name: 'free-16', about: '16 viewers without caps', viewers: equal(16) },
  { name: 'free-30', about: '30 viewers without caps', viewers: equal(30) },
  { name: 'free-60', about: '60 viewers without caps', viewers: equal(60) },
  {
    name: 'capped-30',
    about: '30 viewers, unequal uplinks of 2 bitrates, a fifth uploads nothing',
    viewers: every(5, unequal(30, 2), { shares: false }),
  },
  {
    name: 'flash-30',
    about: 'the same, all joining within 150 ms',
    viewers: every(5, unequal(30, 2), { shares: false }),
    joinEveryMs: 5,
  },
  {
    name: 'capped-60',
    about: '60 viewers, uplinks of 2 bitrates',
    viewers: equal(60, { uplink: 2 * BITRATE }),
  },
  {
    name: 'tight-30',
    about: '30 viewers, uplinks of 1.2 bitrates',
    viewers: equal(30, { uplink: 1.2 * BITRATE }),
  },
  {
    name: 'scarce-8',
    about: '8 viewers, uplinks of 0.84 bitrates',
    viewers: equal(8, { uplink: 0.84 * BITRATE }),
  },
  {
    name: 'churn-8',
    about: '8 viewers at a time, each stays about 20 s',
    viewers: equal(8),
    stayMs: 20_000,
    windowMs: 40_000,
  },
  {
    name: 'origin-3x',
    about: 'an origin that sends 3 bitrates in all, 8 viewers join every second',
    viewers: equal(8),
    world: { originTotal: 3 * BITRATE, catchUpRate: 1.1 },
    joinEveryMs: 1_000,
    windowMs: 30_000,
  },
  {
    name: 'killed-30pct',
    about: '20 viewers, 30 % killed in the middle of a segment',
    viewers: equal(20),
    killed: 0.3,
  },
  {
    name: 'polluters-30pct',
    about: '20 viewers, 30 % liars: half turn bits, half feed another video',
    viewers: Array.from({ length: 20 }, (_, i) =>
      i % 10 < 7 ? {} : { pollutes: i % 2 === 0 ? ('bits' as const) : ('foreign' as const) },
    ),
  },
  {
    name: 'lossy-20',
    about: '20 viewers, 2 % of packets lost between peers',
    viewers: equal(20, { loss: 0.02 }),
  },
  {
    name: 'nat-30',
    about: '30 viewers, a fifth behind symmetric NATs, one in fifteen without UDP',
    viewers: every(15, every(5, equal(30), { nat: 'symmetric' }), { nat: 'blocked' }),
  },
  {
    name: 'narrow-20',
    about: '20 viewers whose downlinks carry 1.5 bitrates',
    viewers: equal(20, { downlink: 1.5 * BITRATE }),
  },
  {
    name: 'plain-5',
    about: '5 viewers of an origin without digests, found by playlist alone',
    viewers: equal(5),
    world: { plain: true },
  },
  {
    name: 'plain-20',
    about: '20 viewers of an origin without digests, uplinks of 2 bitrates',
    viewers: equal(20, { uplink: 2 * BITRATE }),
    world: { plain: true },
  },
  crowd(120),
  crowd(1_000),
  crowd(10_000),
];
