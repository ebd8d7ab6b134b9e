import { type ChannelId } from '@shoal/protocol';
import { type JobKey, type JobRecord, type JobType } from './job-record.ts';

/** What became of a job that ran: `given up` because it was asked to stop. */
export type JobOutcome =
  { readonly type: 'made' | 'given up' } | { readonly type: 'failed'; readonly reason: string };

/** Everything that can happen to jobs. */
export type JobsInput =
  /** A broadcast is over, and nothing can follow; or it was already when the origin started. */
  | {
      readonly type: 'finished';
      readonly channel: ChannelId;
      readonly broadcast: number;
      /** What is remembered of its jobs. */
      readonly records: readonly JobRecord[];
      /** Jobs whose products are listed. */
      readonly made: readonly JobType[];
    }
  | { readonly type: 'deleted'; readonly channel: ChannelId; readonly broadcast: number }
  /** How much of it is done, 0 to 1. */
  | { readonly type: 'progress'; readonly job: JobKey; readonly fraction: number }
  | { readonly type: 'ended'; readonly job: JobKey; readonly outcome: JobOutcome }
  /** The origin is about to end. */
  | { readonly type: 'closing' }
  | { readonly type: 'tick' };

/** Everything that jobs may ask their host to do. */
export type JobsEffect =
  /** To be answered with `ended`, once. */
  | { readonly type: 'start'; readonly job: JobKey }
  /** `ended` is still to come. */
  | { readonly type: 'stop'; readonly job: JobKey }
  /** Remembers the jobs of a broadcast, in place of what was remembered. */
  | {
      readonly type: 'save';
      readonly channel: ChannelId;
      readonly broadcast: number;
      readonly records: readonly JobRecord[];
    }
  /** Forgets them. */
  | { readonly type: 'forget'; readonly channel: ChannelId; readonly broadcast: number }
  | {
      readonly type: 'note';
      readonly level: 'info' | 'warn';
      readonly channel: ChannelId;
      readonly message: string;
    };

/** What the status API tells of a job. Times are Unix milliseconds. */
export type JobStatus = JobRecord & {
  /** Of this channel. */
  readonly id: string;
  readonly broadcast: number;
  /** Percent, a whole number. */
  readonly progress: number;
  /** When it is tried again; absent where that is now, or never. */
  readonly retryAt?: number;
};
