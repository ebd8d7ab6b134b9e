import { afterEach, describe, expect, it } from 'vitest';
import { type Envelope, type FeedEvent } from '@shoal/protocol';
import { FEED_LIMITS, type FeedId, type FeedLog } from '@shoal/server/core';
import {
  type DatabaseOptions,
  openDatabase,
} from '../../../server/src/adapters/database/open-database.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { channelId } from '../../support/builders.ts';
import { bothDatabases } from './databases.ts';

const VIEWERS: FeedId = { channel: channelId(), audience: 'viewers' };
const STREAMER: FeedId = { channel: channelId(), audience: 'streamer' };
const ONLINE: FeedEvent = { type: 'stream.online', data: {} };

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function inSql(options: DatabaseOptions): Promise<FeedLog> {
  const { db, close } = await openDatabase(options);
  const log = new SqlFeedLog(db, (error) => {
    throw error;
  });
  undo.push(async () => {
    await log.close();
    await close();
  });
  return log;
}

const seqs = (events: readonly Envelope[]): readonly number[] => events.map(({ seq }) => seq);

describe.each(bothDatabases())('a log of feeds in %s', (_, make) => {
  it('FEED-2 numbers the events of each feed by itself, in the order in which they came', async () => {
    const log = await inSql(await make());
    const told: string[] = [];
    log.subscribe(({ audience }, { seq }) => told.push(`${audience} ${seq}`));
    const ids = Array.from({ length: 20 }, (_, i) => `e${i}`);
    const made = await Promise.all(ids.map((id) => log.append(VIEWERS, ONLINE, { at: 1, id })));
    await log.append(STREAMER, ONLINE, { at: 2, id: 's' });
    expect(made.map(({ id, seq }) => [id, seq])).toEqual(ids.map((id, i) => [id, i + 1]));
    expect(made[0]).toEqual({
      ...{ type: 'stream.online', data: {}, id: 'e0', version: 1, at: 1 },
      ...{ channel: VIEWERS.channel, seq: 1 },
    });
    expect(told).toEqual([...ids.map((_, i) => `viewers ${i + 1}`), 'streamer 1']);
    expect([await log.last(VIEWERS), await log.last(STREAMER)]).toEqual([20, 1]);
  });

  it('FEED-2 what happened once happens once', async () => {
    const log = await inSql(await make());
    let told = 0;
    log.subscribe(() => (told += 1));
    const first = await log.append(VIEWERS, ONLINE, { at: 1, id: 'same' });
    const again = await log.append(VIEWERS, ONLINE, { at: 2, id: 'same' });
    expect(again).toEqual(first);
    expect([told, await log.last(VIEWERS)]).toEqual([1, 1]);
  });

  it('FEED-3 gives what came after a number, over restarts too', async () => {
    const options = await make();
    const before = await inSql(options);
    for (const id of ['a', 'b', 'c']) await before.append(VIEWERS, ONLINE, { at: 1, id });
    const log = await inSql(options);
    const { seq } = await log.append(VIEWERS, ONLINE, { at: 1, id: 'd' });
    expect(seq).toBe(4);
    const replay = await log.after(VIEWERS, 1);
    expect(replay.type === 'events' ? seqs(replay.events) : replay).toEqual([2, 3, 4]);
    expect(await log.after(VIEWERS, 4)).toEqual({ type: 'events', events: [] });
    expect(await log.after(STREAMER, 0)).toEqual({ type: 'events', events: [] });
  });

  it('FEED-4 says where to begin anew when it has not all of it, or never had the number', async () => {
    const log = await inSql(await make());
    const total = FEED_LIMITS.kept + 300;
    for (let i = 1; i <= total; i++) await log.append(VIEWERS, ONLINE, { at: i, id: `e${i}` });
    expect(await log.after(VIEWERS, 3)).toEqual({ type: 'resync', seq: total });
    expect(await log.after(VIEWERS, total + 1)).toEqual({ type: 'resync', seq: total });
    const replay = await log.after(VIEWERS, total - 2);
    expect(replay.type === 'events' ? seqs(replay.events) : replay).toEqual([total - 1, total]);
  });
});
