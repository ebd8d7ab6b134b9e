import { type ChannelId } from '@shoal/protocol';
import {
  type BroadcastStatus,
  type JobStatus,
  type SegmentDelivery,
  type StreamHealth,
} from '../../core/index.ts';
import { type PlaybackInfo } from './playback-info.ts';

/** What the origin of a channel tells of it, beside its status. */
export type ChannelReport = {
  /** What was served of its newest segments. */
  readonly delivery: readonly SegmentDelivery[];
  /** Broadcasts that were recorded, oldest first. */
  readonly recordings: readonly BroadcastStatus[];
  /** What is made of broadcasts that are over. */
  readonly jobs: readonly JobStatus[];
  /** How well it gets what it needs of its publisher. */
  readonly health: StreamHealth;
  /** What a player must know of a channel to play it. */
  readonly playback: PlaybackInfo;
};

/** Tells one part of a report. */
export type TellReport = <Field extends keyof ChannelReport>(
  channel: ChannelId,
  field: Field,
) => ChannelReport[Field];
