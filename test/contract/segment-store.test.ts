import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SegmentStore } from '@shoal/server/core';
import { openStore } from '../../server/src/adapters/storage/open-store.ts';
import { OriginError } from '@shoal/server';
import { type S3Server, startS3Server } from '../support/s3/s3-server.ts';
import { seededBytes } from '../support/seeded-random.ts';
import { pause } from '../support/until.ts';

const SEGMENT = '/live/demo/source/1700000000-1.m4s';
const ROOM = 64 * 1024 * 1024;

type Opened = { readonly store: SegmentStore; readonly close?: () => void };

let server: S3Server;
let buckets = 0;

beforeAll(async () => {
  server = await startS3Server();
});

afterAll(() => {
  server.close();
});

const OPEN: Readonly<Record<string, () => Promise<Opened>>> = {
  memory: async () => ({ store: await openStore({ type: 'memory', maxBytes: ROOM }) }),
  disk: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-store-'));
    return {
      store: await openStore({ type: 'disk', folder: join(folder, 'made', 'by-it') }),
      close: () => {
        rmSync(folder, { recursive: true });
      },
    };
  },
  S3: async () => {
    buckets += 1;
    return { store: await openInBucket(`run/${buckets}`) };
  },
};

function openInBucket(prefix?: string): Promise<SegmentStore> {
  const { port, bucket, accessKeyId, secretAccessKey } = server;
  return openStore({
    type: 's3',
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    bucket,
    ...(prefix !== undefined && { prefix }),
    accessKeyId,
    secretAccessKey,
    pathStyle: true,
  });
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function contentOf(store: SegmentStore, path: string): Promise<Buffer | undefined> {
  const file = await store.open(path);
  return file && (await bytesOf(file.read(0, file.size)));
}

async function pathsOf(store: SegmentStore, prefix: string): Promise<string[]> {
  const all: string[] = [];
  for await (const path of store.list(prefix)) all.push(path);
  return all;
}

function* slicesOf(bytes: Uint8Array, length: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function* chunksOf(bytes: Uint8Array, length: number): AsyncIterable<Uint8Array> {
  for (const slice of slicesOf(bytes, length)) yield await Promise.resolve(slice);
}

function text(of: string): Uint8Array {
  return Buffer.from(of);
}

describe.each(Object.entries(OPEN))('segment store: %s', (_name, open) => {
  let opened: Opened;
  let store: SegmentStore;

  beforeEach(async () => {
    opened = await open();
    ({ store } = opened);
  });

  afterEach(() => {
    opened.close?.();
  });

  it('gives back what was put, whole and by ranges', async () => {
    const bytes = seededBytes(1, 1_000_003);
    await store.put(SEGMENT, bytes);
    const file = await store.open(SEGMENT);
    expect(file?.size).toBe(bytes.length);
    for (const [from, to] of [
      [0, bytes.length],
      [0, 1],
      [1, 17],
      [262_143, 262_145],
      [999_999, 1_000_003],
      [500, 500],
    ] as const) {
      const part = await bytesOf(file?.read(from, to) ?? expect.fail('it is not there'));
      expect(part.equals(bytes.subarray(from, to)), `${from} to ${to}`).toBe(true);
    }
  });

  it('reads no range that a file does not have', async () => {
    await store.put(SEGMENT, text('0123456789'));
    const file = await store.open(SEGMENT);
    for (const [from, to] of [
      [0, 11],
      [-1, 5],
      [6, 5],
      [0.5, 5],
    ] as const) {
      const reading = async (): Promise<unknown> => bytesOf(file?.read(from, to) ?? nothing());
      await expect(reading(), `${from} to ${to}`).rejects.toMatchObject({ code: 'storage' });
    }
  });

  it('keeps an empty file', async () => {
    await store.put(SEGMENT, new Uint8Array(0));
    expect((await store.open(SEGMENT))?.size).toBe(0);
    expect(await contentOf(store, SEGMENT)).toHaveLength(0);
    expect(await pathsOf(store, '')).toEqual([SEGMENT]);
  });

  it('keeps a file of 8 MB, and gives it bit by bit', async () => {
    const bytes = seededBytes(2, 8_000_000);
    await store.put(SEGMENT, bytes);
    const file = await store.open(SEGMENT);
    let chunks = 0;
    let at = 0;
    for await (const chunk of file?.read(0, 8_000_000) ?? nothing()) {
      expect(Buffer.compare(chunk, bytes.subarray(at, at + chunk.length))).toBe(0);
      chunks += 1;
      at += chunk.length;
    }
    expect(at).toBe(8_000_000);
    expect(chunks).toBeGreaterThan(8);
  });

  it.each([0, 1, 3_000_000, 8 * 1024 * 1024, 20_000_001])(
    'takes %i bytes from elsewhere, in order, each once',
    async (size) => {
      const bytes = seededBytes(5, size);
      const asked: (readonly [number, number])[] = [];
      await store.putFrom(SEGMENT, {
        size,
        read: (from, to) => {
          asked.push([from, to]);
          return chunksOf(bytes.subarray(from, to), 100_000);
        },
      });
      let at = 0;
      for (const [from, to] of asked) {
        expect(from).toBe(at);
        at = to;
      }
      expect(at).toBe(size);
      expect((await contentOf(store, SEGMENT))?.equals(bytes)).toBe(true);
      expect(await pathsOf(store, '')).toEqual([SEGMENT]);
    },
  );

  it.each([100, 9_000_000])(
    'of %i bytes from elsewhere nothing is there until all are',
    async (size) => {
      await store.put(SEGMENT, text('before'));
      const bytes = seededBytes(6, size);
      const before: string[] = [];
      await store.putFrom(SEGMENT, {
        size,
        read: async function* (from, to) {
          yield bytes.subarray(from, to);
          before.push(String(await contentOf(store, SEGMENT)));
        },
      });
      expect(new Set(before)).toEqual(new Set(['before']));
      expect((await contentOf(store, SEGMENT))?.equals(bytes)).toBe(true);
    },
  );

  it.each([
    ['fails', /its source fails: broken/],
    ['ends early', /its source ends early/],
    ['goes on', /its source is longer/],
    ['is given up', /was given up/],
  ])('leaves what was there when a source %s', async (how, message) => {
    const size = 20_000_000;
    await store.put(SEGMENT, text('before'));
    const giving = new AbortController();
    const read = async function* (from: number, to: number): AsyncGenerator<Uint8Array> {
      // In the middle, where a bucket has parts of it already.
      if (to < size) yield* chunksOf(seededBytes(7, to - from), 1_000_000);
      else if (how === 'fails') throw new Error('broken');
      else if (how === 'goes on') yield* chunksOf(seededBytes(7, to - from + 1), 1_000_000);
      else if (how === 'is given up') {
        yield* chunksOf(seededBytes(7, to - from - 10), 1_000_000);
        giving.abort();
        yield seededBytes(7, 10);
      } else yield* chunksOf(seededBytes(7, to - from - 1), 1_000_000);
    };
    const putting = store.putFrom(SEGMENT, { size, read }, giving.signal);
    await expect(putting).rejects.toMatchObject({
      ...{ code: 'storage', name: 'OriginError' },
      message: expect.stringMatching(message) as string,
    });
    expect(String(await contentOf(store, SEGMENT))).toBe('before');
    expect(await pathsOf(store, '')).toEqual([SEGMENT]);
    const already = AbortSignal.abort();
    await expect(store.putFrom(SEGMENT, { size, read }, already)).rejects.toThrow(/given up/);
    await store.sweep('/live/demo/');
    expect(String(await contentOf(store, SEGMENT))).toBe('before');
  });

  it('what there can be no room for is refused before a byte of it is read', async () => {
    let reads = 0;
    const read = (): AsyncIterable<Uint8Array> => {
      reads += 1;
      return chunksOf(new Uint8Array(1), 1);
    };
    const putting = store.putFrom(SEGMENT, { size: 2 ** 50, read });
    await expect(putting).rejects.toMatchObject({
      ...{ code: 'storage', name: 'OriginError' },
      message: expect.stringMatching(/no room|too many/) as string,
    });
    expect(reads).toBe(0);
    expect(await store.open(SEGMENT)).toBeUndefined();
  });

  it('what is done with the bytes later does not change what was put', async () => {
    const bytes = seededBytes(3, 1000);
    await store.put(SEGMENT, bytes);
    bytes.fill(0);
    expect((await contentOf(store, SEGMENT))?.equals(seededBytes(3, 1000))).toBe(true);
  });

  it('replaces what was there, and tells the versions apart', async () => {
    await store.put('/live/demo/dvr.m3u8', text('the first one'));
    const first = await store.open('/live/demo/dvr.m3u8');
    expect((await store.open('/live/demo/dvr.m3u8'))?.version).toBe(first?.version);
    await store.put('/live/demo/dvr.m3u8', text('another 1'));
    const second = await store.open('/live/demo/dvr.m3u8');
    expect(second?.version).not.toBe(first?.version);
    for (const file of [first, second]) expect(file?.version).toMatch(/^[\w-]+$/);
    expect(String(await contentOf(store, '/live/demo/dvr.m3u8'))).toBe('another 1');
    expect(await pathsOf(store, '/')).toEqual(['/live/demo/dvr.m3u8']);
  });

  it('what is not there is undefined, and can be deleted', async () => {
    await store.put('/live/demo/source/a.m4s', text('a'));
    for (const path of ['/nothing', '/live', '/live/demo', '/live/demo/source/a.m4', SEGMENT]) {
      expect(await store.open(path), path).toBeUndefined();
      await store.delete(path);
    }
    expect(await pathsOf(store, '')).toEqual(['/live/demo/source/a.m4s']);
  });

  it('deletes', async () => {
    await store.put(SEGMENT, text('a'));
    await store.put('/live/demo/source/1700000000-2.m4s', text('b'));
    await store.delete(SEGMENT);
    await store.delete(SEGMENT);
    expect(await store.open(SEGMENT)).toBeUndefined();
    expect(await pathsOf(store, '')).toEqual(['/live/demo/source/1700000000-2.m4s']);
    await store.put(SEGMENT, text('again'));
    expect(String(await contentOf(store, SEGMENT))).toBe('again');
  });

  it.each([
    '/a',
    '/...',
    '/.hidden',
    '/a..b/..c/d..',
    '/-/_/~/--rf',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/%00/%2F/%',
    '/a+b=c@d,e',
    '/con/nul/prn.m4s',
    `/${'n'.repeat(128)}/${'m'.repeat(128)}`,
    '/constructor/__proto__/toString',
  ])('keeps %s apart from all else', async (path) => {
    await store.put(path, text(path));
    await store.put('/other', text('other'));
    expect(String(await contentOf(store, path))).toBe(path);
    expect(await pathsOf(store, path)).toEqual([path]);
    await store.delete(path);
    expect(await pathsOf(store, '')).toEqual(['/other']);
  });

  it.each([
    '',
    '/',
    'live/demo',
    '//a',
    '/a//b',
    '/a/',
    '/..',
    '/../a',
    '/a/../b',
    '/a/./b',
    '/a/..',
    '/a\\..\\b',
    '/a b',
    '/a\0b',
    '/a#b',
    '/a?b',
    '/ä',
    `/${'n'.repeat(129)}`,
    `/${'n/'.repeat(300)}n`,
  ])('%j is no path', async (path) => {
    const failure = { code: 'storage', name: 'OriginError' };
    await expect(store.put(path, text('x'))).rejects.toMatchObject(failure);
    const none = { size: 0, read: () => chunksOf(new Uint8Array(0), 1) };
    await expect(store.putFrom(path, none)).rejects.toMatchObject(failure);
    await expect(store.open(path)).rejects.toMatchObject(failure);
    await expect(store.delete(path)).rejects.toMatchObject(failure);
    expect(await pathsOf(store, '')).toEqual([]);
  });

  it('lists what begins so, in the order of its characters', async () => {
    const paths = [
      '/live/a-b/1.m4s',
      '/live/a.m3u8',
      '/live/a/1.m4s',
      '/live/a/10.m4s',
      '/live/a/2.m4s',
      '/live/a/B.m4s',
      '/live/a/a.m4s',
      '/live/a/a/a.m4s',
      '/live/a0/1.m4s',
      '/vod/x',
    ];
    expect([...paths].sort()).toEqual(paths);
    for (const path of [...paths].reverse()) await store.put(path, text(path));
    expect(await pathsOf(store, '')).toEqual(paths);
    expect(await pathsOf(store, '/')).toEqual(paths);
    for (const prefix of [
      '/live/',
      '/live/a',
      '/live/a/',
      '/live/a/1',
      '/live/a/a',
      '/v',
      '/no/',
      '/live/a/1.m4s',
    ])
      expect(await pathsOf(store, prefix), prefix).toEqual(
        paths.filter((path) => path.startsWith(prefix)),
      );
    for (const prefix of ['live', '/../', '/live/../', '/live//'])
      await expect(pathsOf(store, prefix), prefix).rejects.toMatchObject({ code: 'storage' });
  });

  it('lists more than a bucket gives at once', { timeout: 60_000 }, async () => {
    const paths = Array.from({ length: 1_100 }, (_, n) => `/live/demo/source/1-${n}.m4s`);
    for (let at = 0; at < paths.length; at += 50)
      await Promise.all(paths.slice(at, at + 50).map((path) => store.put(path, text(path))));
    expect(await pathsOf(store, '/live/')).toEqual([...paths].sort());
  });

  it('files that are put at the same time do not mix', async () => {
    const files = Array.from({ length: 20 }, (_, n) => ({
      path: `/live/demo/${n % 4}/${n}.m4s`,
      bytes: seededBytes(n, 50_000 + n),
    }));
    await Promise.all(files.map(({ path, bytes }) => store.put(path, bytes)));
    for (const { path, bytes } of files)
      expect((await contentOf(store, path))?.equals(bytes), path).toBe(true);
  });

  it('of those that put the same file at the same time, one wins', async () => {
    const versions = Array.from({ length: 8 }, (_, n) => seededBytes(n, 300_000 + n));
    await Promise.all(versions.map((bytes) => store.put(SEGMENT, bytes)));
    const content = await contentOf(store, SEGMENT);
    expect(versions.some((bytes) => content?.equals(bytes) === true)).toBe(true);
    expect(await pathsOf(store, '')).toEqual([SEGMENT]);
  });

  it('who reads while it is replaced gets one version, or an error', async () => {
    const version = (n: number): Buffer => Buffer.alloc(600_000 + n, n);
    await store.put(SEGMENT, version(0));
    let writing = true;
    let whole = 0;
    let last = 0;
    const writer = (async () => {
      // On a busy machine readers may lose every race: then they get time.
      while (last < 25 || (whole === 0 && last < 200)) {
        last += 1;
        await store.put(SEGMENT, version(last));
        if (last > 25) await pause(20);
      }
      writing = false;
    })();
    const reader = async (): Promise<void> => {
      while (writing) {
        const file = await store.open(SEGMENT);
        if (file === undefined) throw new Error('it was gone');
        try {
          const bytes = await bytesOf(file.read(0, file.size));
          expect(bytes.equals(version(bytes.length - 600_000))).toBe(true);
          expect(bytes.length).toBe(file.size);
          whole += 1;
        } catch (error) {
          if (!(error instanceof OriginError)) throw error;
          expect(error).toMatchObject({ code: 'storage' });
        }
      }
    };
    await Promise.all([writer, reader(), reader()]);
    expect(whole).toBeGreaterThan(0);
    expect((await contentOf(store, SEGMENT))?.equals(version(last))).toBe(true);
  });

  it('reading from what was replaced before does not give the new bytes', async () => {
    await store.put(SEGMENT, text('0123456789'));
    const old = await store.open(SEGMENT);
    await store.put(SEGMENT, text('abcdefghij'));
    const read = bytesOf(old?.read(0, 10) ?? nothing());
    await expect(read.then(String).catch((error: unknown) => error)).resolves.toSatisfy(
      (got) => got === '0123456789' || (got instanceof OriginError && got.code === 'storage'),
    );
  });

  it('a reader may stop in the middle', async () => {
    await store.put(SEGMENT, seededBytes(4, 3_000_000));
    const file = await store.open(SEGMENT);
    for (let n = 0; n < 20; n++)
      for await (const chunk of file?.read(0, 3_000_000) ?? nothing()) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    expect(await contentOf(store, SEGMENT)).toHaveLength(3_000_000);
  });
});

function nothing(): never {
  throw new Error('it is not there');
}
