import { type Bus, type ChannelId } from '@shoal/protocol';
import {
  type Channel,
  type ChannelEffect,
  type ChannelInput,
  type ChannelState,
  type EncodeWhat,
  type Encoder,
  type EncoderHandlers,
  type LiveWindow,
  type MadeSegment,
  ORIGIN_LIMITS,
  type ObjectStore,
  type SessionId,
} from '../../core/index.ts';
import { immutableObject, type PlaylistVersions } from './live-objects.ts';

/** What a channel's host needs of the rest of the origin. */
export type ChannelHostPorts = {
  readonly now: () => number;
  readonly store: ObjectStore;
  readonly versions: PlaylistVersions;
  readonly bus: Bus;
  /** The playlist under a path is another one, or gone. */
  readonly onPlaylist: (path: string) => void;
  readonly save: (channel: ChannelId, state: ChannelState) => void;
  readonly startEncoder: (what: EncodeWhat, handlers: EncoderHandlers) => Encoder;
  /** Of the ingest: what a host may do to its publisher. */
  readonly publisher: {
    readonly pause: (session: SessionId) => void;
    readonly resume: (session: SessionId) => void;
    readonly drop: (session: SessionId, reason: string) => void;
  };
  /** Whoever keeps what the channel makes; absent where nobody does. */
  readonly recording?: {
    readonly made: (made: MadeSegment) => void;
    readonly broadcast: (change: 'begins' | 'ends' | 'closes') => void;
  };
  readonly note: (level: 'info' | 'warn', message: string) => void;
};

/** Carries out what one channel's core asks for, and tells it the time. */
export class ChannelHost {
  readonly channel: ChannelId;
  readonly #core: Channel;
  readonly #ports: ChannelHostPorts;
  readonly #encoders = new Map<number, Encoder>();
  readonly #inputs: ChannelInput[] = [];
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #session: SessionId | undefined;
  #paused = false;
  #closed: (() => void) | undefined;
  /** Of all that it has in the store. */
  readonly #paths = new Set<string>();

  constructor(channel: ChannelId, core: Channel, ports: ChannelHostPorts) {
    this.channel = channel;
    this.#core = core;
    this.#ports = ports;
    this.#arm();
  }

  /** The channel itself, for reading. */
  get core(): Pick<
    Channel,
    'status' | 'numbers' | 'delivery' | 'served' | 'expectsMedia' | 'open' | 'health'
  > {
    return this.#core;
  }

  /** Processes of encoders that run now, the current one last. */
  encoderPids(): readonly number[] {
    return [...this.#encoders.values()].flatMap((encoder) => encoder.pid() ?? []);
  }

  /** Lists again what was listed when the origin stopped. To be called before anything else. */
  restore(window: LiveWindow): void {
    for (const effect of this.#core.restore(window)) this.#run(effect);
  }

  /** A publisher whose key opens this channel. */
  publish(session: SessionId): void {
    this.#session = session;
    this.#paused = false;
    this.#input({ type: 'publish', session });
  }

  /** A tag of a publisher. */
  tag(session: SessionId, tag: Uint8Array): void {
    this.#input({ type: 'tag', session, tag });
  }

  /** A publisher is gone. */
  unpublish(session: SessionId, reason: string): void {
    if (session === this.#session) this.#session = undefined;
    this.#input({ type: 'unpublish', session, reason });
  }

  /** Ends its publisher, if it has one. */
  drop(reason: string): void {
    if (this.#session !== undefined) this.#ports.publisher.drop(this.#session, reason);
  }

  /** Takes away everything that it serves. */
  clear(): void {
    for (const path of this.#paths) {
      this.#ports.store.delete(path);
      this.#ports.onPlaylist(path);
    }
    this.#paths.clear();
  }

  /** Ends the encoders; resolves when they are gone. The ingest is closed before. Idempotent. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const encoder of this.#encoders.values()) encoder.finish();
    if (this.#encoders.size > 0)
      await new Promise<void>((resolve) => {
        const before = this.#closed;
        this.#closed = () => {
          before?.();
          resolve();
        };
      });
  }

  /** One input, all its effects, then the next: an effect may cause an input at once. */
  #input(input: ChannelInput): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
        for (const effect of this.#core.step(next, this.#ports.now())) this.#run(effect);
    } finally {
      this.#busy = false;
    }
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const due = this.#core.deadline();
    if (due === undefined || this.#closed !== undefined) return;
    const wait = Math.max(0, due - this.#ports.now());
    this.#timer = setTimeout(() => {
      this.#input({ type: 'tick' });
    }, wait);
    this.#timer.unref();
  }

  #run(effect: ChannelEffect): void {
    const { store, versions, bus, publisher } = this.#ports;
    switch (effect.type) {
      case 'start-encoder':
        this.#start(effect.epoch, effect.what, effect.preamble);
        break;
      case 'feed-encoder':
        this.#feed(effect.epoch, effect.tag);
        break;
      case 'finish-encoder':
        this.#encoders.get(effect.epoch)?.finish();
        this.#release();
        break;
      case 'kill-encoder':
        this.#encoders.get(effect.epoch)?.kill();
        this.#release();
        break;
      case 'drop-publisher':
        publisher.drop(effect.session, effect.reason);
        break;
      case 'store':
        store.put(effect.path, immutableObject(effect));
        this.#paths.add(effect.path);
        break;
      case 'segment':
        this.#ports.recording?.made(effect.made);
        break;
      case 'broadcast':
        this.#ports.recording?.broadcast(effect.change);
        break;
      case 'evict':
        store.delete(effect.path);
        this.#paths.delete(effect.path);
        break;
      case 'event':
        bus.publish(effect.event);
        break;
      case 'save':
        this.#ports.save(this.channel, effect.state);
        break;
      case 'playlist':
        if (effect.text === undefined) {
          store.delete(effect.path);
          this.#paths.delete(effect.path);
        } else {
          const { text, awaited } = effect;
          this.#paths.add(effect.path);
          store.put(effect.path, versions.next(text, this.#core.status(), awaited));
        }
        this.#ports.onPlaylist(effect.path);
        break;
      case 'note':
        this.#ports.note(effect.level, effect.message);
        break;
    }
  }

  #start(epoch: number, what: EncodeWhat, preamble: readonly Uint8Array[]): void {
    const encoder = this.#ports.startEncoder(what, {
      onData: (bytes, endsSegment = false) => {
        this.#input({ type: 'encoded', epoch, bytes, endsSegment });
      },
      onDrain: () => {
        this.#release();
      },
      onExit: (detail) => {
        this.#encoders.delete(epoch);
        this.#release();
        this.#input({ type: 'encoder-exit', epoch, detail });
        if (this.#encoders.size === 0) this.#closed?.();
      },
    });
    this.#encoders.set(epoch, encoder);
    for (const tag of preamble) encoder.write(tag);
  }

  #feed(epoch: number, tag: Uint8Array): void {
    const encoder = this.#encoders.get(epoch);
    if (encoder === undefined) return;
    const waiting = encoder.write(tag);
    if (waiting > ORIGIN_LIMITS.encoderQueueBytes) encoder.kill();
    else if (waiting > ORIGIN_LIMITS.encoderPauseBytes) this.#hold();
  }

  #hold(): void {
    if (this.#paused || this.#session === undefined) return;
    this.#paused = true;
    this.#ports.publisher.pause(this.#session);
    this.#input({ type: 'held', held: true });
  }

  #release(): void {
    if (!this.#paused || this.#session === undefined) return;
    this.#paused = false;
    this.#ports.publisher.resume(this.#session);
    this.#input({ type: 'held', held: false });
  }
}
