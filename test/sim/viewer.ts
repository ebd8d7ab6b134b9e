import { type Effect, type Input, SwarmEngine } from '@shoal/client-sdk/core';
import { encodePeerMessage, parseTrackerMessage, type PeerId } from '@shoal/protocol';
import { sha256 } from '../support/sha256.ts';
import { Link } from './link.ts';
import type { LinkEnd, Surroundings, ViewerOptions } from './model.ts';
import { Player } from './player.ts';

const CHUNK = 16_384;

/** The way to the tracker, and to whom it introduces. */
type Rendezvous = {
  readonly isUp: () => boolean;
  readonly tell: (from: Viewer, input: 'connected' | 'closed' | { readonly text: string }) => void;
  readonly find: (peer: PeerId) => Viewer | undefined;
};

/** One modelled viewer: a player, the real engine, and links with delay and a shared uplink. */
export class Viewer implements LinkEnd {
  readonly name: string;
  readonly engine: SwarmEngine;
  readonly player: Player;
  readonly options: ViewerOptions;
  peer: PeerId | undefined;
  alive = true;
  uplinkFreeAt = 0;
  readonly links: Map<PeerId, Link> = new Map();
  readonly dropped: { readonly peer: PeerId; readonly reason: number }[] = [];
  #tracker: 'off' | 'connecting' | 'open' = 'off';
  #inputs: Input[] = [];
  #running = false;
  #wakeAt: number | undefined;
  readonly #fetches = new Set<number>();
  readonly #world: Surroundings;
  readonly #tracked: Rendezvous;

  constructor(options: ViewerOptions, world: Surroundings, tracked: Rendezvous) {
    this.#world = world;
    this.#tracked = tracked;
    this.name = options.name;
    this.options = options;
    this.engine = new SwarmEngine({
      shares: options.shares ?? true,
      uploadLimit: undefined,
      random: world.options.random,
      sha256,
    });
    this.player = new Player(world, (input) => {
      this.input(input);
    });
  }

  /** The page is killed: no farewell, its links just fall silent and are noticed later. */
  kill(): void {
    this.alive = false;
    this.player.stop();
    this.#tracked.tell(this, 'closed');
    for (const link of this.links.values()) link.fallSilent();
  }

  trackerSaid(value: unknown): void {
    const message = parseTrackerMessage(value);
    if (!message.ok || !this.alive || this.#tracker !== 'open') return;
    if (message.value.action === 'welcome') this.peer = message.value.peer;
    this.input({ type: 'tracker-message', message: message.value });
  }

  trackerLost(): void {
    if (this.#tracker !== 'open') return;
    this.#tracker = 'connecting';
    this.input({ type: 'tracker-closed' });
    this.#connectTracker(1_000);
  }

  /** One input, all its effects, then the next. */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#running || !this.alive) return;
    this.#running = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
      for (const effect of this.engine.step(next, this.#world.queue.now)) this.#do(effect);
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
        const frame = encodePeerMessage(effect.message);
        if (this.options.corrupts === true && effect.message.type === 'piece')
          frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 1;
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
        if (effect.report.type === 'peer-dropped') this.dropped.push(effect.report);
        return;
    }
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
        this.input({ type: 'fetch-failed', fetch, status: 404 });
        return;
      }
      this.input({ type: 'fetch-start', fetch, offset: range?.from ?? 0 });
      this.#stream(fetch, url, body);
    });
  }

  #stream(fetch: number, url: string, body: Uint8Array): void {
    if (!this.alive || !this.#fetches.has(fetch)) return;
    if (body.length === 0) {
      this.#fetches.delete(fetch);
      this.input({ type: 'fetch-end', fetch });
      return;
    }
    const bytes = body.subarray(0, CHUNK);
    // Requests of one viewer share its rate.
    const ms = (bytes.length * this.#fetches.size * 1000) / this.#world.options.originRate;
    this.#world.queue.after(ms, () => {
      if (!this.alive || !this.#fetches.has(fetch)) return;
      this.#world.countServed(url, bytes.length);
      this.input({ type: 'fetch-data', fetch, bytes });
      this.#stream(fetch, url, body.subarray(CHUNK));
    });
  }
}
