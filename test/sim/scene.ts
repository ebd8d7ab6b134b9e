import { percentile } from '../support/percentile.ts';
import { seededRandom } from '../support/seeded-random.ts';
import type { ViewerOptions, WorldOptions } from './model.ts';
import type { Viewer } from './viewer.ts';
import { World } from './world.ts';

/** The stream of every scene: 1.2 Mbit/s in segments of 2 s. Bytes a second. */
export const BITRATE = 150_000;
const SEGMENT_MS = 2_000;
const PRELUDE_MS = 12_000;
const SETTLE_MS = 8_000;
/** The newest segments of the window are still on their way when it ends. */
const TAIL_MS = 8_000;

/** Who watches, over what, and what happens to them. */
export type Scene = {
  readonly name: string;
  /** What it is for, in a line. */
  readonly about: string;
  readonly viewers: readonly Partial<ViewerOptions>[];
  readonly world?: Partial<Omit<WorldOptions, 'random'>>;
  /** Between two joins. Default 500 ms. */
  readonly joinEveryMs?: number;
  /** The measured window. Default 24 s. */
  readonly windowMs?: number;
  /** How long a viewer stays on average; another one like it then takes its place. Default for ever. */
  readonly stayMs?: number;
  /** What share of the viewers is killed at once in the middle of the window's first segment. */
  readonly killed?: number;
};

/** What a scene came to. */
export type Figures = {
  readonly scene: string;
  readonly seed: number;
  readonly viewers: number;
  readonly joins: number;
  /** Copies of a segment that the origin sent, each viewer's first segment apart. */
  readonly copiesMean: number;
  readonly copiesMax: number;
  /** Per cent of all segment bytes of the window that came from peers; of what was possible at one copy. */
  readonly offloadPercent: number;
  readonly offloadLimitPercent: number;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly notStarted: number;
  readonly startupMedianMs: number;
  readonly startupMaxMs: number;
  readonly latencyMedianMs: number;
  readonly latencyMaxMs: number;
  /** Bytes fetched twice, per cent of all. */
  readonly wastedPercent: number;
  /** Largest upload of a sharing viewer over their mean. */
  readonly uploadMaxOverMean: number;
  readonly corruptPlayed: number;
  /** Largest number of false pieces that one polluter landed on one victim. */
  readonly falsePiecesPerVictim: number;
  readonly cpuMsPerViewerSecond: number;
  /** From publication to completeness at the viewers, of the window's segments; undefined unless watched. Ms. */
  readonly fillP50Ms: number | undefined;
  readonly fillP95Ms: number | undefined;
  /** From the player's request to delivery, and from a request to a neighbour to the piece. Ms. */
  readonly fetchP95Ms: number | undefined;
  readonly responseP50Ms: number | undefined;
  readonly responseP95Ms: number | undefined;
};

/** Runs a scene to its end. `say` hears of its progress. */
export function runScene(scene: Scene, seed: number, say: (line: string) => void): Figures {
  const random = seededRandom(seed);
  const world = new World({
    segmentMs: SEGMENT_MS,
    segmentBytes: (BITRATE * SEGMENT_MS) / 1000,
    delayMs: 15,
    originRate: 5_000_000,
    ...scene.world,
    random,
  });
  world.run(PRELUDE_MS);
  for (const viewer of scene.viewers) {
    world.join(viewer);
    world.run(scene.joinEveryMs ?? 500);
  }
  say(`${scene.viewers.length} viewers joined`);
  const churn = new Churn(world, scene, random);
  churn.run(SETTLE_MS);
  const from = world.queue.now;
  const sentBefore = world.viewers.map((viewer) => viewer.engine.stats().uploadedBytes);
  const cpu = process.cpuUsage();
  const windowMs = scene.windowMs ?? 24_000;
  kill(world, scene, random);
  for (let passed = 0; passed < windowMs; passed += SEGMENT_MS) {
    churn.run(Math.min(SEGMENT_MS, windowMs - passed));
    say(`${Math.round((world.queue.now - from) / 1000)} of ${windowMs / 1000} s`);
  }
  const { user, system } = process.cpuUsage(cpu);
  const to = world.queue.now;
  const uploads = sentBefore.flatMap((before, i) => {
    const viewer = world.viewers[i];
    const counts = viewer?.alive === true && viewer.options.shares !== false;
    return counts ? viewer.engine.stats().uploadedBytes - before : [];
  });
  const latencies = world.viewers.filter(isSettled).map(({ player }) => player.latencyMs);
  churn.run(TAIL_MS);
  return {
    scene: scene.name,
    seed,
    ...origin(world, { from, to, viewers: scene.viewers.length }),
    ...playback(world),
    ...watched(world, from, to),
    latencyMedianMs: Math.round(middle(latencies)),
    latencyMaxMs: Math.round(latencies.reduce((max, latency) => Math.max(max, latency), 0)),
    uploadMaxOverMean: round(Math.max(...uploads) / mean(uploads)),
    cpuMsPerViewerSecond: round(
      (user + system) / 1000 / (scene.viewers.length * (windowMs / 1000)),
    ),
  };

  function isSettled({ alive, player }: Viewer): boolean {
    return alive && player.started && world.queue.now - player.joinedAt > SETTLE_MS;
  }
}

