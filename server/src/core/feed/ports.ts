import { type ChannelId, type Envelope, type FeedAudience, type FeedEvent } from '@shoal/protocol';

/** One line of events of a channel. */
export type FeedId = { readonly channel: ChannelId; readonly audience: FeedAudience };

/** Events from a number on, or that some of them are no longer there. */
export type Replay =
  | { readonly type: 'events'; readonly events: readonly Envelope[] }
  /** The reader must begin anew, from this number. */
  | { readonly type: 'resync'; readonly seq: number };

/**
 * Numbers events, keeps the newest of each feed, and carries them to every process. Numbers of a feed go up by one, over restarts
 * too, and every process sees the events of a feed in the order of their numbers.
 */
export type FeedLog = {
  /** Resolves when the event is kept and numbered. The `id` of what happened once makes it happen once: a second time is no event. */
  readonly append: (
    feed: FeedId,
    event: FeedEvent,
    options: { readonly at: number; readonly id: string },
  ) => Promise<Envelope>;
  /** What came after this number. */
  readonly after: (feed: FeedId, seq: number) => Promise<Replay>;
  /** The newest number; 0 for a feed that has none. */
  readonly last: (feed: FeedId) => Promise<number>;
  /** Calls `listener` with every event of every feed from now on; returns its undo. */
  readonly subscribe: (listener: (feed: FeedId, envelope: Envelope) => void) => () => void;
  readonly close: () => Promise<void>;
};
