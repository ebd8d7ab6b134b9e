import { type SegmentStore, type StoredFile } from '@shoal/server/core';

/** A real store, and what is going on in it. */
export class WatchedStore implements SegmentStore {
  /** Bytes that were read from it. */
  bytesRead = 0;
  /** Reads that have begun, and those of them that have not ended. */
  reads = 0;
  reading = 0;
  opens = 0;
  /** Every read waits for this before each chunk. */
  gate: Promise<void> = Promise.resolve();
  /** Called when a chunk has been read. */
  onChunk: () => void = () => undefined;
  readonly put: SegmentStore['put'];
  readonly putFrom: SegmentStore['putFrom'];
  readonly sweep: SegmentStore['sweep'];
  readonly list: SegmentStore['list'];
  readonly delete: SegmentStore['delete'];
  readonly #store: SegmentStore;

  constructor(store: SegmentStore) {
    this.#store = store;
    this.put = (path, bytes) => store.put(path, bytes);
    this.putFrom = (...args) => store.putFrom(...args);
    this.sweep = (prefix) => store.sweep(prefix);
    this.list = (prefix) => store.list(prefix);
    this.delete = (path) => store.delete(path);
  }

  async open(path: string): Promise<StoredFile | undefined> {
    this.opens += 1;
    const file = await this.#store.open(path);
    return file && { ...file, read: (from, to) => this.#read(file, { from, to }) };
  }

  async *#read(
    file: StoredFile,
    { from, to }: { readonly from: number; readonly to: number },
  ): AsyncIterable<Uint8Array> {
    this.reads += 1;
    this.reading += 1;
    try {
      await this.gate;
      for await (const chunk of file.read(from, to)) {
        this.bytesRead += chunk.length;
        this.onChunk();
        yield chunk;
        await this.gate;
      }
    } finally {
      this.reading -= 1;
    }
  }
}