/** Viewers leave after an exponentially distributed time, half of them without a word, and others come. */
class Churn {
  readonly #world: World;
  readonly #random: () => number;
  readonly #everyMs: number;
  #nextAt: number;

  constructor(world: World, { stayMs, viewers }: Scene, random: () => number) {
    this.#world = world;
    this.#random = random;
    this.#everyMs = stayMs === undefined ? Infinity : stayMs / viewers.length;
    this.#nextAt = world.queue.now + this.#gap();
  }

  run(ms: number): void {
    const end = this.#world.queue.now + ms;
    while (this.#nextAt <= end) {
      this.#world.run(this.#nextAt - this.#world.queue.now);
      this.#replaceOne();
      this.#nextAt += this.#gap();
    }
    this.#world.run(end - this.#world.queue.now);
  }

  #replaceOne(): void {
    const alive = this.#world.viewers.filter((viewer) => viewer.alive);
    const leaver = alive[Math.floor(this.#random() * alive.length)];
    if (leaver === undefined) return;
    if (this.#random() < 0.5) leaver.kill();
    else leaver.leave();
    this.#world.join({ ...leaver.options, name: `v${this.#world.viewers.length}` });
  }

  #gap(): number {
    return this.#everyMs === Infinity ? Infinity : -Math.log(1 - this.#random()) * this.#everyMs;
  }
}

function kill(world: World, { killed }: Scene, random: () => number): void {
  if (killed === undefined) return;
  world.run(700);
  const alive = world.viewers.filter((viewer) => viewer.alive);
  for (let left = Math.round(alive.length * killed); left > 0; left--)
    for (const victim of alive.splice(Math.floor(random() * alive.length), 1)) victim.kill();
}

function origin(
  world: World,
  { from, to, viewers }: { readonly from: number; readonly to: number; readonly viewers: number },
) {
  const copies = world.copies(from, to);
  return {
    viewers,
    joins: world.viewers.length,
    copiesMean: round(mean(copies)),
    copiesMax: round(Math.max(...copies)),
    offloadPercent: round(100 * (1 - mean(copies) / viewers)),
    offloadLimitPercent: round(100 * (1 - 1 / viewers)),
  };
}

function watched({ viewers, segments }: World, from: number, to: number) {
  const inWindow = ({ at }: { readonly at: number }): boolean => at >= from && at <= to;
  const watches = viewers.flatMap(({ watch }) => watch ?? []);
  const fills = watches.flatMap((watch) =>
    watch.fills.flatMap(({ id, at }) => {
      const segment = segments[id.msn];
      return segment !== undefined && inWindow(segment) ? at - segment.at : [];
    }),
  );
  const waits = viewers.flatMap((viewer) =>
    viewer.waits.filter(inWindow).map(({ waitedMs }) => waitedMs),
  );
  const responses = watches.flatMap((watch) => watch.responses);
  return {
    fillP50Ms: percentile(fills, 0.5),
    fillP95Ms: percentile(fills, 0.95),
    fetchP95Ms: percentile(waits, 0.95),
    responseP50Ms: percentile(responses, 0.5),
    responseP95Ms: percentile(responses, 0.95),
  };
}

function playback({ viewers }: World) {
  const honest = viewers.filter(({ options }) => options.pollutes === undefined);
  const stats = honest.map(({ engine }) => engine.stats());
  const fetched = sum(stats.map(({ httpBytes, p2pBytes }) => httpBytes + p2pBytes));
  const startups = honest.flatMap(({ player }) => player.startupMs ?? []);
  const liars = viewers.filter(({ options }) => options.pollutes !== undefined);
  return {
    stalls: sum(honest.map(({ player }) => player.stalls)),
    stalledMs: Math.round(sum(honest.map(({ player }) => player.stalledMs))),
    notStarted: honest.filter(({ alive, player }) => alive && !player.started).length,
    startupMedianMs: Math.round(middle(startups)),
    startupMaxMs: Math.round(startups.reduce((max, ms) => Math.max(max, ms), 0)),
    wastedPercent: round((100 * sum(stats.map(({ wastedBytes }) => wastedBytes))) / fetched),
    corruptPlayed: sum(honest.map(({ player }) => player.corrupt)),
    falsePiecesPerVictim: Math.max(0, ...liars.flatMap((liar) => [...liar.falsePieces.values()])),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}

function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
