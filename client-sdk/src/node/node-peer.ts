import type { ShoalEvents } from '../events.ts';
import type { ShoalStats } from '../stats.ts';
import type { NodeUploadOptions } from './options.ts';
import type { FetchTimes } from './fetch-times.ts';

/** Counters of a peer since its start, and gauges of now. */
export type NodePeerStats = ShoalStats & {
  readonly fetch: FetchTimes;
  /** Segments whose media was played or is being played. */
  readonly playedSegments: number;
  /** Segments that could not be had in time and were left out. */
  readonly skippedSegments: number;
  /** Whether the playlist is closed (VOD, or a broadcast that is over) and was played to its end. */
  readonly ended: boolean;
};

/** A viewer without a picture: it fetches, shares and "plays" against the clock. */
export type NodePeer = {
  readonly stats: () => NodePeerStats;
  /** Calls `listener` for every such event from now on; returns its undo. */
  readonly on: <Name extends keyof ShoalEvents>(
    name: Name,
    listener: (event: ShoalEvents[Name]) => void,
  ) => () => void;
  /** Switches P2P off (everything over HTTP) or on again, during playback. */
  readonly setP2P: (enabled: boolean) => void;
  /**
   * Switches uploading off or on again, or gives it other bounds (which switches it on). Throws {@link NodePeerError}
   * `invalid-option` for bounds that make no sense.
   */
  readonly setUpload: (upload: boolean | NodeUploadOptions) => void;
  /** Leaves the swarm and stops playing; within half a second nothing of it keeps the process alive. Idempotent. */
  readonly close: () => void;
};
