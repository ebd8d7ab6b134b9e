import { type LivePath as AnyLivePath } from '@shoal/protocol';
import { HotFiles, ORIGIN_LIMITS, type SegmentStore, type StoredFile } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { immutableHead } from '../channel/live-objects.ts';
import { type EntityHead } from './entity.ts';
import { SharedRead } from './shared-read.ts';

/** A file of a segment store as it is served. */
export type ServedFile = {
  readonly head: EntityHead;
  readonly size: number;
  /** Throws or fails with an `OriginError` (`storage`). */
  readonly read: (from: number, to: number) => AsyncIterator<Uint8Array>;
};

/** Bounds of what is looked for and read at a time. Default of each: the one of `ORIGIN_LIMITS`. */
export type StoredFilesLimits = {
  readonly hotBytes: number;
  readonly hotFileBytes: number;
  readonly storeLooks: number;
  readonly storeReads: number;
};

/**
 * Files of a segment store for HTTP. Those that are small enough are read once however many want them at the same time, and stay in
 * memory until others need the room; larger ones, and those for which there is no room, go from the store to their reader.
 */
export class StoredFiles {
  readonly #store: SegmentStore;
  readonly #limits: StoredFilesLimits;
  readonly #hot: HotFiles<SharedRead>;
  readonly #looks: Map<string, Promise<StoredFile | undefined>> = new Map();
  #reads = 0;

  constructor(store: SegmentStore, limits: Partial<StoredFilesLimits> = {}) {
    this.#store = store;
    this.#limits = { ...ORIGIN_LIMITS, ...limits };
    this.#hot = new HotFiles(this.#limits.hotBytes);
  }

  /** Undefined when it is not there; rejects with an `OriginError` (`storage`). */
  async find(path: string, live: LivePath): Promise<ServedFile | undefined> {
    const kept = isReplaced(live) ? undefined : this.#hot.get(path)?.file;
    const file = kept ?? (await this.#look(path));
    if (file === undefined) return undefined;
    const key = isReplaced(live) ? `${path} ${file.version}` : path;
    const read = (from: number, to: number): AsyncIterator<Uint8Array> =>
      this.#read(key, file, { from, to });
    return { head: headOf(path, live, file), size: file.size, read };
  }

  /** Those who look for the same at the same time look once. */
  #look(path: string): Promise<StoredFile | undefined> {
    const under = this.#looks.get(path);
    if (under !== undefined) return under;
    if (this.#looks.size >= this.#limits.storeLooks) return Promise.reject(busy());
    const look = this.#store.open(path).finally(() => this.#looks.delete(path));
    this.#looks.set(path, look);
    return look;
  }

  #read(
    key: string,
    file: StoredFile,
    { from, to }: { readonly from: number; readonly to: number },
  ): AsyncIterator<Uint8Array> {
    const hot = this.#hot.get(key) ?? this.#share(key, file);
    if (hot !== undefined) return hot.read(from, to);
    if (this.#reads >= this.#limits.storeReads) throw busy();
    const source = file.read(from, to)[Symbol.asyncIterator]();
    this.#reads += 1;
    return counted(source, () => {
      this.#reads -= 1;
    });
  }

  #share(key: string, file: StoredFile): SharedRead | undefined {
    if (file.size > this.#limits.hotFileBytes || !this.#hot.hasRoom(file.size)) return undefined;
    const shared = new SharedRead(file, (end) => {
      // What failed, or was given up, is no longer what is under this key when somebody has begun anew.
      if (end === 'whole') this.#hot.loaded(key);
      else this.#hot.delete(key);
    });
    return this.#hot.add(key, shared, file.size) ? shared : undefined;
  }
}

/** What a store may have. */
export type LivePath = Exclude<AnyLivePath, { readonly type: 'part' }>;
type ProductPath = Extract<LivePath, { readonly type: 'product' }>;
type PlaylistPath = Extract<
  LivePath,
  { readonly type: 'playlist' | 'multivariant' | 'recordings' }
>;

/** What is no media, and no product of it. */
export function isPlaylist(live: LivePath): live is PlaylistPath {
  return live.type === 'playlist' || live.type === 'multivariant' || live.type === 'recordings';
}

/** Playlists and the list of broadcasts are replaced under their paths, and products may be; nothing else is. */
export function isReplaced(live: LivePath): live is PlaylistPath | ProductPath {
  return isPlaylist(live) || live.type === 'product';
}

const PRODUCT_TYPES: Readonly<Record<ProductPath['kind'], string>> = {
  mp4: 'video/mp4',
  poster: 'image/jpeg',
  storyboard: 'text/vtt',
  sprites: 'image/jpeg',
};

function headOf(path: string, live: LivePath, { version }: StoredFile): EntityHead {
  if (isPlaylist(live))
    return {
      contentType:
        live.type === 'recordings' ? 'application/json' : 'application/vnd.apple.mpegurl',
      etag: `"${version}"`,
      cacheControl: 'public, max-age=0, s-maxage=1',
    };
  // Once it is there nothing else comes in its place, but it goes with its broadcast.
  if (live.type === 'product')
    return {
      contentType: PRODUCT_TYPES[live.kind],
      etag: `"${version}"`,
      cacheControl: 'public, max-age=3600',
    };
  const { type: kind } = live;
  return immutableHead({ path, kind, ...(kind === 'segment' && { id: live.id }) });
}

function busy(): OriginError {
  return new OriginError('storage', 'too many want files of the store');
}

/** The same, and word of its end, however it comes, once. */
function counted<T>(source: AsyncIterator<T>, onEnd: () => void): AsyncIterator<T> {
  let ended = false;
  const end = (): void => {
    if (!ended) onEnd();
    ended = true;
  };
  return {
    next: async () => {
      try {
        const result = await source.next();
        if (result.done === true) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
    return: async () => {
      end();
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
}
