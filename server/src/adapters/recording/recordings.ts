import { createHash } from 'node:crypto';
import { readdirSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ChannelId, parseChannelId, parseLivePath } from '@shoal/protocol';
import {
  type BroadcastStatus,
  type Interrupted,
  type JobStatus,
  type JobType,
  type LiveObject,
  type LiveWindow,
  type SegmentStore,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { PlaylistVersions } from '../channel/live-objects.ts';
import { type JobsHost } from '../jobs/jobs-host.ts';
import { beginJobs, createJobs, type JobsParts } from '../jobs/start-jobs.ts';
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
  /** What is made of broadcasts that are over. */
  readonly jobs: readonly JobType[];
};

/** What recordings need of the rest of the origin. */
export type RecordingsPorts = Pick<RecordingPorts, 'store' | 'version'> & {
  readonly dataDir: string;
  readonly note: (channel: ChannelId) => RecordingPorts['note'];
  readonly ffmpegPath: string;
};

const HOUR_MS = 3_600_000;

/** The recordings of an origin's channels. */
export class Recordings {
  readonly #settings: RecordingSettings;
  readonly #ports: RecordingsPorts;
  readonly #hosts = new Map<ChannelId, RecordingHost>();
  readonly #windows = new Map<ChannelId, LiveWindow>();
  readonly #jobsParts: JobsParts;
  readonly #jobs: JobsHost;

  constructor(settings: RecordingSettings, ports: RecordingsPorts) {
    this.#settings = settings;
    this.#ports = ports;
    const { store, jobs, keepHours } = settings;
    this.#jobsParts = {
      // Without VODs there is nothing to make anything of.
      wanted: keepHours > 0 ? jobs : [],
      ...{ ffmpegPath: ports.ffmpegPath, store: ports.store, fresh: store.type === 'memory' },
      folder: join(ports.dataDir, 'jobs', nameOf(store)),
      recording: (channel) => this.#hosts.get(channel),
      note: ports.note,
    };
    this.#jobs = createJobs(this.#jobsParts);
  }

  /** Where it is all kept. */
  get store(): SegmentStore {
    return this.#ports.store;
  }

  /** Begins to record a channel, or goes on; rejects when its journals cannot be read. `listed`: segments of its live playlist. */
  async open(channel: ChannelId, interrupted: Interrupted, listed: number): Promise<void> {
    const { store, dvrSeconds, keepHours, keepBytes } = this.#settings;
    const { dataDir, note } = this.#ports;
    const journals = new JournalFolder(join(folderOf(dataDir, store), channel));
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
      jobs: {
        finished: (summary) => {
          this.#jobs.finished(channel, summary);
        },
        deleted: (broadcast) => this.#jobs.deleted(channel, broadcast),
      },
    });
    this.#hosts.set(channel, host);
    this.#windows.set(channel, await host.newest(listed));
  }

  /** Ends the recording of a channel that has none to be kept. */
  async giveUp(channel: ChannelId): Promise<void> {
    const host = this.#hosts.get(channel);
    this.#hosts.delete(channel);
    this.#windows.delete(channel);
    await host?.close();
    const { dataDir } = this.#ports;
    try {
      // Fails where there is something in it after all.
      rmdirSync(join(folderOf(dataDir, this.#settings.store), channel));
    } catch {
      // An empty folder harms nobody.
    }
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

  /** Lets what is made of broadcasts that are over begin. To be called when all channels are open. */
  begin(): Promise<void> {
    return beginJobs(this.#jobs, this.#jobsParts, [...this.#hosts.keys()]);
  }

  /** Jobs of a channel, in the order in which they came. */
  jobs(channel: ChannelId): readonly JobStatus[] {
    return this.#jobs.list(channel);
  }

  /** Stores what there is. To be called when no more segments come. */
  async close(): Promise<void> {
    await this.#jobs.close();
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
    readonly ffmpegPath: string;
  },
): Promise<Recordings> {
  const { dataDir, channels, listed, segmentMs, note, ffmpegPath } = origin;
  const versions = new PlaylistVersions();
  const recordings = new Recordings(settings, {
    dataDir,
    store: await openStore(settings.store),
    version: (text) => versions.next(text, { targetDurationMs: segmentMs }),
    ...{ note, ffmpegPath },
  });
  try {
    await Promise.all(channels.map(({ channel, ...was }) => recordings.open(channel, was, listed)));
  } catch (error) {
    await recordings.close();
    throw OriginError.dataDir(dataDir, error);
  }
  // Nobody waits for it: a bucket may be slow.
  void recordings.begin();
  return recordings;
}

/** Channels that have journals of a store from before. */
export function recordedChannels(
  dataDir: string,
  { store }: RecordingSettings,
): readonly ChannelId[] {
  const folder = folderOf(dataDir, store);
  return foldersIn(folder).flatMap((name) => {
    const channel = parseChannelId(name);
    return channel.ok && readdirSync(join(folder, name)).length > 0 ? [channel.value] : [];
  });
}

function foldersIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function folderOf(dataDir: string, store: StoreOptions): string {
  return join(dataDir, 'recordings', nameOf(store));
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
