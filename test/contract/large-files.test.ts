import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SegmentStore } from '@shoal/server/core';
import { seededBytes } from '../support/seeded-random.ts';
import { chunksOf, contentOf, OPEN, type Opened, pathsOf, SEGMENT, text } from './open-stores.ts';

describe.each(Object.entries(OPEN))('large files in a segment store: %s', (_name, open) => {
  let opened: Opened;
  let store: SegmentStore;

  beforeEach(async () => {
    opened = await open();
    ({ store } = opened);
  });

  afterEach(() => {
    opened.close?.();
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
});
