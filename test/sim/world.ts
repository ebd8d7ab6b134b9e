import { digestList, type ListedSwarm, rootOf, type SegmentInfo } from '@shoal/protocol';
import { type Effect as TrackerEffect, TrackerCore } from '@shoal/tracker/core';
import { sha256 } from '../support/sha256.ts';
import { EventQueue } from './event-queue.ts';
import {
  CHANNEL,
  type Published,
  RENDITION,
  type Surroundings,
  type ViewerOptions,
  type WorldOptions,
} from './model.ts';
import { Viewer } from './viewer.ts';

const EPOCH = 1_700_000_000;
const LISTED = 10;

/**
 * A whole swarm in one virtual clock: the origin publishes, the real tracker core introduces, and
 * every viewer runs the real engine. Same seed, same run.
 */
export class World implements Surroundings {
  readonly queue: EventQueue = new EventQueue();
  readonly options: WorldOptions;
  readonly segments: Published[] = [];
  readonly viewers: Viewer[] = [];
  /** Segment bytes that left the origin, per media sequence number. */
  readonly served: Map<number, number> = new Map();
  trackerUp = true;
  #tracker: TrackerCore<Viewer>;
  #ids = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.#tracker = this.#newTracker();
    this.#publish();
    this.#tickTracker();
  }

  /** The live playlist as it is now. */
  playlist(): { readonly swarm: ListedSwarm; readonly urls: readonly string[] } {
    const listed = this.segments.slice(-LISTED);
    const uri = (info: SegmentInfo): string => `${info.id.epoch}-${info.id.msn}.m4s`;
    return {
      swarm: {
        channel: CHANNEL,
        rendition: RENDITION,
        ended: false,
        segments: listed.map(({ info }) => ({ info, uri: uri(info) })),
      },
      urls: listed.map(({ info }) => `http://origin/live/sim/source/${uri(info)}`),
    };
  }

  /** A new viewer comes. */
  join(options: Partial<ViewerOptions> = {}): Viewer {
    const viewer = new Viewer({ name: `v${this.viewers.length}`, ...options }, this, {
      isUp: () => this.trackerUp,
      tell: (from, input) => {
        this.#toTracker(from, input);
      },
      find: (peer) => this.viewers.find((other) => other.peer === peer),
    });
    this.viewers.push(viewer);
    return viewer;
  }

  run(ms: number): void {
    this.queue.runUntil(this.queue.now + ms);
  }

  /** Body of a URL of the origin, or undefined for 404. */
  resource(url: string): Uint8Array | undefined {
    const [, msn, kind] = /-(\d+)\.(m4s|digests)$/.exec(url) ?? [];
    const segment = this.segments[Number(msn)];
    if (segment === undefined) return undefined;
    return kind === 'm4s' ? segment.data : digestList(segment.data, sha256);
  }

  countServed(url: string, bytes: number): void {
    const [, msn] = /-(\d+)\.m4s$/.exec(url) ?? [];
    if (msn !== undefined)
      this.served.set(Number(msn), (this.served.get(Number(msn)) ?? 0) + bytes);
  }

  /** Origin copies of each segment published in `[fromMs, toMs)`. */
  copies(fromMs: number, toMs: number): readonly number[] {
    return this.segments
      .filter(({ at }) => at >= fromMs && at < toMs)
      .map(({ info }) => (this.served.get(info.id.msn) ?? 0) / info.size);
  }

  /** The tracker goes away, with all it knows. */
  killTracker(): void {
    this.trackerUp = false;
    this.#tracker = this.#newTracker();
    for (const viewer of this.viewers) viewer.trackerLost();
  }

  reviveTracker(): void {
    this.trackerUp = true;
  }

  #toTracker(from: Viewer, input: 'connected' | 'closed' | { readonly text: string }): void {
    this.queue.after(this.options.delayMs, () => {
      if (!this.trackerUp) return;
      const { now } = this.queue;
      if (input === 'connected') {
        const origin = { address: from.name, network: 'net', channel: undefined };
        this.#run(this.#tracker.step({ type: 'connected', from, origin }, now));
      } else if (input === 'closed') this.#run(this.#tracker.step({ type: 'closed', from }, now));
      else {
        const value: unknown = JSON.parse(input.text);
        const bytes = input.text.length;
        this.#run(this.#tracker.step({ type: 'message', from, value, bytes }, now));
      }
    });
  }

  #publish(): void {
    const { random, segmentBytes, segmentMs } = this.options;
    const msn = this.segments.length;
    const data = new Uint8Array(Math.round(segmentBytes * (0.9 + 0.2 * random())));
    for (let i = 0; i < data.length; i += 64) data[i] = Math.floor(random() * 256);
    const id = { rendition: RENDITION, epoch: EPOCH, msn };
    const root = rootOf(digestList(data, sha256), sha256);
    const info = { id, size: data.length, durationMs: segmentMs, root };
    const at = this.queue.now;
    this.segments.push({ info, data, at });
    const event = { type: 'segment.ready', channel: CHANNEL, segment: info, at } as const;
    if (this.trackerUp) this.#run(this.#tracker.step({ type: 'origin-event', event }, at));
    this.queue.after(segmentMs, () => {
      this.#publish();
    });
  }

  #tickTracker(): void {
    this.queue.after(500, () => {
      if (this.trackerUp) this.#run(this.#tracker.step({ type: 'tick' }, this.queue.now));
      this.#tickTracker();
    });
  }

  #run(effects: readonly TrackerEffect<Viewer>[]): void {
    for (const effect of effects) {
      const viewers = effect.type === 'broadcast' ? effect.to : [effect.to];
      for (const viewer of viewers)
        this.queue.after(this.options.delayMs, () => {
          if (effect.type === 'close') viewer.trackerLost();
          else viewer.trackerSaid(JSON.parse(JSON.stringify(effect.message)));
        });
    }
  }

  #newTracker(): TrackerCore<Viewer> {
    const { random } = this.options;
    return new TrackerCore<Viewer>({ random, newId: () => `id${++this.#ids}` });
  }
}
