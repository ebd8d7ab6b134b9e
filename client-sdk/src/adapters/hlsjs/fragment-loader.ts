import type {
  FragmentLoaderConstructor,
  FragmentLoaderContext,
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js';
import { type ByteSpan, segmentAddress } from '../../core/catalog.ts';
import type { NotSharedReason } from '../../not-shared.ts';
import { macroTask } from '../host/macro-task.ts';
import { withContext } from './default-loader.ts';
import type { SegmentSource } from './demand-book.ts';
import { awaitSwarm, idleStats, recordArrival, recordEnd, resetStats } from './load-timing.ts';

/** What the fragment loaders of one player share. */
export type FragmentLoaderPorts = {
  readonly source: SegmentSource;
  /** The player's own loader fetched so many bytes of a media segment, in `ms` from the first of them if it says. */
  readonly onDefaultBytes: (bytes: number, ms: number | undefined) => void;
  /** The player's own loader fetched something, a media segment or not, for this reason. */
  readonly onNotShared: (reason: NotSharedReason, bytes: number) => void;
  /** Why a segment of the playlist at this URL is not known; undefined for no reason in particular. */
  readonly whyUnknown: (playlistUrl: string) => NotSharedReason | undefined;
  readonly httpBitsPerSecond: () => number | undefined;
};

/**
 * The class to give to hls.js as `fLoader`. The player's own loader is read from the configuration
 * that hls.js hands to every loader it makes, so neither hls.js nor its build has to be known.
 */
export function createFragmentLoader(ports: FragmentLoaderPorts): FragmentLoaderConstructor {
  return class extends SwarmFragmentLoader {
    constructor(config: HlsConfig) {
      super(config, ports);
    }
  };
}

/** Loads one fragment: whole media segments that the engine knows from it, all else as hls.js would. */
class SwarmFragmentLoader implements Loader<FragmentLoaderContext> {
  context: FragmentLoaderContext | null = null;
  readonly stats: LoaderStats = idleStats();
  readonly #hlsConfig: HlsConfig;
  readonly #ports: FragmentLoaderPorts;
  #callbacks: LoaderCallbacks<FragmentLoaderContext> | undefined;
  #own: Loader<LoaderContext> | undefined;
  #cancelDemand: (() => void) | undefined;
  #cancelAnswer: (() => void) | undefined;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #startedAt = 0;

  constructor(config: HlsConfig, ports: FragmentLoaderPorts) {
    this.#hlsConfig = config;
    this.#ports = ports;
  }

  load(
    context: FragmentLoaderContext,
    config: LoaderConfiguration,
    callbacks: LoaderCallbacks<FragmentLoaderContext>,
  ): void {
    this.context = context;
    this.#callbacks = callbacks;
    const { source } = this.#ports;
    const address = segmentAddress(context.url, rangeOf(context));
    const reason =
      whyNot(context) ?? (source.knows(address) ? undefined : this.#whyUnknown(context));
    if (reason !== undefined) {
      this.#loadAsHlsWould(context, config, reason);
      return;
    }
    this.#startedAt = performance.now();
    awaitSwarm(this.stats);
    const { maxLoadTimeMs } = config.loadPolicy;
    if (Number.isFinite(maxLoadTimeMs))
      this.#timeout = setTimeout(() => {
        this.#release();
        recordEnd(this.stats, this.#startedAt);
        callbacks.onTimeout(this.stats, context, null);
      }, maxLoadTimeMs);
    this.#cancelDemand = source.demand(address, {
      deliver: (data, transferMs) => {
        // hls.js hands the buffer to a worker, which takes it from whoever else holds it.
        const copy = new Uint8Array(data).buffer;
        this.#answer(() => {
          this.#succeed(copy, transferMs);
        });
      },
      fail: (status) => {
        this.#answer(() => {
          recordEnd(this.stats, this.#startedAt);
          callbacks.onError({ code: status, text: `HTTP ${status}` }, context, null, this.stats);
        });
      },
      fallBack: () => {
        this.#release();
        this.#loadAsHlsWould(context, config, 'given-up');
      },
    });
  }

  abort(): void {
    if (this.#own !== undefined) {
      this.#own.abort();
      return;
    }
    this.#release();
    const { context } = this;
    if (context === null) return;
    if (this.stats.loading.end === 0) {
      this.stats.aborted = true;
      recordEnd(this.stats, this.#startedAt);
    }
    this.#callbacks?.onAbort?.(this.stats, context, null);
  }

  destroy(): void {
    this.#own?.destroy();
    this.#release();
    this.#callbacks = undefined;
    this.context = null;
  }

  getCacheAge(): number | null {
    return this.#own?.getCacheAge?.() ?? null;
  }

  getResponseHeader(name: string): string | null {
    return this.#own?.getResponseHeader?.(name) ?? null;
  }

  /**
   * Answers in a task of its own. hls.js asks again from within an answer; were the engine's cache to
   * answer that at once, a segment that does not decode would be fetched and refused for ever, and
   * the page would freeze.
   */
  #answer(answer: () => void): void {
    this.#cancelAnswer = macroTask(() => {
      this.#release();
      answer();
    });
  }

  #succeed(data: ArrayBuffer, transferMs: number): void {
    const { context, stats } = this;
    const callbacks = this.#callbacks;
    if (context === null || callbacks === undefined) return;
    recordArrival(stats, {
      size: data.byteLength,
      transferMs,
      now: performance.now(),
      httpBitsPerSecond: this.#ports.httpBitsPerSecond(),
    });
    callbacks.onProgress?.(stats, context, data, null);
    callbacks.onSuccess({ url: context.url, data, code: 200 }, stats, context, null);
  }

  #whyUnknown(context: FragmentLoaderContext): NotSharedReason {
    const { frag } = context;
    const known = this.#ports.whyUnknown(frag.baseurl);
    if (known !== undefined) return known;
    // The enumeration of hls.js is not imported: that would bring a second hls.js into some pages.
    const track: string = frag.type;
    if (track !== 'main') return 'other-track';
    return rangeOf(context) === undefined ? 'unknown' : 'byte-range';
  }

  #loadAsHlsWould(
    context: FragmentLoaderContext,
    config: LoaderConfiguration,
    reason: NotSharedReason,
  ): void {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    const own = new this.#hlsConfig.loader(this.#hlsConfig);
    this.#own = own;
    resetStats(this.stats);
    // hls.js watches the statistics it read off this loader.
    own.stats = this.stats;
    own.load(
      context,
      config,
      withContext(context, {
        ...callbacks,
        onSuccess: (...[response, stats, , details]) => {
          const { first, end } = stats.loading;
          const ms = first > 0 && end > 0 ? end - first : undefined;
          if (context.frag.sn !== 'initSegment') this.#ports.onDefaultBytes(stats.loaded, ms);
          this.#ports.onNotShared(reason, stats.loaded);
          callbacks.onSuccess(response, stats, context, details);
        },
      }),
    );
  }

  /** Forgets the demand, its answer and its time-out. */
  #release(): void {
    clearTimeout(this.#timeout);
    this.#cancelDemand?.();
    this.#cancelAnswer?.();
    this.#cancelDemand = undefined;
    this.#cancelAnswer = undefined;
  }
}

/** Why this is nothing for the swarm whatever the engine knows: only whole segments that will be played are. */
function whyNot({ frag, part }: FragmentLoaderContext): NotSharedReason | undefined {
  if (frag.sn === 'initSegment') return 'init';
  if (part) return 'part';
  return frag.bitrateTest ? 'bandwidth-test' : undefined;
}

/** hls.js names no range by an end of 0. */
function rangeOf({ rangeStart, rangeEnd }: FragmentLoaderContext): ByteSpan | undefined {
  return rangeEnd ? { from: rangeStart ?? 0, to: rangeEnd } : undefined;
}
