import { ORIGIN_LIMITS } from '../../core/index.ts';

/** A request that waits for a playlist to change. */
type Blocked = {
  /** Answers if it can be answered now, and says so. */
  readonly retry: () => boolean;
  readonly expire: () => void;
  readonly until: number;
};

/** How exactly requests expire; they wait for seconds. */
const SWEEP_MS = 250;

/**
 * Requests that wait for the next version of a playlist (draft-pantos-hls-rfc8216bis section 6.2.5.2), by its path. However many
 * they are, one timer runs, and none while nobody waits.
 */
export class BlockedRequests {
  readonly #byPath = new Map<string, Set<Blocked>>();
  readonly #now: () => number;
  #count = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor({ now }: { readonly now: () => number }) {
    this.#now = now;
  }

  /** How many wait now. */
  get size(): number {
    return this.#count;
  }

  /**
   * Has a request wait for `waitMs` at most; false where too many do. `retry` is called at every change of the playlist until it
   * says that it has answered, or else `expire` is. Returns how to leave it.
   */
  add(
    path: string,
    blocked: { readonly waitMs: number } & Pick<Blocked, 'retry' | 'expire'>,
  ): (() => void) | undefined {
    if (this.#count >= ORIGIN_LIMITS.blockedRequests) return undefined;
    const { retry, expire, waitMs } = blocked;
    const waiting = this.#byPath.get(path) ?? new Set();
    this.#byPath.set(path, waiting);
    const entry = { retry, expire, until: this.#now() + waitMs };
    waiting.add(entry);
    this.#count += 1;
    this.#sweep ??= setInterval(() => {
      this.#expire();
    }, SWEEP_MS).unref();
    return () => {
      this.#remove(path, entry);
    };
  }

  /** The playlist under a path is another one now, or gone. */
  changed(path: string): void {
    for (const entry of this.#byPath.get(path) ?? []) if (entry.retry()) this.#remove(path, entry);
  }

  #expire(): void {
    const now = this.#now();
    for (const [path, waiting] of this.#byPath)
      for (const entry of waiting) {
        if (now < entry.until) continue;
        this.#remove(path, entry);
        entry.expire();
      }
  }

  #remove(path: string, entry: Blocked): void {
    const waiting = this.#byPath.get(path);
    if (waiting?.delete(entry) !== true) return;
    this.#count -= 1;
    if (waiting.size === 0) this.#byPath.delete(path);
    if (this.#count > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
