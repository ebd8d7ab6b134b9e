import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import type { PlayerTracks } from '../hlsjs/player-tracks.ts';
import type { UploadDecision } from '../../core/upload-policy.ts';
import type { TrackerState } from '../../events.ts';
import type { NotShared } from '../../not-shared.ts';
import type { EngineName } from '../../options.ts';
import type { Emitter } from './emitter.ts';

/** One way of getting segments to the player: the swarm, the stock engine, or plain HLS. */
export type Driver = {
  readonly engine: EngineName | 'none';
  readonly hlsConfig: Partial<HlsConfig>;
  readonly attach: (hls: Hls) => void;
  readonly playback: (tracks: PlayerTracks) => void;
  readonly counters: () => DriverCounters;
  /** What the player's own loader fetched, and why. */
  readonly notShared: () => NotShared;
  /** Whether P2P is on; stays false where it is not possible. */
  readonly p2p: () => boolean;
  readonly setP2P: (enabled: boolean) => void;
  /** What may be uploaded from now on. */
  readonly applyUpload: (decision: UploadDecision) => void;
  readonly close: () => void;
};

/** The part of the statistics that a {@link Driver} knows. */
export type DriverCounters = {
  readonly http: number;
  readonly p2p: number;
  readonly uploaded: number;
  readonly wasted: number;
  readonly peers: number;
  readonly viewers: number | undefined;
  readonly resting: boolean;
  readonly tracker: TrackerState;
};

/** What a driver tells. */
export type DriverListeners = {
  readonly emitter: Emitter;
  /** It has begun or ceased to be able to upload. */
  readonly onUploadable: () => void;
  /** The player asks for a segment, and what it has buffered may have changed before anybody heard of it. */
  readonly onDemand: () => void;
  readonly onTrackerUnreachable: (cause: unknown) => void;
};
