import { mock } from 'node:test';
import { type Bus, type ChannelId } from '@shoal/protocol';
import { Channel, FRESH_STATE, type ObjectStore } from '@shoal/server/core';
import { createMemoryBus } from '../../../server/src/adapters/bus/memory.ts';
import { ChannelHost } from '../../../server/src/adapters/channel/channel-host.ts';
import { PlaylistVersions } from '../../../server/src/adapters/channel/live-objects.ts';
import { startCopy } from '../../../server/src/adapters/encoder/copy-encoder.ts';
import { createMemoryStore } from '../../../server/src/adapters/storage/memory-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { sha256 } from '../../support/sha256.ts';

/** How far time goes at once, so that timers are no later than they may be. */
const STEP_MS = 100;
/** As `compose.ts` has it. */
const KEPT_SEGMENTS = 8;

/** What to make, and who looks at it. */
export type AcceleratedOptions = {
  readonly channel: ChannelId;
  readonly segmentMs: number;
  /** Unix milliseconds at which it begins. */
  readonly startAt: number;
  /** Called after each change of something that is served. */
  readonly onStored: (path: string, bytes: Uint8Array) => void;
};

/**
 * A channel as the origin composes it, host, store, bus and the encoder that copies, whose time is told to it: without sockets and
 * processes, hours take seconds. While it lives, `setTimeout` of this process runs by its clock.
 */
export class AcceleratedChannel {
  readonly store: ObjectStore = createMemoryStore();
  readonly bus: Bus = createMemoryBus((error) => {
    throw error;
  });
  readonly #clock: ManualClock;
  readonly #host: ChannelHost;
  #session = 0;
  #dropped: number | undefined;

  constructor({ channel, segmentMs, startAt, onStored }: AcceleratedOptions) {
    mock.timers.enable({ apis: ['setTimeout'] });
    const clock = new ManualClock(startAt);
    this.#clock = clock;
    const { store, bus } = this;
    const options = { channel, ladder: [], segmentMs, sha256 };
    const times = { interruptedMs: 30_000, closeAfterMs: 300_000 };
    const kept = { listedSegments: 16, keptSegments: KEPT_SEGMENTS };
    const core = new Channel({ ...options, ...times, ...kept }, FRESH_STATE, startAt);
    this.#host = new ChannelHost(channel, core, {
      now: () => clock.now,
      store: {
        get: store.get,
        delete: store.delete,
        put: (path, object) => {
          store.put(path, object);
          onStored(path, object.bytes);
        },
      },
      versions: new PlaylistVersions(),
      onPlaylist: () => undefined,
      bus,
      save: () => undefined,
      startEncoder: ({ fragmentMs }, handlers) => startCopy({ fragmentMs }, handlers),
      publisher: {
        pause: () => undefined,
        resume: () => undefined,
        drop: (session) => {
          this.#dropped = session;
        },
      },
      note: () => undefined,
    });
  }

  get now(): number {
    return this.#clock.now;
  }

  get state(): string {
    return this.#host.core.status().state;
  }

  /** Lets time pass. */
  advanceTo(at: number): void {
    while (this.#clock.now < at) {
      const step = Math.min(STEP_MS, at - this.#clock.now);
      this.#clock.advance(step);
      mock.timers.tick(step);
    }
  }

  /** A publisher comes; it takes over from one that is there. */
  publish(): void {
    this.#session += 1;
    this.#host.publish(this.#session);
    // What the ingest does with one that is dropped.
    if (this.#dropped !== undefined) this.#host.unpublish(this.#dropped, 'replaced');
    this.#dropped = undefined;
  }

  /** A tag of the publisher that is there. */
  tag(tag: Uint8Array): void {
    this.#host.tag(this.#session, tag);
  }

  unpublish(): void {
    this.#host.unpublish(this.#session, 'the publisher left');
  }

  /** Ends it, and gives `setTimeout` back. */
  async close(): Promise<void> {
    const closed = this.#host.close();
    mock.timers.reset();
    await closed;
  }
}
