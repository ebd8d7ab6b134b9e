import { LIMITS } from '@shoal/protocol';
import type { SegmentSource } from '../hlsjs/demand-book.ts';
import { readBody } from './http-body.ts';
import { withTimeLimit } from './time-limit.ts';

/** What a {@link SegmentLoader} needs. */
export type SegmentLoaderOptions = {
  readonly source: SegmentSource;
  readonly fetch: typeof fetch;
  /** Bytes of a media segment that came without the engine. */
  readonly onPlainBytes: (bytes: number) => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** A segment that is not there by then has failed. Ms, default 20,000. */
  readonly timeoutMs?: number;
};

/** One segment, as the player model asks for it. */
export type SegmentLoad = { readonly url: string; readonly initUrl: string | undefined };

const TIMEOUT_MS = 20_000;
/** LIM-2. */
const MAX_BODY = LIMITS.pieceBytes * LIMITS.piecesPerSegment;

/** Loads segments through the engine, or plainly where it does not know them, and keeps nothing of them. */
export class SegmentLoader {
  readonly #options: SegmentLoaderOptions;
  readonly #closing = new AbortController();

  constructor(options: SegmentLoaderOptions) {
    this.#options = options;
  }

  /** Resolves to how long the media segment took, in ms, or undefined if it could not be had. Never rejects. */
  async load({ url, initUrl }: SegmentLoad): Promise<number | undefined> {
    const { now, timeoutMs = TIMEOUT_MS } = this.#options;
    try {
      const limit = { closing: this.#closing.signal, ms: timeoutMs };
      return await withTimeLimit(limit, async (signal) => {
        if (initUrl !== undefined) await this.#read(initUrl, signal);
        const startedAt = now();
        if ((await this.#demand(url, signal)) === 'plain')
          this.#options.onPlainBytes(await this.#read(url, signal));
        return now() - startedAt;
      });
    } catch {
      return undefined;
    }
  }

  /** Fails what is being loaded. Idempotent. */
  close(): void {
    this.#closing.abort();
  }

  /** `plain` where the engine leaves it to us; rejects if the segment cannot be had. */
  #demand(url: string, signal: AbortSignal): Promise<'delivered' | 'plain'> {
    const { source } = this.#options;
    if (!source.knows(url)) return Promise.resolve('plain');
    return new Promise((resolve, reject) => {
      const cancel = source.demand(url, {
        deliver: () => {
          resolve('delivered');
        },
        fail: (status) => {
          reject(new Error(`HTTP ${status} for ${url}`));
        },
        fallBack: () => {
          resolve('plain');
        },
      });
      // The signal is of this load alone, and what has ended is not cancelled any more.
      signal.addEventListener('abort', () => {
        cancel();
        reject(new Error(`given up: ${url}`));
      });
    });
  }

  async #read(url: string, signal: AbortSignal): Promise<number> {
    let bytes = 0;
    await readBody({
      fetch: this.#options.fetch,
      url,
      maxBytes: MAX_BODY,
      signal,
      onChunk: (chunk) => (bytes += chunk.length),
    });
    return bytes;
  }
}
