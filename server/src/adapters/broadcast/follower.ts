import { type ChannelId } from '@shoal/protocol';
import {
  BROADCAST_LIMITS,
  broadcastOfRecording,
  healthKey,
  healthOf,
  type Stream,
  type StreamOrigin,
} from '../../core/index.ts';
import { type BroadcastTable } from '../database/broadcast-table.ts';
import { type ChannelTable, newChannel } from '../database/channel-table.ts';
import { Rounds } from '../rounds.ts';
import { type Broadcasts } from './broadcasts.ts';
import { onAirOf } from './on-air.ts';
import { type Viewers } from './viewers.ts';

/** What the follower works with. */
export type FollowerPorts = {
  readonly origin: StreamOrigin;
  readonly broadcasts: Broadcasts;
  readonly table: BroadcastTable;
  readonly channels: ChannelTable;
  readonly viewers: Viewers;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

/** What it remembers of a channel, to leave the database alone while nothing changes. */
type Known = {
  state: Stream['state'];
  health: string;
  healthAt: number;
  /** Until when its recordings are looked for; those that were noted. */
  vodsUntil: number;
  vods: ReadonlySet<number>;
};

/**
 * Follows the streams of an origin (BRD-4): what it says of itself at once, and all that there is every two seconds, so that what was missed,
 * while the service or the origin was away or the database failed, is made up for by the next look.
 */
export class Follower {
  readonly #ports: FollowerPorts;
  readonly #known = new Map<ChannelId, Known>();
  readonly #unsubscribe: () => void;
  readonly #rounds: Rounds;
  readonly #first: Promise<void>;
  #looked: () => void = () => undefined;
  #line: Promise<unknown> = Promise.resolve();
  #begun = false;
  #away = false;
  #looks = 0;

  constructor(ports: FollowerPorts) {
    this.#ports = ports;
    const { origin, onError } = ports;
    this.#unsubscribe = origin.subscribe((stream) => {
      this.#inLine(() => this.#apply(stream)).catch(onError);
    });
    this.#first = new Promise((resolve) => {
      this.#looked = resolve;
    });
    this.#rounds = new Rounds({
      run: () => this.#look().finally(this.#looked),
      everyMs: BROADCAST_LIMITS.lookMs,
      onError,
    });
  }

  /** Resolves when the origin was asked for the first time, whether or not it answered. What it said then is so in the database. */
  get first(): Promise<void> {
    return this.#first;
  }

  /** Ends the connection of who publishes to the channel, if that can be done from here. */
  async drop(channel: ChannelId, reason: string): Promise<void> {
    const dropped = await this.#ports.origin.drop(channel, reason);
    if (!dropped)
      this.#ports.onError(new Error(`the publisher of ${channel} cannot be dropped: ${reason}`));
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#rounds.close();
    await this.#line;
  }

  async #look(): Promise<void> {
    const streams = await this.#streams();
    if (streams === undefined) return;
    await this.#inLine(() => this.#applyAll(streams));
    this.#looked();
    // One or the other, so that an origin elsewhere is not asked for everything at once.
    this.#looks += 1;
    if (this.#looks % 2 === 0) await this.#inParts(isOn, (id, known) => this.#health(id, known));
    else await this.#inParts(mayHaveVods, (id, known) => this.#vods(id, known));
  }

  /** Undefined while the origin is away, which is told of once. */
  async #streams(): Promise<readonly Stream[] | undefined> {
    try {
      const streams = await this.#ports.origin.streams();
      this.#away = false;
      return streams;
    } catch (error) {
      if (!this.#away) this.#ports.onError(error);
      this.#away = true;
      // Whatever it was that it had: it may be another one when it is back.
      this.#begun = false;
      return undefined;
    }
  }

  async #applyAll(streams: readonly Stream[]): Promise<void> {
    const { broadcasts, table } = this.#ports;
    const there = new Set(streams.map(({ channel }) => channel));
    const online = this.#begun ? [] : await table.onlineChannels();
    const had = new Set([...this.#known.keys(), ...online]);
    for (const stream of streams) await this.#apply(stream);
    for (const channel of had) {
      if (there.has(channel)) continue;
      await broadcasts.streamIsGone(channel);
      this.#known.delete(channel);
    }
    this.#begun = true;
  }

  async #apply(stream: Stream): Promise<void> {
    const { broadcasts, channels, now } = this.#ports;
    const { channel, state } = stream;
    const known = this.#known.get(channel);
    if (known?.state === state) return;
    if (known === undefined) await channels.insert(newChannel({ id: channel }, now()));
    await broadcasts.streamIs(stream);
    const vodsUntil = now() + BROADCAST_LIMITS.vodMs;
    const fresh = { health: '', healthAt: -Infinity };
    if (known === undefined)
      this.#known.set(channel, { ...fresh, state, vodsUntil, vods: new Set() });
    else Object.assign(known, { state, vodsUntil, ...(state === 'offline' && fresh) });
  }

  /** Does something for the channels of which this is so, some at a time; all have their turn. */
  async #inParts(
    is: (known: Known, now: number) => boolean,
    run: (channel: ChannelId, known: Known) => Promise<void>,
  ): Promise<void> {
    const { now, onError } = this.#ports;
    const all = [...this.#known].filter(([, known]) => is(known, now()));
    const { reportsPerLook, reportsAtOnce } = BROADCAST_LIMITS;
    const from = all.length > reportsPerLook ? (this.#looks * reportsPerLook) % all.length : 0;
    const some = [...all.slice(from), ...all.slice(0, from)].slice(0, reportsPerLook);
    for (let i = 0; i < some.length; i += reportsAtOnce)
      await Promise.all(
        some.slice(i, i + reportsAtOnce).map(([id, known]) => run(id, known).catch(onError)),
      );
  }

  async #health(channel: ChannelId, known: Known): Promise<void> {
    const { origin, broadcasts, viewers, now } = this.#ports;
    await viewers.tell(channel);
    const of = await origin.report(channel, 'health');
    const health = healthOf(of, await viewers.share(channel));
    const key = healthKey(health);
    if (known.health === key || now() - known.healthAt < BROADCAST_LIMITS.healthMs) return;
    if (await broadcasts.healthIs(channel, health))
      Object.assign(known, { health: key, healthAt: now() });
  }

  async #vods(channel: ChannelId, known: Known): Promise<void> {
    const { origin, broadcasts, table } = this.#ports;
    const recordings = (await origin.report(channel, 'recordings')) ?? [];
    const noted = new Set<number>();
    for (const { broadcast: recording, state, beginAt, endAt, playlist } of recordings) {
      if (state === 'running' || endAt === undefined || playlist === undefined) continue;
      if (!known.vods.has(recording)) {
        const aired = await table.onAir(channel, { from: beginAt, to: endAt });
        const broadcast = broadcastOfRecording({ beginAt, endAt }, aired.map(onAirOf))?.row;
        await broadcasts.vodIsReady(channel, { recording, endAt, playlist, broadcast });
      }
      noted.add(recording);
    }
    known.vods = noted;
    // Until the stream changes nothing comes any more.
    if (known.state === 'offline' && noted.size === recordings.length) known.vodsUntil = 0;
  }

  #inLine(run: () => Promise<void>): Promise<void> {
    const done = this.#line.then(run);
    this.#line = done.catch(() => undefined);
    return done;
  }
}

function isOn({ state }: Known): boolean {
  return state === 'online';
}

function mayHaveVods({ vodsUntil }: Known, now: number): boolean {
  return now < vodsUntil;
}
