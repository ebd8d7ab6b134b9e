import type { TrackerState } from './events.ts';
import type { NotShared } from './not-shared.ts';
import type { UploadState } from './upload-state.ts';

/** Counters since {@link createShoal}, and gauges of now. Bytes are segment bytes, playlists and headers not counted. */
export type ShoalStats = {
  readonly bytes: {
    /** From the origin. */
    readonly http: number;
    /** From other viewers, verified. */
    readonly p2p: number;
    /** To other viewers. */
    readonly uploaded: number;
    /** Fetched and thrown away: twice fetched, or failed verification. */
    readonly wasted: number;
  };
  /** What came over HTTP without the swarm, and why; empty for the stock engine. */
  readonly notShared: NotShared;
  /** Connected neighbours. */
  readonly peers: number;
  /** Viewers of the channel, as the tracker last said. */
  readonly viewers: number | undefined;
  readonly tracker: TrackerState;
  /** Whether P2P is on now. */
  readonly p2p: boolean;
  /** Whether the viewer rests from the swarm although P2P is on, its device being short of CPU. */
  readonly resting: boolean;
  /** Whether others may get anything from this viewer now, and if not, or less, why. */
  readonly upload: UploadState;
  /** Media buffered ahead of the playhead, in ms. */
  readonly bufferMs: number;
  /** Behind the live edge by the playlist's programme date-time, in ms; undefined before playback and for VOD. */
  readonly latencyMs: number | undefined;
  /** Times playback stopped for want of data after it had begun, and how long in all. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** From attaching to the first frame, in ms. */
  readonly startupMs: number | undefined;
};
