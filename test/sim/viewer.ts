import {
  type Effect,
  type Input,
  plainSharing,
  type Report,
  SwarmEngine,
} from '@shoal/client-sdk/core';
import {
  digestList,
  encodePeerMessage,
  type PeerId,
  type PeerMessage,
  toBase64Url,
  type TrackerMessage,
} from '@shoal/protocol';
import { EngineWatch } from '../support/engine-watch.ts';
import { canConnect, Link } from './link.ts';
import type { LinkEnd, Surroundings, ViewerOptions } from './model.ts';
import { Player } from './player.ts';

const CHUNK = 16_384;
/** ICE gives up on a pair that never answers. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The way to the tracker, and to whom it introduces. */
type Rendezvous = {
  readonly isUp: () => boolean;
  readonly tell: (from: Viewer, input: 'connected' | 'closed' | { readonly text: string }) => void;
  readonly find: (peer: PeerId) => Viewer | undefined;
  readonly named: (peer: PeerId, viewer: Viewer) => void;
};

/** A viewer's key. It follows from its name, which is as good in a world where nobody guesses. */
function keyOf(name: string): string {
  return toBase64Url(Uint8Array.from({ length: 16 }, (_, i) => name.charCodeAt(i) || 0));
}

/** One modelled viewer: a player, the real engine, and links with delay and a shared uplink. */
export class Viewer implements LinkEnd {
  readonly name: string;
  readonly engine: SwarmEngine;
  readonly player: Player;
  readonly options: ViewerOptions;
  peer: PeerId | undefined;
  alive = true;
  /** How many false pieces it has sent to whom. */
  readonly falsePieces: Map<PeerId, number> = new Map();
  uplinkFreeAt = 0;
  readonly links: Map<PeerId, Link> = new Map();
  /** What it looks like from inside; undefined unless the scene is watched. */
  readonly watch: EngineWatch | undefined;
  /** How long its player waited for segments, and when they came. Ms. */
  readonly waits: { readonly at: number; readonly waitedMs: number }[] = [];
  readonly dropped: { readonly peer: PeerId; readonly reason: number }[] = [];
  #downlinkFreeAt = 0;
  #tracker: 'off' | 'connecting' | 'open' = 'off';
  #inputs: Input[] = [];
  #running = false;
  #wakeAt: number | undefined;
  readonly #fetches = new Set<number>();
  readonly #world: Surroundings;
  readonly #number: number;
  readonly #tracked: Rendezvous;

  constructor(options: ViewerOptions, world: Surroundings, tracked: Rendezvous) {
    this.#world = world;
    this.#number = world.countViewers();
    this.#tracked = tracked;
    this.name = options.name;
    this.options = options;
    this.watch = world.options.watched === true ? new EngineWatch() : undefined;
    this.engine = new SwarmEngine({
      key: keyOf(options.name),
      shares: options.shares ?? true,
      uploadLimit: options.uploadLimit,
      random: world.options.random,
      sha256: world.sha256,
      plain: world.options.plain === true ? plainSharing : undefined,
      ...(world.options.light === true && {
        memory: ({ id }) => world.segments[id.msn]?.data ?? new Uint8Array(0),
      }),
    });
    this.player = new Player(world, (input) => {
      this.input(input);
    });
  }

  /** The page is killed: no farewell, its links just fall silent and are noticed later. */
  kill(): void {
    this.#end();
    for (const link of this.links.values()) link.fallSilent();
  }

  /** The viewer closes the page: goodbye to everybody. */
  leave(): void {
    this.input({ type: 'p2p', enabled: false });
    this.#end();
  }

