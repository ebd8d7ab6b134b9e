import {
  digestList,
  type ListedSwarm,
  parseTrackerMessage,
  type PeerId,
  rootOf,
  type SegmentInfo,
  type Sha256,
} from '@shoal/protocol';
import { type Effect as TrackerEffect, TrackerCore } from '@shoal/tracker/core';
import { sha256 } from '../support/sha256.ts';
import { checksum } from './checksum.ts';
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

/** The name of a key, as short as it must be. */
function nameOf(key: string): string {
  return `k${key.slice(0, 19)}`;
}

type Playlist = { readonly swarm: ListedSwarm; readonly urls: readonly string[] };

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
  readonly sha256: Sha256;
  /** Segment bytes that left the origin, per media sequence number; each viewer's first segment apart. */
  readonly served: Map<number, number> = new Map();
  readonly #byPeer = new Map<PeerId, Viewer>();
  #responses = 0;
  /** By process. */
  readonly #busyUntil: number[] = [];
  trackerUp = true;
  #playlist: (Playlist & { readonly of: number }) | undefined;
  #tracker: TrackerCore<Viewer>;
  #ids = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.sha256 = options.light === true ? checksum : sha256;
    this.#tracker = this.#newTracker();
    this.#publish();
    this.#tickTracker();
  }

  /** The live playlist as it is now; one object for all who poll before the next segment. */
  playlist(): Playlist {
    if (this.#playlist?.of !== this.segments.length)
      this.#playlist = { of: this.segments.length, ...this.#list() };
    return this.#playlist;
  }

  #list(): Playlist {
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
      find: (peer) => this.#byPeer.get(peer),
      named: (peer, viewer) => {
        this.#byPeer.set(peer, viewer);
      },
    });
    this.viewers.push(viewer);
    return viewer;
  }

  run(ms: number): void {
    this.queue.runUntil(this.queue.now + ms);
  }

  /** Who has, or had, this name. */
  viewerOf(peer: PeerId): Viewer | undefined {
    return this.#byPeer.get(peer);
  }

  /** Body of a URL of the origin, or undefined for 404. */
  resource(url: string): Uint8Array | undefined {
    const [, msn, kind] = /-(\d+)\.(m4s|digests)$/.exec(url) ?? [];
    const segment = this.segments[Number(msn)];
    if (segment === undefined) return undefined;
    return kind === 'm4s' ? segment.data : segment.digests;
  }

  countResponse(change: 1 | -1 | 0): number {
    this.#responses += change;
    return this.#responses;
  }

  countViewers(): number {
    return this.viewers.length;
  }

  turn(viewer: number): number {
    const { processes } = this.options;
    if (processes === undefined) return this.queue.now;
    const process = viewer % processes.count;
    const through = Math.max(this.queue.now, this.#busyUntil[process] ?? 0) + processes.frameMs;
    this.#busyUntil[process] = through;
    return through;
  }

  countServed(url: string, bytes: number, to: { readonly firstMsn?: number }): void {
    const msn = Number(/-(\d+)\.m4s$/.exec(url)?.[1] ?? Number.NaN);
    if (Number.isNaN(msn) || msn === to.firstMsn) return;
    this.served.set(msn, (this.served.get(msn) ?? 0) + bytes);
  }

  /** Origin copies of each segment published in `[fromMs, toMs)`, each viewer's first segment apart. */
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
    const digests = digestList(data, this.sha256);
    const root = rootOf(digests, this.sha256);
    const info = { id, size: data.length, durationMs: segmentMs, root };
    const at = this.queue.now;
    this.segments.push({ info, data, digests, at });
    const event = { type: 'segment.ready', channel: CHANNEL, segment: info, at } as const;
    if (this.trackerUp && this.options.plain !== true)
      this.#run(this.#tracker.step({ type: 'origin-event', event }, at));
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
      // Nobody has a token here, nor is there another node.
      if (effect.type === 'verify' || effect.type === 'relay') continue;
      const viewers = effect.type === 'broadcast' ? effect.to : [effect.to];
      // Parsed once for all who get it, as it is one text on the wire.
      const said =
        effect.type === 'close'
          ? undefined
          : parseTrackerMessage(JSON.parse(JSON.stringify(effect.message)));
      this.queue.after(this.options.delayMs, () => {
        for (const viewer of viewers)
          if (said === undefined) viewer.trackerLost();
          else if (said.ok) viewer.trackerSaid(said.value);
      });
    }
  }

  #newTracker(): TrackerCore<Viewer> {
    const { random } = this.options;
    return new TrackerCore<Viewer>({ random, newId: () => `id${++this.#ids}`, nameOf });
  }
}
