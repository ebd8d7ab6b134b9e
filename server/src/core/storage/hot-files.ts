/**
 * Which files are kept in memory because several readers want them, bounded by their bytes. Those that were not asked for the
 * longest go first; those that are still being loaded, whose readers wait for them, never go.
 */
export class HotFiles<File> {
  readonly #maxBytes: number;
  /** In the order in which they were asked for last. */
  readonly #entries: Map<string, { readonly file: File; readonly bytes: number; loaded: boolean }> =
    new Map();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of all of them, those that are yet to be loaded included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The file, which from now on is the one that was asked for last. */
  get(key: string): File | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.file;
  }

  /** Whether there is room for so many bytes more once what is loaded has gone. */
  hasRoom(bytes: number): boolean {
    let loading = 0;
    for (const entry of this.#entries.values()) if (!entry.loaded) loading += entry.bytes;
    return loading + bytes <= this.#maxBytes;
  }

  /** Takes in a file that begins to be loaded, in place of what was under its key; false when there is no room. */
  add(key: string, file: File, bytes: number): boolean {
    this.delete(key);
    if (!this.hasRoom(bytes)) return false;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes + bytes <= this.#maxBytes) break;
      if (entry.loaded) this.delete(oldest);
    }
    this.#entries.set(key, { file, bytes, loaded: false });
    this.#bytes += bytes;
    return true;
  }

  /** It is loaded: it may go when others need its room. */
  loaded(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.loaded = true;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
