import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type SegmentStore } from '@shoal/server/core';

/** What a fault of a store shows as. */
export const STORAGE = { code: 'storage', name: 'OriginError' } as const;

/** All that is read. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** All of a file; undefined when it is not there. */
export async function contentOf(store: SegmentStore, path: string): Promise<Buffer | undefined> {
  const file = await store.open(path);
  return file && (await bytesOf(file.read(0, file.size)));
}

/** How long something took, and how it failed. */
export async function failure(
  work: Promise<unknown>,
): Promise<{ readonly error: unknown; readonly ms: number }> {
  const begun = performance.now();
  const error: unknown = await work.then(
    () => 'it did not fail',
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - begun };
}

/** An error of a store whose message is like this. */
export function storageError(message: RegExp): object {
  return { ...STORAGE, message: expect.stringMatching(message) as string };
}

/** For every test of a file: what it has to undo is undone, the last first, and no rejection was left unhandled. */
export function undoing(): (() => unknown)[] {
  const undo: (() => unknown)[] = [];
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => {
    unhandled.push(reason);
  };
  beforeAll(() => {
    process.on('unhandledRejection', onUnhandled);
  });
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
    // One of what a test left behind comes within a turn or two of the event loop.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
  });
  afterAll(() => {
    process.off('unhandledRejection', onUnhandled);
  });
  return undo;
}
