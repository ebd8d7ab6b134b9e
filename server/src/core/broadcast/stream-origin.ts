import { type ChannelId } from '@shoal/protocol';
import { type SegmentDelivery } from '../delivery/accounting.ts';
import { type JobStatus } from '../jobs/messages.ts';
import { type BroadcastStatus } from '../recording/messages.ts';
import { type BroadcastHealth } from './health.ts';
import { type StreamChange } from './lifecycle.ts';

/** The stream of a channel as its origin sees it. */
export type Stream = {
  readonly channel: ChannelId;
  readonly state: StreamChange;
  /** Since when, or since a moment after that: Unix milliseconds of the origin's clock, which go up with each change. */
  readonly since: number;
};

/** What a player must know, as the origin tells it; paths are of the origin's host. */
export type StreamPlayback = {
  readonly hls: string;
  readonly lowLatency?: string | undefined;
  readonly dvr?: string | undefined;
  readonly signing?:
    | {
        readonly algorithm: string;
        readonly keys: readonly Readonly<Record<string, unknown>>[];
      }
    | undefined;
};

/** What is known of a channel's stream, beside that. */
export type StreamReport = {
  readonly health: BroadcastHealth;
  readonly playback: StreamPlayback;
  /** Oldest first. */
  readonly recordings: readonly BroadcastStatus[];
  readonly jobs: readonly JobStatus[];
  /** Of the newest segments, oldest first. */
  readonly delivery: readonly SegmentDelivery[];
};

/** Where the streams of channels are: an origin in this process, or one elsewhere. */
export type StreamOrigin = {
  /** All channels that it has. Rejects while it cannot be asked. */
  readonly streams: () => Promise<readonly Stream[]>;
  /** Calls `listener` with what changes, where that is known before it is asked for; returns its undo. */
  readonly subscribe: (listener: (stream: Stream) => void) => () => void;
  /** Undefined for what it has not got. Rejects while it cannot be asked. */
  readonly report: <Field extends keyof StreamReport>(
    channel: ChannelId,
    field: Field,
  ) => Promise<StreamReport[Field] | undefined>;
  /** Ends the connection of who publishes to the channel; false where it cannot be ended from here. */
  readonly drop: (channel: ChannelId, reason: string) => Promise<boolean>;
};
