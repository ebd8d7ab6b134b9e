import { randomUUID } from 'node:crypto';
import { constants, type BigIntStats, type Dirent } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  type GivenUp,
  isStoredPath,
  ORIGIN_LIMITS,
  type SegmentStore,
  type StoredBytes,
  type StoredFile,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { expectRoom } from './disk-room.ts';
import { sourceBytes } from './source-bytes.ts';
import { expectPath, expectPrefix, expectRange } from './storage-error.ts';
import { withinMs } from '../within-ms.ts';

/** Where files are until they are whole. `#` is in no path of a store. */
const UNFINISHED = '#unfinished';
const READ_BYTES = 256 * 1024;

/** A folder to keep files in. */
export type DiskOptions = {
  /** Made when it is not there. Of one origin at a time: what it finds unfinished there, it removes. */
  readonly folder: string;
  /** Of a folder that an origin writes and others only read. Default false. */
  readonly readOnly?: boolean;
  /** What one operation may take, ms. Default: `ORIGIN_LIMITS.diskMs`. */
  readonly timeLimitMs?: number;
};

/**
 * Keeps files below a folder, under their paths. A file is whole or not there, also after the process was killed or the machine lost
 * its power. Rejects with an `OriginError` (`storage`) when the folder cannot be used. A file system that does not tell capital
 * letters from small ones makes two paths that differ in no more than that one.
 */
export async function createDiskStore(options: DiskOptions): Promise<SegmentStore> {
  const store = new DiskStore(options);
  await store.start();
  return store;
}

class DiskStore implements SegmentStore {
  readonly #folder: string;
  readonly #timeLimitMs: number;
  readonly #readOnly: boolean;

  constructor({ folder, timeLimitMs, readOnly }: DiskOptions) {
    this.#readOnly = readOnly ?? false;
    this.#folder = resolve(folder);
    this.#timeLimitMs = timeLimitMs ?? ORIGIN_LIMITS.diskMs;
  }

