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
  /**
   * Calls `listener` with every event of every feed from now on, and `lost` where some are no longer there: the feed goes on after this
   * number. Returns its undo.
   */
  readonly subscribe: (
    listener: (feed: FeedId, envelope: Envelope) => void,
    lost?: (feed: FeedId, seq: number) => void,
  ) => () => void;
  readonly close: () => Promise<void>;
};

/** Carries events that are in the log to other processes; it may lose, double and disorder them. */
export type FeedBus = {
  readonly publish: (feed: FeedId, envelope: Envelope) => void;
  readonly close: () => void;
};

/** What a bus tells. */
export type FeedBusHandlers = {
  readonly onEvent: (feed: FeedId, envelope: Envelope) => void;
  /** Events are heard from now on; before, some may have been missed. */
  readonly onUp: () => void;
};
