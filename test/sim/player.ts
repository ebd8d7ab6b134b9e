import type { Input } from '@shoal/client-sdk/core';
import type { ListedSwarm } from '@shoal/protocol';
import { RENDITION, type Surroundings } from './model.ts';

const SYNC_SEGMENTS = 3;
const BUFFER_TARGET_MS = 30_000;
const APPEND_MS = 30;
const REPORT_MS = 250;
/** A player goes faster only with this much in its buffer. */
const CATCH_UP_BUFFER_MS = 1_000;
const TARGET_LATENCY_SEGMENTS = 3.5;

/** A model of hls.js on a live playlist: polls it, loads one segment after another, plays what it has. */
export class Player {
  /** Segments whose bytes were not those of the origin. */
  corrupt = 0;
  stalls = 0;
  stalledMs = 0;
  /** From joining to the first frame. */
  startupMs: number | undefined;
  readonly played: number[] = [];
  /** The segment that playback began with. */
  firstMsn = -1;
  readonly #world: Surroundings;
  readonly #input: (input: Input) => void;
  readonly joinedAt: number;
  #known = -1;
  #next: number | undefined;
  #appendedTo: number | undefined;
  #bufferedMs = 0;
  #updatedAt: number;
  #stalled = false;
  #demand: { readonly id: number; readonly msn: number } | undefined;
  #demands = 0;
  #stopped = false;

  constructor(world: Surroundings, input: (input: Input) => void) {
    this.#world = world;
    this.#input = input;
    this.joinedAt = world.queue.now;
    this.#updatedAt = world.queue.now;
    world.queue.after(2 * world.options.delayMs, () => {
      this.#poll();
      this.#tick();
    });
  }

  /** Behind the live edge, in ms: from the end of the newest published segment to the playhead. */
  get latencyMs(): number {
    const { segments, options, queue } = this.#world;
    const edge = segments[segments.length - 1];
    if (edge === undefined || this.#appendedTo === undefined) return Infinity;
    const ahead = (edge.info.id.msn - this.#appendedTo) * options.segmentMs;
    return ahead + this.#bufferedMs + (queue.now - edge.at);
  }

  get started(): boolean {
    return this.startupMs !== undefined;
  }

  stop(): void {
    this.#stopped = true;
  }

  delivered(demand: number, data: Uint8Array): void {
    if (this.#demand?.id !== demand) return;
    const { msn } = this.#demand;
    this.#demand = undefined;
    const truth = this.#world.segments[msn]?.data;
    if (truth !== data && (truth === undefined || Buffer.compare(truth, data) !== 0))
      this.corrupt += 1;
    this.#world.queue.after(APPEND_MS, () => {
      this.#advance();
      this.#bufferedMs += this.#world.options.segmentMs;
      this.#appendedTo = msn;
      this.played.push(msn);
      this.startupMs ??= this.#world.queue.now - this.joinedAt;
      this.#stalled = false;
      this.#report();
    });
    this.#next = msn + 1;
    this.#load();
  }

  failed(demand: number): void {
    if (this.#demand?.id !== demand) return;
    this.#demand = undefined;
    this.#world.queue.after(500, () => {
      this.#load();
    });
  }

  #poll(): void {
    if (this.#stopped) return;
    const { swarm, urls } = this.#world.playlist();
    const edge = swarm.segments[swarm.segments.length - 1]?.info.id.msn ?? -1;
    this.#known = edge;
    if (this.#next === undefined) {
      this.#next = Math.max(0, edge - SYNC_SEGMENTS + 1);
      this.firstMsn = this.#next;
    }
    this.#input(
      this.#world.options.plain === true ? plain(swarm, urls) : { type: 'playlist', swarm, urls },
    );
    this.#load();
    this.#world.queue.after(this.#world.options.segmentMs, () => {
      this.#poll();
    });
  }

  #load(): void {
    const msn = this.#next;
    if (this.#stopped || msn === undefined || this.#demand !== undefined) return;
    if (msn > this.#known || this.#bufferedMs > BUFFER_TARGET_MS) return;
    const id = ++this.#demands;
    this.#demand = { id, msn };
    const segment = this.#world.segments[msn];
    const url = `http://origin/live/sim/${RENDITION}/${segment?.info.id.epoch}-${msn}.m4s`;
    this.#input({ type: 'demand', demand: id, url });
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#advance();
    this.#report();
    this.#world.queue.after(REPORT_MS, () => {
      this.#tick();
    });
  }

  #advance(): void {
    const { now } = this.#world.queue;
    const passed = now - this.#updatedAt;
    this.#updatedAt = now;
    if (!this.started) return;
    const { catchUpRate = 1 } = this.#world.options;
    const late =
      this.#bufferedMs > CATCH_UP_BUFFER_MS &&
      this.latencyMs > TARGET_LATENCY_SEGMENTS * this.#world.options.segmentMs;
    const speed = late ? catchUpRate : 1;
    const played = Math.min(passed * speed, this.#bufferedMs);
    this.#bufferedMs -= played;
    if (played >= passed * speed) return;
    if (!this.#stalled) this.stalls += 1;
    this.#stalled = true;
    this.stalledMs += passed - played / speed;
  }

  #report(): void {
    const next = this.#appendedTo === undefined ? this.#next : this.#appendedTo + 1;
    if (next === undefined) return;
    const main = { rendition: RENDITION, next, bufferedMs: this.#bufferedMs };
    this.#input({ type: 'playback', main, audio: undefined, playing: true });
  }
}

/** The same playlist as an origin that knows nothing of Shoal would list it. */
function plain(
  { channel, rendition, segments, ended }: ListedSwarm,
  urls: readonly string[],
): Input {
  return {
    type: 'plain-playlist',
    channel,
    rendition,
    ended,
    segments: segments.map(({ info: { id, durationMs } }, i) => ({
      id,
      durationMs,
      url: urls[i] ?? '',
      within: undefined,
    })),
  };
}
