import { randomBytes } from 'node:crypto';
import { type Kysely } from 'kysely';
import { type FeedId, type FeedLog } from '../../core/index.ts';
import { ServiceError } from '../../service-error.ts';
import { databaseId } from '../database/database-id.ts';
import { type Database } from '../database/schema.ts';
import { type LinkLog } from '../redis/redis-link.ts';
import { SharedFeedLog } from './shared-feed-log.ts';
import { SqlFeedLog } from './sql-feed-log.ts';
import { type ViewerExchange } from './viewer-counter.ts';

/** Feeds of this process, and what it shares them over. */
export type OpenFeed = {
  readonly feed: FeedLog;
  /** Undefined where there are no other processes. */
  readonly shared:
    | {
        readonly follow: (feed: FeedId) => () => void;
        readonly viewers: ViewerExchange;
      }
    | undefined;
};

/**
 * The log in the database, and with a Redis the bus to other processes; rejects with a `ServiceError` (`bad-options`). Redis need not be there.
 * Its client is not loaded where it is not used.
 */
export async function openFeed(
  db: Kysely<Database>,
  of: {
    readonly redis: string | undefined;
    readonly now: () => number;
    readonly log: LinkLog;
    readonly onError: (error: unknown) => void;
  },
): Promise<OpenFeed> {
  const { redis: url, now, log, onError } = of;
  const common = new SqlFeedLog(db, onError);
  if (url === undefined) return { feed: common, shared: undefined };
  // Without the URL, which may have a password in it.
  if (!/^rediss?:\/\/\S+$/.test(url) || !URL.canParse(url))
    throw new ServiceError('bad-options', 'redis must be a URL of redis:// or rediss://');
  const [{ RedisFeedBus }, { ViewerRegistry }] = await Promise.all([
    import('../redis/redis-feed-bus.ts'),
    import('../redis/viewer-registry.ts'),
  ]);
  const newId = (): string => randomBytes(9).toString('base64url');
  const ids = { service: await databaseId(db, newId()), process: newId() };
  let bus: InstanceType<typeof RedisFeedBus> | undefined;
  const feed = new SharedFeedLog({
    log: common,
    openBus: (handlers) => (bus = new RedisFeedBus({ url, ...ids, log }, handlers)),
    ...{ now, onError },
  });
  const follow = feed.follow.bind(feed);
  const viewers = new ViewerRegistry(() => bus?.client, ids);
  return { feed, shared: { follow, viewers } };
}
