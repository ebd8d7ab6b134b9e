import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import type { ShoalEvents } from './events.ts';
import type { EngineName, UploadOptions } from './options.ts';
import type { ShoalStats } from './stats.ts';

/** A player's link to the swarm; one per `Hls` instance. */
export type Shoal = {
  /** The engine in use; `none` where P2P is not possible: the player then plays plain HLS. */
  readonly engine: EngineName | 'none';
  /** Spread into the configuration of `new Hls(…)`. */
  readonly hlsConfig: Partial<HlsConfig>;
  /** Connects to the player; call once, before or after `loadSource`. */
  readonly attach: (hls: Hls) => void;
  readonly stats: () => ShoalStats;
  /** Calls `listener` for every such event from now on; returns its undo. */
  readonly on: <Name extends keyof ShoalEvents>(
    name: Name,
    listener: (event: ShoalEvents[Name]) => void,
  ) => () => void;
  /** Switches sharing and receiving off (everything over HTTP) or on again, during playback. */
  readonly setP2P: (enabled: boolean) => void;
  /**
   * Switches uploading off or on again, or gives it other rules (which switches it on), during playback. A viewer that does not
   * upload goes on to receive. Throws {@link ShoalError} `invalid-option` for rules that make no sense.
   */
  readonly setUpload: (upload: boolean | UploadOptions) => void;
  /** Leaves the swarm and frees everything; the player goes on over plain HTTP. Idempotent. */
  readonly close: () => void;
};
