import { type ChannelId } from '@shoal/protocol';
import { type MadeSegment } from '../channel/made-segment.ts';
import { type Retention } from './retention.ts';
import { type JournalRecord } from './journal.ts';
import { type Product } from './product.ts';
import { type BroadcastSummary } from './summary.ts';
import { type WriteOutcome } from './write-queue.ts';

/** What is fixed about a channel's recording. */
export type RecordingOptions = Retention & {
  readonly channel: ChannelId;
  /** Length of the DVR window, milliseconds. */
  readonly dvrMs: number;
  /** Whether broadcasts are kept when they are over; without, there is the DVR window alone. */
  readonly vod: boolean;
};

/** Everything that can happen to a recording. */
export type RecordingInput =
  | { readonly type: 'segment'; readonly made: MadeSegment }
  /** The channel begins a broadcast, its publisher has not come back in time, or nothing can follow any more. */
  | { readonly type: 'begins' | 'ends' | 'closes' }
  /** Whether the journal has taken the segment. */
  | {
      readonly type: 'journaled';
      readonly epoch: number;
      readonly msn: number;
      readonly ok: boolean;
    }
  | { readonly type: 'written'; readonly path: string; readonly outcome: WriteOutcome }
  | { readonly type: 'published' | 'purged'; readonly broadcast: number; readonly ok: boolean }
  /** This was made of a broadcast that is over. */
  | {
      readonly type: 'products';
      readonly broadcast: number;
      readonly products: readonly Product[];
    }
  | { readonly type: 'tick' };

/** Everything that a recording may ask its host to do. */
export type RecordingEffect =
  /** `segment`: to be answered with `journaled`, before anything else happens. */
  | {
      readonly type: 'append';
      readonly broadcast: number;
      readonly record: JournalRecord;
      readonly answer: boolean;
    }
  /** Without bytes: to be looked up, with this size if there is one. Answered with `written`. */
  | {
      readonly type: 'write';
      readonly path: string;
      readonly bytes: Uint8Array | undefined;
      readonly size: number | undefined;
    }
  /**
   * Writes the playlists of a broadcast, if it has any, from its journal, then the list of broadcasts, and then, where it is
   * `final`, the summary, after which the journal is read no more. Answered with `published`.
   */
  | {
      readonly type: 'publish';
      readonly summary: BroadcastSummary;
      readonly final: boolean;
      /** Text of the list of broadcasts; undefined where there is none. */
      readonly index: string | undefined;
    }
  /** Remembers what was made of a broadcast, then lists it. */
  | {
      readonly type: 'amend';
      readonly summary: BroadcastSummary;
      readonly index: string | undefined;
    }
  /**
   * Deletes a broadcast: first it is noted that this has begun, then it is taken off the list, then its playlists and products go, its media
   * but for the initialisation sections of `sharedEpochs`, its journal and its summary. Answered with `purged`.
   */
  | {
      readonly type: 'purge';
      readonly summary: BroadcastSummary;
      readonly sharedEpochs: readonly number[];
      readonly index: string | undefined;
    }
  | { readonly type: 'note'; readonly level: 'info' | 'warn'; readonly message: string };

/** What the status API tells of a broadcast. Times are Unix milliseconds. */
export type BroadcastStatus = Omit<
  BroadcastSummary,
  'vod' | 'deleting' | 'products' | 'firstEpoch' | 'lastEpoch' | 'endAt'
> & {
  readonly state: 'running' | 'ended' | 'closed';
  /** Absent while it runs. */
  readonly endAt?: number;
  /** Path of its multivariant playlist; absent until it has one. */
  readonly playlist?: string;
  /** What was made of it since, by its path; absent where there is nothing. */
  readonly products?: readonly (Omit<Product, 'number'> & { readonly path: string })[];
};
