import { FEED_LIMITS, type FeedLog } from '@shoal/server/core';
import { startChat } from '../../../server/src/adapters/chat/start-chat.ts';
import { ChannelTable } from '../../../server/src/adapters/database/channel-table.ts';
import {
  type DatabaseOptions,
  openDatabase,
} from '../../../server/src/adapters/database/open-database.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { channelId } from '../../support/builders.ts';

/**
 * A process that keeps a message of a chat and is killed before or after the feed has it. Its arguments: when, its database as JSON, and the
 * text.
 */
const [, , when = 'before', database = '{}', text = ''] = process.argv;
const CHANNEL = channelId('demo');

const fail = (error: unknown): never => {
  throw error;
};
const { db } = await openDatabase(JSON.parse(database) as DatabaseOptions);
const log = new SqlFeedLog(db, fail);
const killed = async (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
const feed: FeedLog = {
  append: async (...args) => {
    if (when === 'before') return killed();
    await log.append(...args);
    return killed();
  },
  after: (...args) => log.after(...args),
  last: (of) => log.last(of),
  subscribe: (listener) => log.subscribe(listener),
  close: () => log.close(),
};
const ports = {
  ...{ feed, now: Date.now, newId: () => `m-${text}`, onError: fail },
  isSubscribed: () => Promise.resolve(false),
};
const { chat } = await startChat(db, ports);
const row = await new ChannelTable(db).find(CHANNEL);
if (row === undefined) throw new Error('no channel');
const actor = { type: 'user', id: 'vi', name: 'Vi', guest: false } as const;
// It is killed before this ends; an exit of its own would be a failure.
setTimeout(() => process.exit(1), FEED_LIMITS.keepAliveMs);
await chat.send({ id: CHANNEL, row, rank: 'viewer' }, actor, text);
