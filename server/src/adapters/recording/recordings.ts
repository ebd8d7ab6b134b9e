import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type ChannelId, parseLivePath } from '@shoal/protocol';
import {
  type BroadcastStatus,
  type Interrupted,
  type LiveObject,
  type LiveWindow,
  type SegmentStore,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { PlaylistVersions } from '../channel/live-objects.ts';
import { openStore, type StoreOptions } from '../storage/open-store.ts';
import { JournalFolder } from './journal-folder.ts';
import { RecordingHost, type RecordingPorts } from './recording-host.ts';

/** What is recorded, where, and for how long. */
export type RecordingSettings = {
  readonly store: StoreOptions;
  readonly dvrSeconds: number;
  readonly keepHours: number;
  /** Per channel. */
  readonly keepBytes: number;
};

/** What recordings need of the rest of the origin. */
export type RecordingsPorts = Pick<RecordingPorts, 'store' | 'version'> & {
  readonly dataDir: string;
  readonly note: (channel: ChannelId) => RecordingPorts['note'];
};

const HOUR_MS = 3_600_000;

/** The recordings of an origin's channels. */
export class Recordings {
  readonly #settings: RecordingSettings;
  readonly #ports: RecordingsPorts;
  readonly #hosts = new Map<ChannelId, RecordingHost>();
  readonly #windows = new Map<ChannelId, LiveWindow>();

  constructor(settings: RecordingSettings, ports: RecordingsPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Where it is all kept. */
  get store(): SegmentStore {
    return this.#ports.store;
  }

  /** Begins to record a channel, or goes on; rejects when its journals cannot be read. `listed`: segments of its live playlist. */
  async open(channel: ChannelId, interrupted: Interrupted, listed: number): Promise<void> {
    const { store, dvrSeconds, keepHours, keepBytes } = this.#settings;
    const { dataDir, note } = this.#ports;
    const journals = new JournalFolder(join(dataDir, 'recordings', nameOf(store), channel));
    // Of a store that is as empty as this process is young.
    if (store.type === 'memory') journals.clear();
    const dvrMs = dvrSeconds * 1000;
    const vod = keepHours > 0;
    // What left the DVR playlist stays as long again (RFC 8216 section 6.2.2).
    const keepMs = vod ? Math.max(keepHours * HOUR_MS, dvrMs) : 2 * dvrMs;
    const host = await RecordingHost.open({ channel, dvrMs, vod, keepMs, keepBytes }, interrupted, {
      now: () => Date.now(),
      after: (ms, run) => {
        const timer = setTimeout(run, ms).unref();
        return () => {
          clearTimeout(timer);
        };
      },
      store: this.#ports.store,
      journals,
      version: this.#ports.version,
      note: note(channel),
    });
    this.#hosts.set(channel, host);
    this.#windows.set(channel, await host.newest(listed));
  }

  /** The recording of a channel, and what its live playlist listed when the origin stopped. */
  of(channel: ChannelId): { readonly host?: RecordingHost; readonly window?: LiveWindow } {
    const host = this.#hosts.get(channel);
    const window = this.#windows.get(channel);
    return { ...(host !== undefined && { host }), ...(window !== undefined && { window }) };
  }

  /** The playlist at a path that only recordings have; undefined for all else. */
  playlist(path: string): LiveObject | undefined {
    const name = parseLivePath(path);
    return name.ok ? this.#hosts.get(name.value.channel)?.playlist(path, name.value) : undefined;
  }

  /** Broadcasts of a channel, oldest first. */
  list(channel: ChannelId): readonly BroadcastStatus[] {
    return this.#hosts.get(channel)?.list() ?? [];
  }

  /** Stores what there is. To be called when no more segments come. */
  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }
}

/**
 * Opens the store and begins to record channels, or goes on. `listed`: segments of a live playlist. Rejects with an `OriginError`:
 * `bad-options` or `storage` for the store, `data-dir` for a journal that cannot be read.
 */
export async function startRecordings(
  settings: RecordingSettings,
  origin: {
    readonly dataDir: string;
    readonly channels: readonly ({ readonly channel: ChannelId } & Interrupted)[];
    readonly listed: number;
    readonly segmentMs: number;
    readonly note: RecordingsPorts['note'];
  },
): Promise<Recordings> {
  const { dataDir, channels, listed, segmentMs, note } = origin;
  const versions = new PlaylistVersions();
  const recordings = new Recordings(settings, {
    dataDir,
    store: await openStore(settings.store),
    version: (text) => versions.next(text, { targetDurationMs: segmentMs }),
    note,
  });
  try {
    await Promise.all(channels.map(({ channel, ...was }) => recordings.open(channel, was, listed)));
  } catch (error) {
    await recordings.close();
    throw OriginError.dataDir(dataDir, error);
  }
  return recordings;
}

/** Journals tell of one store: another one has another name. */
function nameOf(store: StoreOptions): string {
  if (store.type === 'memory') return 'memory';
  const where =
    store.type === 'disk'
      ? [resolve(store.folder)]
      : [store.endpoint, store.bucket, store.prefix ?? ''];
  const hash = createHash('sha256').update(JSON.stringify(where)).digest('hex');
  return `${store.type}-${hash.slice(0, 12)}`;
}
