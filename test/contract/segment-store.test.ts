import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SegmentStore } from '@shoal/server/core';
import { OriginError } from '@shoal/server';
import { seededBytes } from '../support/seeded-random.ts';
import { pause } from '../support/until.ts';
import {
  bytesOf,
  chunksOf,
  contentOf,
  OPEN,
  type Opened,
  pathsOf,
  SEGMENT,
  text,
} from './open-stores.ts';

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
