import { type SegmentStore } from '@shoal/server/core';

/** An operation that waits for the test to say what becomes of it. */
export type HeldOperation = {
  readonly what: 'put' | 'open' | 'delete';
  readonly path: string;
  /** Does it. */
  readonly succeed: () => void;
  /** Fails; with `done` after it was done all the same, as when an answer is lost. */
  readonly fail: (done: boolean) => void;
};

/** A store in memory, and processes that use it; what they ask for happens when the test says so. */
export class HeldStore {
  readonly files = new Map<string, Uint8Array>();
  operations: HeldOperation[] = [];

  /** For a new process: what the one before has asked for is never answered. */
  connect(): SegmentStore {
    this.operations = [];
    const mine = this.operations;
    const hold = <T>(what: HeldOperation['what'], path: string, run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        const operation: HeldOperation = {
          what,
          path,
          succeed: () => {
            mine.splice(mine.indexOf(operation), 1);
            resolve(run());
          },
          fail: (done) => {
            mine.splice(mine.indexOf(operation), 1);
            if (done) run();
            reject(new Error('the store fails'));
          },
        };
        mine.push(operation);
      });
    return {
      put: (path, bytes) =>
        hold('put', path, () => {
          this.files.set(path, bytes);
        }),
      open: (path) =>
        hold('open', path, () => {
          const bytes = this.files.get(path) ?? NONE;
          const file = { size: bytes.length, version: 'v1', read: () => onePart(bytes) };
          return this.files.has(path) ? file : undefined;
        }),
      delete: (path) =>
        hold('delete', path, () => {
          this.files.delete(path);
        }),
      putFrom: async (path, { size, read }) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of read(0, size)) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        await hold('put', path, () => {
          this.files.set(path, bytes);
        });
      },
      sweep: () => Promise.resolve(),
      list: (prefix) => each([...this.files.keys()].filter((path) => path.startsWith(prefix))),
    };
  }

  text(path: string): string | undefined {
    const bytes = this.files.get(path);
    return bytes && Buffer.from(bytes).toString();
  }
}

const NONE = new Uint8Array(0);

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}

async function* onePart<T>(part: T): AsyncGenerator<T, void, undefined> {
  yield await Promise.resolve(part);
}
