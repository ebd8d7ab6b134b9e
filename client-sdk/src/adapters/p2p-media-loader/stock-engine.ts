import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import type { HlsJsP2PEngine } from 'p2p-media-loader-hlsjs';
import type { TrackerState } from '../../events.ts';
import type { DriverCounters } from '../host/driver.ts';

/** What a {@link StockEngine} needs. */
export type StockEngineOptions = {
  /** WebSocket URL; the stock engine speaks the tracker's WebTorrent dialect. */
  readonly tracker: string;
  readonly iceServers: readonly RTCIceServer[];
  readonly p2p: boolean;
  /** Whether it uploads until it is told otherwise. */
  readonly uploads: boolean;
  readonly onUploaded: () => void;
  readonly onPeers: (connected: number) => void;
  readonly onTracker: (state: TrackerState) => void;
  readonly onTrackerUnreachable: (cause: unknown) => void;
};

/**
 * An unmodified p2p-media-loader-hlsjs, as a baseline to compare with. Its stock behaviour is left
 * as it is: unless the embedder sets `liveSyncDuration` or `liveSyncDurationCount`, it rewrites the
 * latter to nearly the whole playlist, and so plays far behind the live edge. It knows no upload
 * cap, and does not verify what peers send.
 */
export class StockEngine {
  readonly hlsConfig: Partial<HlsConfig>;
  readonly #engine: HlsJsP2PEngine;
  readonly #options: StockEngineOptions;
  readonly #peers = new Set<string>();
  #http = 0;
  #p2p = 0;
  #uploaded = 0;
  #enabled: boolean;
  #uploads: boolean;
  #tracker: TrackerState = 'off';
  #warned = false;

  private constructor(engine: HlsJsP2PEngine, options: StockEngineOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#enabled = options.p2p;
    this.#uploads = options.uploads;
    // Declared unknown so that the package need not depend on hls.js; they are the two loader classes.
    this.hlsConfig = engine.getConfigForHlsJs() as Pick<HlsConfig, 'fLoader' | 'pLoader'>;
    engine.addEventListener('onChunkDownloaded', (bytes, source) => {
      if (source === 'http') this.#http += bytes;
      else this.#p2p += bytes;
    });
    engine.addEventListener('onChunkUploaded', (bytes) => {
      this.#uploaded += bytes;
      options.onUploaded();
    });
    engine.addEventListener('onPeerConnect', ({ peerId }) => {
      this.#peers.add(peerId);
      this.#setTracker('connected');
      options.onPeers(this.#peers.size);
    });
    engine.addEventListener('onPeerClose', ({ peerId }) => {
      if (this.#peers.delete(peerId)) options.onPeers(this.#peers.size);
    });
    engine.addEventListener('onTrackerError', ({ error }) => {
      if (!this.#enabled || this.#warned) return;
      this.#warned = true;
      options.onTrackerUnreachable(error);
    });
  }

  /** Loads the package; rejects where it is not installed or cannot run. */
  static async load(options: StockEngineOptions): Promise<StockEngine> {
    // A package that it brings along counts on the `process` that bundlers once added by themselves.
    if (!('process' in globalThis))
      Object.assign(globalThis, { process: { browser: true, env: {} } });
    // Optional: esbuild refuses to bundle for a site that has not installed it, unless that is provided for.
    const stock = await import('p2p-media-loader-hlsjs').catch((cause: unknown) => {
      throw cause;
    });
    const engine = new stock.HlsJsP2PEngine({
      core: {
        announceTrackers: [options.tracker],
        rtcConfig: { iceServers: [...options.iceServers] },
        isP2PDisabled: !options.p2p,
        isP2PUploadDisabled: !options.uploads,
      },
    });
    return new StockEngine(engine, options);
  }

  attach(hls: Hls): void {
    this.#engine.bindHls(hls);
    this.#setTracker(this.#enabled ? 'connecting' : 'off');
  }

  /** It does not say when it reaches its tracker: `connected` here means that it has met a peer. */
  counters(): DriverCounters {
    return {
      http: this.#http,
      p2p: this.#p2p,
      uploaded: this.#uploaded,
      wasted: 0,
      peers: this.#peers.size,
      viewers: undefined,
      resting: false,
      tracker: this.#tracker,
    };
  }

  p2p(): boolean {
    return this.#enabled;
  }

  setP2P(enabled: boolean): void {
    this.#enabled = enabled;
    this.#engine.applyDynamicConfig({ core: { isP2PDisabled: !enabled } });
    this.#setTracker(enabled ? 'connecting' : 'off');
  }

  /** Does nothing where nothing changes. */
  setUpload(enabled: boolean): void {
    if (this.#uploads === enabled) return;
    this.#uploads = enabled;
    this.#engine.applyDynamicConfig({ core: { isP2PUploadDisabled: !enabled } });
  }

  /** The player goes on over HTTP through it, since its loaders cannot be taken out of a running player. */
  close(): void {
    this.setP2P(false);
  }

  #setTracker(state: TrackerState): void {
    if (this.#tracker === state) return;
    this.#tracker = state;
    this.#options.onTracker(state);
  }
}
