import { type ChannelId } from '../ids.ts';

/** A viewer, guest or account, as others see it. */
export type ChatAuthor = {
  readonly id: string;
  readonly name: string;
  /** What it may do in this channel. */
  readonly rank: 'viewer' | 'moderator' | 'streamer' | 'admin';
};

/** Money in the smallest unit of its currency, as cents. */
export type Money = {
  readonly minorUnits: number;
  /** ISO 4217, as `EUR`. */
  readonly currency: string;
};

/** What viewers are told (FEED-1). Times are Unix milliseconds. */
export type ViewerEvent =
  | {
      readonly type: 'channel.updated';
      readonly data: {
        readonly title: string;
        readonly category: string;
        readonly tags: readonly string[];
        /** URL of a picture. */
        readonly thumbnail: string | null;
      };
    }
  | {
      readonly type: 'stream.online' | 'stream.interrupted' | 'stream.offline';
      readonly data: Readonly<Record<string, never>>;
    }
  | {
      readonly type: 'broadcast.transitioned';
      readonly data: { readonly broadcast: string; readonly state: string; readonly title: string };
    }
  | {
      readonly type: 'chat.message';
      readonly data: {
        readonly message: string;
        readonly author: ChatAuthor;
        /** Plain text: to be shown as text, never as HTML. */
        readonly text: string;
      };
    }
  | { readonly type: 'chat.message.deleted'; readonly data: { readonly message: string } }
  | {
      readonly type: 'chat.user.banned';
      readonly data: { readonly user: string; /** Absent: for good. */ readonly until?: number };
    }
  | { readonly type: 'chat.user.unbanned'; readonly data: { readonly user: string } }
  | {
      readonly type: 'chat.settings.updated';
      readonly data: { readonly mode: string; readonly slowModeSeconds: number };
    }
  | {
      readonly type: 'vod.ready';
      readonly data: {
        /** Null where it is not known which one it is of. */
        readonly broadcast: string | null;
        /** Path or URL of its multivariant playlist. */
        readonly playlist: string;
      };
    };

/** What is worth nothing a moment later: it has no number of its own, and a slow reader loses it first. The last two are the streamer's. */
export type PassingEvent =
  | {
      readonly type: 'viewer.count';
      readonly data: { readonly viewers: number };
    }
  | {
      /** Of the last minute; null where that cannot be known. */
      readonly type: 'p2p.stats';
      readonly data: {
        /** Who read the feed of viewers. */
        readonly viewers: number;
        /** That the origin sent. */
        readonly copiesPerSegment: number | null;
        /** The share that viewers had from one another, 0 to 1. */
        readonly offload: number | null;
      };
    }
  | {
      readonly type: 'vod.progress';
      readonly data: {
        /** Id of the recording. */
        readonly recording: number;
        /** What is made of it. */
        readonly made: 'mp4' | 'storyboard';
        readonly state: 'waiting' | 'running' | 'done' | 'failed';
        /** Percent. */
        readonly progress: number;
      };
    };

/** What only the streamer is told; kept until it is acknowledged (FEED-6). */
export type StreamerEvent =
  | {
      readonly type: 'donation.received';
      readonly data: {
        readonly donation: string;
        readonly from: string;
        readonly amount: Money;
        readonly message: string;
      };
    }
  | {
      readonly type: 'subscription.created' | 'subscription.renewed';
      readonly data: {
        readonly subscription: string;
        readonly user: string;
        readonly name: string;
        readonly tier: string;
        readonly months: number;
      };
    }
  | {
      readonly type: 'subscription.gifted';
      readonly data: {
        readonly subscription: string;
        readonly from: string;
        readonly to: string;
        readonly tier: string;
      };
    }
  | {
      readonly type: 'stream.health';
      readonly data: {
        readonly status: 'good' | 'ok' | 'bad';
        readonly issues: readonly { readonly type: string; readonly description: string }[];
      };
    };

/** Every event of a feed that is numbered. */
export type FeedEvent = ViewerEvent | StreamerEvent;

/** Who reads a feed: each has its own numbers. */
export type FeedAudience = 'viewers' | 'streamer';

/** An event as it is on the wire. */
export type Envelope<E extends FeedEvent | PassingEvent = FeedEvent | PassingEvent> = E & {
  /** Never used twice. */
  readonly id: string;
  readonly version: 1;
  /** Unix milliseconds. */
  readonly at: number;
  readonly channel: ChannelId;
  /** Its number in the feed, from 1 without a gap; of a passing event that of the last numbered one. */
  readonly seq: number;
};
