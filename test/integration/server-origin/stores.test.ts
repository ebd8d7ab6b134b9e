import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../server/src/adapters/storage/open-store.ts';
import { seededBytes } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { contentOf, failure, STORAGE, storageError, undoing } from './store-faults.ts';

const SEGMENT = '/live/demo/source/1700000000-1.m4s';
const BYTES = seededBytes(1, 300_000);
const BOUND_MS = 4_000;

const folder = mkdtempSync(join(tmpdir(), 'shoal-stores-'));
const undo = undoing();

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Open files of this process below a folder. */
function openFiles(below: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(below) ? [target] : [];
    } catch {
      return [];
    }
  });
}

describe('memory store', () => {
  it('what does not fit is refused; what it takes the place of counts no more', async () => {
    const store = await openStore({ type: 'memory', maxBytes: 1000 });
    await store.put('/a', new Uint8Array(600));
    await expect(store.put('/b', new Uint8Array(401))).rejects.toMatchObject(STORAGE);
    await store.put('/a', new Uint8Array(1000));
    await expect(store.put('/a', new Uint8Array(1001))).rejects.toMatchObject(STORAGE);
    expect((await store.open('/a'))?.size).toBe(1000);
    await store.delete('/a');
    await store.put('/b', new Uint8Array(1000));
  });
});

describe('disk store', () => {
  // Only root may mount a disk that is small.
  const itAsRoot = it.skipIf(process.getuid?.() !== 0);

  function mounted(size: string): string {
    const at = mkdtempSync(join(folder, 'small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at]);
    undo.push(() => execFileSync('umount', [at]));
    return at;
  }

  itAsRoot(
    'a full disk is an error with its reason, leaves nothing, and what was there before',
    async () => {
      const at = mounted('1m');
      const store = await openStore({ type: 'disk', folder: at });
      await store.put(SEGMENT, BYTES);
      const { error, ms } = await failure(store.put(SEGMENT, new Uint8Array(2_000_000)));
      expect(error).toMatchObject(storageError(/ENOSPC|no space/));
      expect(ms).toBeLessThan(BOUND_MS);
      await expect(store.put('/live/other.m4s', new Uint8Array(2_000_000))).rejects.toMatchObject(
        STORAGE,
      );
      expect(readdirSync(join(at, '#unfinished'))).toEqual([]);
      expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
      expect(await store.open('/live/other.m4s')).toBeUndefined();
      await store.delete(SEGMENT);
      await store.put('/live/other.m4s', new Uint8Array(900_000));
      expect(openFiles(at)).toEqual([]);
    },
  );

  itAsRoot(
    'a file system that cannot be written any more is an error; what is there can be read',
    async () => {
      const at = mounted('4m');
      const store = await openStore({ type: 'disk', folder: at });
      await store.put(SEGMENT, BYTES);
      execFileSync('mount', ['-o', 'remount,ro', at]);
      await expect(store.put('/a', BYTES)).rejects.toMatchObject(STORAGE);
      await expect(store.delete(SEGMENT)).rejects.toMatchObject(STORAGE);
      expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
      await expect(openStore({ type: 'disk', folder: at })).rejects.toMatchObject(STORAGE);
    },
  );

  it('a folder that cannot be made is an error at the start', async () => {
    writeFileSync(join(folder, 'file'), '');
    const starting = openStore({ type: 'disk', folder: join(folder, 'file', 'store') });
    await expect(starting).rejects.toMatchObject(STORAGE);
  });

  it('what a killed process had not finished is removed at the start, and is in no list', async () => {
    const at = join(folder, 'killed');
    const program = new URL('disk-writer.ts', import.meta.url);
    const writer = fork(program, [at], {
      execArgv: ['--import', 'tsx', '--conditions=@shoal/source'],
    });
    const exit = once(writer, 'exit');
    await once(writer, 'message');
    const unfinished = join(at, '#unfinished');
    // It writes without end; now and then a file is half there.
    await until(() => readdirSync(unfinished).length > 0, { what: 'an unfinished file' });
    writer.kill('SIGKILL');
    await exit;
    const left = readdirSync(unfinished);
    // Whatever was caught: the next is certain to be there.
    writeFileSync(join(unfinished, 'half'), 'half');
    const store = await openStore({ type: 'disk', folder: at });
    expect(readdirSync(unfinished), String(left)).toEqual([]);
    let files = 0;
    for await (const path of store.list('')) {
      const content = await contentOf(store, path);
      expect(content?.length, path).toBe(3_000_000);
      files += 1;
    }
    expect(files).toBeGreaterThan(0);
  });

  it('a disk that does not answer is an error in time, and what it gives later is closed', async () => {
    const at = join(folder, 'hangs');
    const store = await openStore({ type: 'disk', folder: at, timeLimitMs: 300 });
    await store.put(SEGMENT, BYTES);
    const file = await store.open(SEGMENT);
    rmSync(join(at, SEGMENT));
    // To open a pipe that nobody writes to takes for ever.
    execFileSync('mkfifo', [join(at, SEGMENT)]);
    const reading = file?.read(0, 10)[Symbol.asyncIterator]().next() ?? Promise.resolve();
    const { error, ms } = await failure(reading);
    expect(error).toMatchObject(storageError(/300 ms/));
    expect(ms).toBeLessThan(BOUND_MS);
    closeSync(openSync(join(at, SEGMENT), constants.O_RDWR | constants.O_NONBLOCK));
    await until(() => openFiles(at).length === 0, { what: 'the end of the pipe' });
  });

  it('a file that was cut behind its back fails where it ends', async () => {
    const at = join(folder, 'cut');
    const store = await openStore({ type: 'disk', folder: at });
    await store.put(SEGMENT, BYTES);
    const file = await store.open(SEGMENT);
    const read = file?.read(0, BYTES.length)[Symbol.asyncIterator]();
    expect((await read?.next())?.done).toBe(false);
    truncateSync(join(at, SEGMENT), 1000);
    await expect(read?.next()).rejects.toMatchObject(STORAGE);
    await until(() => openFiles(at).length === 0, { what: 'its file closed' });
  });

  it('readers that stop leave no file open', async () => {
    const at = join(folder, 'stops');
    const store = await openStore({ type: 'disk', folder: at });
    await store.put(SEGMENT, seededBytes(2, 2_000_000));
    const file = await store.open(SEGMENT);
    for (let n = 0; n < 50; n++) {
      const chunks = file?.read(0, 2_000_000)[Symbol.asyncIterator]();
      await chunks?.next();
      await chunks?.return?.();
    }
    await until(() => openFiles(at).length === 0, { what: 'all files closed' });
  });

  it('a path is not that of a folder', async () => {
    const store = await openStore({ type: 'disk', folder: join(folder, 'folders') });
    await store.put('/a/b', BYTES);
    await expect(store.put('/a', BYTES)).rejects.toMatchObject(STORAGE);
    await expect(store.put('/a/b/c', BYTES)).rejects.toMatchObject(STORAGE);
    expect(await store.open('/a')).toBeUndefined();
    await store.delete('/a');
    expect((await contentOf(store, '/a/b'))?.equals(BYTES)).toBe(true);
    expect(existsSync(join(folder, 'folders', '#unfinished'))).toBe(true);
    expect(readdirSync(join(folder, 'folders', '#unfinished'))).toEqual([]);
  });
});