  #end(): void {
    this.alive = false;
    this.player.stop();
    this.#tracked.tell(this, 'closed');
  }

  trackerSaid(message: TrackerMessage): void {
    if (!this.alive || this.#tracker !== 'open') return;
    if (message.action === 'welcome') {
      this.peer = message.peer;
      this.#tracked.named(message.peer, this);
    }
    this.input({ type: 'tracker-message', message });
  }

  trackerLost(): void {
    if (this.#tracker !== 'open') return;
    this.#tracker = 'connecting';
    this.input({ type: 'tracker-closed' });
    this.#connectTracker(1_000);
  }

  /** Passes bytes through the downlink; when they have arrived. */
  receive(bytes: number, at: number): number {
    const { downlink } = this.options;
    if (downlink === undefined) return at;
    this.#downlinkFreeAt = Math.max(at, this.#downlinkFreeAt) + (bytes * 1000) / downlink;
    return this.#downlinkFreeAt;
  }

  turn(): number {
    return this.#world.turn(this.#number);
  }

  /** One input, all its effects, then the next. */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#running || !this.alive) return;
    this.#running = true;
    const { now } = this.#world.queue;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const effects = this.engine.step(next, now);
      this.watch?.step(next, effects, now);
      for (const effect of effects) this.#do(effect);
    }
    this.#running = false;
    this.#arm();
  }

  #arm(): void {
    const { queue } = this.#world;
    const at = this.engine.deadline();
    if (
      at === undefined ||
      (this.#wakeAt !== undefined && this.#wakeAt <= at && this.#wakeAt > queue.now)
    )
      return;
    const wakeAt = Math.max(at, queue.now + 0.5);
    this.#wakeAt = wakeAt;
    queue.at(wakeAt, () => {
      if (!this.alive || this.#wakeAt !== wakeAt) return;
      this.#wakeAt = undefined;
      this.input({ type: 'tick' });
    });
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'fetch':
        this.#fetch(effect);
        return;
      case 'fetch-abort':
        this.#fetches.delete(effect.fetch);
        return;
      case 'tracker-connect':
        this.#tracker = 'connecting';
        this.#connectTracker(0);
        return;
      case 'tracker-disconnect':
        this.#tracker = 'off';
        this.#tracked.tell(this, 'closed');
        return;
      case 'tracker-send':
        this.#tracked.tell(this, { text: JSON.stringify(effect.message) });
        return;
      case 'connect':
        this.#connect(effect.peer, effect.initiator);
        return;
      case 'link-signal':
        return;
      case 'send': {
        const frame = encodePeerMessage(this.#falsified(effect.peer, effect.message));
        this.links.get(effect.peer)?.send(frame, effect.message.type === 'piece');
        return;
      }
      case 'disconnect':
        this.links.get(effect.peer)?.close();
        return;
      case 'deliver':
        this.player.delivered(effect.demand, effect.data);
        return;
      case 'fail':
      case 'fall-back':
        this.player.failed(effect.demand);
        return;
      case 'report':
        this.#note(effect.report);
        return;
    }
  }

  #note(report: Report): void {
    if (report.type === 'peer-dropped') this.dropped.push(report);
    else if (report.type === 'segment' && this.watch !== undefined)
      this.waits.push({ at: this.#world.queue.now, waitedMs: report.waitedMs });
  }

  #falsified(to: PeerId, message: PeerMessage): PeerMessage {
    const { pollutes } = this.options;
    if (pollutes === undefined) return message;
    if (message.type === 'piece') {
      this.falsePieces.set(to, (this.falsePieces.get(to) ?? 0) + 1);
      const payload = message.payload.slice();
      if (pollutes === 'foreign') payload.fill(0x47);
      else payload[payload.length - 1] = (payload[payload.length - 1] ?? 0) ^ 1;
      return { ...message, payload };
    }
    if ((message.type !== 'digests' && message.type !== 'claim') || pollutes === 'bits')
      return message;
    const foreign = new Uint8Array((message.list.length / 32) * CHUNK).fill(0x47);
    return { ...message, list: digestList(foreign, this.#world.sha256) };
  }

  #connectTracker(wait: number): void {
    const { queue, options } = this.#world;
    queue.after(wait + 2 * options.delayMs, () => {
      if (this.#tracker !== 'connecting' || !this.alive) return;
      if (!this.#tracked.isUp()) {
        this.#connectTracker(1_000);
        return;
      }
      this.#tracker = 'open';
      this.#tracked.tell(this, 'connected');
      this.input({ type: 'tracker-open' });
    });
  }

  /** Signalling and ICE are modelled as time: four delays after the initiator was told. */
  #connect(peer: PeerId, initiator: boolean): void {
    if (!initiator) return;
    this.#world.queue.after(6 * this.#world.options.delayMs, () => {
      const other = this.#tracked.find(peer);
      const own = this.peer;
      if (own === undefined || !this.alive) return;
      if (other?.alive === true && !canConnect(this.options.nat, other.options.nat)) {
        this.#world.queue.after(CONNECT_TIMEOUT_MS, () => {
          this.input({ type: 'link-closed', peer });
          other.input({ type: 'link-closed', peer: own });
        });
        return;
      }
      if (other?.alive !== true) {
        this.input({ type: 'link-closed', peer });
        return;
      }
      Link.between(
        this.#world,
        { end: this, links: this.links, peer: own },
        { end: other, links: other.links, peer },
      );
    });
  }

  #fetch({ fetch, url, range }: Extract<Effect, { type: 'fetch' }>): void {
    const { queue, options } = this.#world;
    this.#fetches.add(fetch);
    queue.after(2 * options.delayMs, () => {
      if (!this.alive || !this.#fetches.has(fetch)) return;
      const body = this.#world.resource(url)?.subarray(range?.from, range?.to);
      if (body === undefined) {
        this.#fetches.delete(fetch);
        this.input({ type: 'fetch-failed', fetch, status: 404 });
        return;
      }
      this.#world.countResponse(1);
      this.input({ type: 'fetch-start', fetch, offset: range?.from ?? 0 });
      this.#stream(fetch, url, body);
    });
  }

  #stream(fetch: number, url: string, body: Uint8Array): void {
    if (!this.alive || !this.#fetches.has(fetch)) {
      this.#world.countResponse(-1);
      return;
    }
    if (body.length === 0) {
      this.#world.countResponse(-1);
      this.#fetches.delete(fetch);
      this.input({ type: 'fetch-end', fetch });
      return;
    }
    const bytes = body.subarray(0, CHUNK);
    const { queue, options } = this.#world;
    // The responses to one viewer share its rate, all of them what the origin can send.
    const own = options.originRate / this.#fetches.size;
    const fair = (options.originTotal ?? Infinity) / this.#world.countResponse(0);
    const arrives = queue.now + (bytes.length * 1000) / Math.min(own, fair);
    queue.at(this.receive(bytes.length, arrives), () => {
      if (this.alive && this.#fetches.has(fetch)) {
        this.#world.countServed(url, bytes.length, this.player);
        this.input({ type: 'fetch-data', fetch, bytes });
      }
      this.#stream(fetch, url, body.subarray(CHUNK));
    });
  }
}