  async start(): Promise<void> {
    await this.#bounded(`use the folder ${this.#folder}`, async () => {
      if (this.#readOnly) {
        await readdir(this.#folder);
        return;
      }
      const unfinished = join(this.#folder, UNFINISHED);
      // Of a process that was killed.
      await rm(unfinished, { recursive: true, force: true });
      await mkdir(unfinished, { recursive: true });
    });
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    expectPath(path);
    this.#expectWritable(`write ${path}`);
    // Nobody else's either, should there be another process all the same: it must not put ours in place.
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    await this.#bounded(`write ${path}`, async (isLate) => {
      const file = this.#fileOf(path);
      try {
        await writeSynced(unfinished, bytes);
        await mkdir(dirname(file), { recursive: true });
        // Whoever wanted it was told that it cannot be written.
        if (isLate()) throw new Error('too late');
        await rename(unfinished, file);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      await syncFolder(dirname(file));
    });
  }

  async putFrom(path: string, source: StoredBytes, signal?: GivenUp): Promise<void> {
    expectPath(path);
    const what = `write ${path}`;
    await this.#bounded(what, () => expectRoom(this.#folder, source.size));
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    const handle = await this.#bounded(what, () => open(unfinished, 'w'));
    try {
      let unsynced = 0;
      for await (const chunk of sourceBytes(path, source, { signal })) {
        await this.#bounded(what, () => handle.appendFile(chunk));
        unsynced += chunk.length;
        if (unsynced < ORIGIN_LIMITS.diskSyncBytes) continue;
        // Not all at the end, which would take longer than any bound, and hold up those who write segments.
        await this.#bounded(what, () => handle.sync());
        unsynced = 0;
      }
      await this.#bounded(what, () => handle.sync());
      await handle.close();
      await this.#bounded(what, async (isLate) => {
        const file = this.#fileOf(path);
        await mkdir(dirname(file), { recursive: true });
        if (isLate()) throw new Error('too late');
        await rename(unfinished, file);
        await syncFolder(dirname(file));
      });
    } catch (error) {
      handle.close().catch(() => undefined);
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** It was done when the store was opened. */
  sweep(prefix: string): Promise<void> {
    return new Promise((resolve) => {
      expectPrefix(prefix);
      resolve();
    });
  }

  async open(path: string): Promise<StoredFile | undefined> {
    expectPath(path);
    const file = this.#fileOf(path);
    const found = await this.#bounded(`open ${path}`, () => statIfFile(file));
    if (found === undefined) return undefined;
    const size = Number(found.size);
    const version = versionOf(found);
    return { size, version, read: (from, to) => this.#read(path, { size, version }, { from, to }) };
  }

  async *list(prefix: string): AsyncIterable<string> {
    expectPrefix(prefix);
    yield* this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
  }

  async delete(path: string): Promise<void> {
    expectPath(path);
    this.#expectWritable(`delete ${path}`);
    const file = this.#fileOf(path);
    await this.#bounded(`delete ${path}`, async () => {
      if ((await statIfFile(file)) !== undefined) await unlink(file).catch(unlessMissing);
    });
  }

  #expectWritable(what: string): void {
    if (this.#readOnly)
      throw new OriginError('storage', `cannot ${what}: it is another one's folder`);
  }

  #fileOf(path: string): string {
    return join(this.#folder, ...path.split('/'));
  }

  async *#read(
    path: string,
    opened: Pick<StoredFile, 'size' | 'version'>,
    { from, to }: { readonly from: number; readonly to: number },
  ): AsyncIterable<Uint8Array> {
    expectRange(from, to, opened.size);
    if (from === to) return;
    const what = `read ${path}`;
    const handle = await this.#openHandle(path);
    try {
      const found = await this.#bounded(what, () => handle.stat({ bigint: true }));
      if (versionOf(found) !== opened.version)
        throw new OriginError('storage', `cannot ${what}: it was replaced`);
      for (let at = from; at < to;) {
        const slice = new Uint8Array(Math.min(READ_BYTES, to - at));
        const { bytesRead } = await this.#bounded(what, () =>
          handle.read(slice, 0, slice.length, at),
        );
        if (bytesRead === 0)
          throw new OriginError('storage', `cannot ${what}: it ends at ${at} of ${opened.size}`);
        at += bytesRead;
        yield slice.subarray(0, bytesRead);
      }
    } finally {
      // Reading lost nothing that closing could tell.
      handle.close().catch(() => undefined);
    }
  }

  async #openHandle(path: string): Promise<FileHandle> {
    const opening = open(this.#fileOf(path), constants.O_RDONLY);
    try {
      return await this.#bounded(`read ${path}`, () => opening);
    } catch (error) {
      // It may still open, when nobody waits any more.
      opening
        .then(
          (handle) => handle.close(),
          () => undefined,
        )
        .catch(() => undefined);
      throw error;
    }
  }

  /** Files below a folder, a path that ends with `/` or nothing, that begin with `prefix`. */
  async *#walk(folder: string, prefix: string): AsyncIterable<string> {
    const entries = await this.#bounded(`list ${folder}`, () => entriesOf(this.#fileOf(folder)));
    const paths = entries.map(
      (entry) => `${folder || '/'}${entry.name}${entry.isDirectory() ? '/' : ''}`,
    );
    for (const path of paths.filter((name) => name.startsWith(prefix)).sort()) {
      const inside = path.endsWith('/');
      if (!isStoredPath(inside ? path.slice(0, -1) : path)) continue;
      if (inside) yield* this.#walk(path, prefix);
      else yield path;
    }
  }

  async #bounded<T>(what: string, work: (isLate: () => boolean) => Promise<T>): Promise<T> {
    let late = false;
    try {
      return await withinMs(
        this.#timeLimitMs,
        work(() => late),
        () => {
          late = true;
          return new Error(`the disk does not answer for ${this.#timeLimitMs} ms`);
        },
      );
    } catch (cause) {
      if (cause instanceof OriginError) throw cause;
      const why = cause instanceof Error ? cause.message : 'failed';
      throw new OriginError('storage', `cannot ${what}: ${why}`, { cause });
    }
  }
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename last; where folders cannot be opened, as on Windows, it lasts by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function statIfFile(file: string): Promise<BigIntStats | undefined> {
  const found = await stat(file, { bigint: true }).catch(unlessMissing);
  return found?.isFile() === true ? found : undefined;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return (await readdir(folder, { withFileTypes: true }).catch(unlessMissing)) ?? [];
}

/** Nothing of that name, or below a file. */
function unlessMissing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
}

function versionOf(found: BigIntStats): string {
  return [found.ino, found.mtimeNs, found.size].map((part) => part.toString(36)).join('-');
}
