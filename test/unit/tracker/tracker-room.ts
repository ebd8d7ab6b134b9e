import { type ChannelId, type ClientUpdate, parseChannelId, unwrap } from '@shoal/protocol';
import {
  type ConnectionOrigin,
  type Effect,
  type Input,
  type Outgoing,
  TrackerCore,
  type TrackerCoreOptions,
} from '@shoal/tracker/core';
import { seededRandom } from '../../support/seeded-random.ts';

type ByAction<A extends Outgoing['action']> = Extract<Outgoing, { readonly action: A }>;

export const DEMO: ChannelId = unwrap(parseChannelId('demo'));
const ROOT = 'A'.repeat(43);

/** A tracker core with named connections, a clock that only the test moves, and everybody's inbox. */
export class Room {
  readonly core: TrackerCore<string>;
  now = 1_000_000;
  readonly closed = new Map<string, { readonly code: number; readonly reason: string }>();
  /** Tokens that the tracker wants checked. */
  readonly toVerify: { readonly of: string; readonly token: string }[] = [];
  /** Connections that are to be carried to another node. */
  readonly relayed: string[] = [];
  /** Effects of the last step. */
  last: readonly Effect<string>[] = [];
  readonly random: () => number;
  readonly #inbox = new Map<string, Outgoing[]>();
  readonly #ids = new Map<string, string>();
  #names = 0;

  constructor(options: Partial<TrackerCoreOptions> & { readonly seed?: number } = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.core = new TrackerCore<string>({
      random: this.random,
      newId: () => `id${String(++this.#names)}`,
      ...options,
    });
  }

  step(input: Input<string>): void {
    this.last = this.core.step(input, this.now);
    for (const effect of this.last) {
      if (effect.type === 'close') this.closed.set(effect.to, effect);
      else if (effect.type === 'verify') this.toVerify.push(effect);
      else if (effect.type === 'relay') this.relayed.push(effect.of);
      else
        for (const to of effect.type === 'send' ? [effect.to] : effect.to)
          this.received(to).push(effect.message);
    }
  }

  /** Connects `name`, each from a network of its own unless told otherwise. */
  connect(name: string, origin: Partial<ConnectionOrigin> = {}): void {
    const own = { address: `${name}/address`, network: `${name}/network`, channel: undefined };
    this.step({ type: 'connected', from: name, origin: { ...own, ...origin } });
  }

  say(name: string, value: unknown, bytes = 100): void {
    this.step({ type: 'message', from: name, value, bytes });
  }

  close(name: string): void {
    this.step({ type: 'closed', from: name });
  }

  /** Lets time pass in steps of a second, ticking as a host does. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.now += Math.min(left, 1_000);
      this.step({ type: 'tick' });
    }
  }

  /** Connects and joins; the id the tracker gave it. */
  join(
    name: string,
    as: Partial<ConnectionOrigin> & {
      readonly in?: string;
      readonly shares?: boolean;
      readonly key?: string;
    } = {},
  ): string {
    const { in: channel = 'demo', shares = true, key, ...origin } = as;
    this.connect(name, origin);
    this.say(name, { action: 'join', version: 1, channel, shares, key });
    const welcome = this.received(name, 'welcome')[0];
    if (welcome === undefined) return '';
    this.#ids.set(welcome.peer, name);
    return welcome.peer;
  }

  update(name: string, fields: Partial<Record<keyof ClientUpdate, unknown>> = {}): void {
    const defaults = { rendition: 'source', epoch: 1, lo: 0, hi: -1, next: 10, neighbours: 0 };
    const rest = { want: 0, shares: true, received: [], bad: [] };
    this.say(name, { action: 'update', ...defaults, ...rest, ...fields });
  }

  segment(
    msn: number,
    fields: {
      readonly rendition?: string;
      readonly size?: number;
      readonly signature?: string;
    } = {},
  ): void {
    const { rendition = 'source', size = 750_000, signature } = fields;
    const event = {
      type: 'segment.ready',
      channel: DEMO,
      at: this.now,
      segment: { id: { rendition, epoch: 1, msn }, size, durationMs: 2_000, root: ROOT, signature },
    };
    this.step({ type: 'origin-event', event: event as never });
  }

  received(name: string): Outgoing[];
  received<A extends Outgoing['action']>(name: string, action: A): ByAction<A>[];
  received(name: string, action?: Outgoing['action']): Outgoing[] {
    const inbox = this.#inbox.get(name) ?? [];
    this.#inbox.set(name, inbox);
    return action === undefined ? inbox : inbox.filter((message) => message.action === action);
  }

  /** Forgets what everybody received so far. */
  clear(): void {
    this.#inbox.clear();
  }

  nameOf(id: string): string {
    return this.#ids.get(id) ?? id;
  }

  /** Names of those `name` was introduced to, in order. */
  introduced(name: string): readonly string[] {
    return this.received(name, 'introduce').map(({ peer }) => this.nameOf(peer));
  }
}
