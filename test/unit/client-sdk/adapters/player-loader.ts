import type {
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js';
import { idleStats, resetStats } from '../../../../client-sdk/src/adapters/hlsjs/load-timing.ts';

/** A player's own loader, as an embedder may write one for hls.js, over the fetch of Node. */
export class PlayerLoader implements Loader<LoaderContext> {
  static made: PlayerLoader[] = [];
  context: LoaderContext | null = null;
  stats: LoaderStats = idleStats();
  destroyed = false;
  readonly #controller = new AbortController();
  #callbacks: LoaderCallbacks<LoaderContext> | undefined;

  constructor() {
    resetStats(this.stats);
    PlayerLoader.made.push(this);
  }

  load(
    context: LoaderContext,
    _config: LoaderConfiguration,
    callbacks: LoaderCallbacks<LoaderContext>,
  ): void {
    // As the loaders of hls.js do.
    if (this.stats.loading.start !== 0) throw new Error('Loader can only be used once.');
    this.context = context;
    this.#callbacks = callbacks;
    this.stats.loading.start = performance.now();
    void this.#run(context, callbacks);
  }

  abort(): void {
    this.stats.aborted = true;
    this.#controller.abort();
    if (this.context !== null) this.#callbacks?.onAbort?.(this.stats, this.context, null);
  }

  destroy(): void {
    this.destroyed = true;
    this.#controller.abort();
  }

  getCacheAge(): number {
    return 3;
  }

  async #run(context: LoaderContext, callbacks: LoaderCallbacks<LoaderContext>): Promise<void> {
    try {
      const response = await fetch(context.url, { signal: this.#controller.signal });
      this.stats.loading.first = performance.now();
      if (!response.ok) {
        callbacks.onError({ code: response.status, text: '' }, context, null, this.stats);
        return;
      }
      const data =
        context.responseType === 'arraybuffer'
          ? await response.arrayBuffer()
          : await response.text();
      const size = typeof data === 'string' ? data.length : data.byteLength;
      this.stats.loaded = size;
      this.stats.total = size;
      this.stats.loading.end = performance.now();
      callbacks.onSuccess({ url: response.url, data, code: 200 }, this.stats, context, null);
    } catch {
      if (!this.stats.aborted && !this.destroyed)
        callbacks.onError({ code: 0, text: '' }, context, null, this.stats);
    }
  }
}
