import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type FeedLog } from '@shoal/server/core';
import {
  type DatabaseOptions,
  openDatabase,
} from '../../server/src/adapters/database/open-database.ts';
import { openFeed } from '../../server/src/adapters/feed/open-feed.ts';
import { type MakeDatabase } from '../integration/service/databases.ts';
import { RedisServer } from '../support/redis-server.ts';

/** Opens the logs of so many processes as a kind has, all with one database that was made for the test, or with the one that is given. */
export type OpenLogs = (database?: DatabaseOptions) => Promise<{
  readonly logs: readonly [FeedLog, ...FeedLog[]];
  readonly database: DatabaseOptions;
}>;

const QUIET = { info: () => undefined, warn: () => undefined };

function fail(error: unknown): never {
  throw error;
}

async function openLog(database: DatabaseOptions, redis?: string): Promise<FeedLog> {
  const { db, close } = await openDatabase(database);
  const { feed } = await openFeed(db, { redis, now: Date.now, log: QUIET, onError: fail });
  onTestFinished(async () => {
    await feed.close();
    await close();
  });
  return feed;
}

/** Every kind of log: of one process over each database, and of two processes with one PostgreSQL and one Redis where that is installed. */
export function allFeedLogs(
  databases: readonly (readonly [name: string, make: MakeDatabase])[],
): readonly (readonly [name: string, open: OpenLogs])[] {
  const alone = databases.map(([name, make]): [string, OpenLogs] => [
    name,
    async (given) => {
      const database = given ?? (await make());
      return { logs: [await openLog(database)], database };
    },
  ]);
  const [, postgres] = databases.find(([name]) => name === 'PostgreSQL') ?? [];
  if (postgres === undefined) return alone;
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start({ forgets: true });
  });
  afterAll(() => redis.close());
  return [
    ...alone,
    [
      'PostgreSQL, of two processes with one Redis',
      async (given) => {
        const database = given ?? (await postgres());
        const [one, two] = [await openLog(database, redis.url), await openLog(database, redis.url)];
        return { logs: [one, two], database };
      },
    ],
  ];
}
