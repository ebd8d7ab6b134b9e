import { type Kysely } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import {
  type AccessGate,
  type FeedId,
  type FeedLog,
  type StreamOrigin,
  type StreamReport,
} from '../../core/index.ts';
import { ServiceError } from '../../service-error.ts';
import { AnnouncementTable } from '../database/announcement-table.ts';
import { BroadcastTable } from '../database/broadcast-table.ts';
import { type ChannelTable } from '../database/channel-table.ts';
import { type Database } from '../database/schema.ts';
import { PlaybackShareTable } from '../database/playback-share-table.ts';
import { StreamKeyTable } from '../database/stream-key-table.ts';
import { Announcer } from './announcer.ts';
import { Broadcasts } from './broadcasts.ts';
import { Follower } from './follower.ts';
import { type PlaybackOptions } from './playback-options.ts';
import { readPlayback } from './playback-message.ts';
import { PublishAccess } from './publish-access.ts';
import { StreamKeys } from './stream-keys.ts';
import { Viewers } from './viewers.ts';

/** What routes of broadcasts and streams have to do with. */
export type BroadcastParts = {
  readonly broadcasts: Broadcasts;
  readonly table: BroadcastTable;
  readonly keys: StreamKeys;
  readonly access: PublishAccess;
  readonly viewers: Viewers;
  readonly playback: PlaybackOptions;
  /** What the origin tells of a channel; undefined where there is no origin, or it has not got that. Rejects while it cannot be asked. */
  readonly report: <Field extends keyof StreamReport>(
    channel: ChannelId,
    field: Field,
  ) => Promise<StreamReport[Field] | undefined>;
};

/** Running broadcasts. */
export type RunningBroadcasts = {
  readonly parts: BroadcastParts;
  readonly access: AccessGate;
  /** Follows the streams of an origin; resolves when it was asked for the first time. Rejects with a `ServiceError` where one is followed. */
  readonly follow: (origin: StreamOrigin) => Promise<void>;
  /** A reader of a feed says something; false where it is not about playback, and left to others. */
  readonly onMessage: (speaker: { readonly feed: FeedId } & object, message: unknown) => boolean;
  readonly close: () => Promise<void>;
};

/** Puts the parts together, and tells what an earlier process left untold. */
export function startBroadcasts(of: {
  readonly db: Kysely<Database>;
  readonly feed: FeedLog;
  readonly channels: ChannelTable;
  readonly playback: PlaybackOptions;
  readonly digestOf: (secret: string) => string;
  readonly newSecret: () => string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
}): RunningBroadcasts {
  const { db, feed, channels, playback, digestOf, newSecret, now, newId, onError } = of;
  const [table, keyTable, viewers] = [
    new BroadcastTable(db),
    new StreamKeyTable(db),
    new Viewers(new PlaybackShareTable(db), newId(), now),
  ];
  let followed: { readonly origin: StreamOrigin; readonly follower: Follower } | undefined;
  const drop = (channel: ChannelId, reason: string): void => {
    followed?.follower.drop(channel, reason).catch(onError);
  };
  const announcer = new Announcer(new AnnouncementTable(db), feed, onError);
  const broadcasts = new Broadcasts({ table, announcer, now, newId, drop });
  const keys = new StreamKeys({ keys: keyTable, table, digestOf, newSecret, now, newId, drop });
  const access = new PublishAccess({ keys: keyTable, channels, table, digestOf, now });
  return {
    parts: {
      ...{ broadcasts, table, keys, access, viewers, playback },
      report: async (channel, field) => followed?.origin.report(channel, field),
    },
    access: (request) => access.decide(request),
    follow: async (origin) => {
      if (followed !== undefined)
        throw new ServiceError('bad-options', 'the service follows an origin already');
      const ports = { origin, broadcasts, table, channels, viewers, now, onError };
      followed = { origin, follower: new Follower(ports) };
      await followed.follower.first;
    },
    onMessage: (speaker, message) => {
      const report = readPlayback(message);
      if (report === undefined) return false;
      if (report !== 'invalid' && speaker.feed.audience === 'viewers')
        viewers.take(speaker.feed.channel, speaker, report);
      return true;
    },
    close: async () => {
      keys.close();
      await followed?.follower.close();
      await announcer.close();
    },
  };
}
