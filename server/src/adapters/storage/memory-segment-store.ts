import { randomBytes } from 'node:crypto';
import { type SegmentStore } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { sourceBytes } from './source-bytes.ts';
import { expectPath, expectPrefix, expectRange } from './storage-error.ts';

const SLICE = 256 * 1024;

/** Keeps at most `maxBytes` in memory, for as long as the process lives. What does not fit rejects. */
export function createMemorySegmentStore(options: { readonly maxBytes: number }): SegmentStore {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly version: string }>();
  /** Versions of an earlier process must not match. */
  const life = randomBytes(6).toString('base64url');
  let total = 0;
  let versions = 0;
  const expectRoom = (path: string, bytes: number): number => {
    const next = total - sizeOf(path) + bytes;
    if (next <= options.maxBytes) return next;
    throw new OriginError(
      'storage',
      `no room in memory for ${path}: ${next} of ${options.maxBytes} bytes`,
    );
  };
  const keep = (path: string, bytes: Uint8Array): void => {
    total = expectRoom(path, bytes.length);
    versions += 1;
    files.set(path, { bytes, version: `${life}-${versions}` });
  };
  const sizeOf = (path: string): number => files.get(path)?.bytes.length ?? 0;
  return {
    put: (path, bytes) =>
      promised(() => {
        expectPath(path);
        expectRoom(path, bytes.length);
        // A copy: neither what its giver does with it later nor what it was cut from is ours to keep.
        keep(path, bytes.slice());
      }),
    putFrom: async (path, source, signal) => {
      expectPath(path);
      expectRoom(path, source.size);
      const bytes = new Uint8Array(source.size);
      let at = 0;
      for await (const chunk of sourceBytes(path, source, { signal })) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      keep(path, bytes);
    },
    sweep: (prefix) =>
      promised(() => {
        expectPrefix(prefix);
      }),
    open: (path) =>
      promised(() => {
        expectPath(path);
        const file = files.get(path);
        if (file === undefined) return undefined;
        const { bytes, version } = file;
        return {
          size: bytes.length,
          version,
          read: (from, to) => oneByOne(slices(bytes, from, to)),
        };
      }),
    list: (prefix) => oneByOne(sorted(files.keys(), prefix)),
    delete: (path) =>
      promised(() => {
        expectPath(path);
        total -= sizeOf(path);
        files.delete(path);
      }),
  };
}

/** What `work` returns or throws, as a promise. */
function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

async function* oneByOne<T>(items: Iterable<T>): AsyncIterable<T> {
  for (const item of items) yield await Promise.resolve(item);
}

function* slices(bytes: Uint8Array, from: number, to: number): Iterable<Uint8Array> {
  expectRange(from, to, bytes.length);
  for (let at = from; at < to; at += SLICE) yield bytes.subarray(at, Math.min(at + SLICE, to));
}

function* sorted(paths: Iterable<string>, prefix: string): Iterable<string> {
  expectPrefix(prefix);
  yield* [...paths].filter((path) => path.startsWith(prefix)).sort();
}
