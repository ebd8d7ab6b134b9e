import { randomUUID } from 'node:crypto';
import { CHAT_LIMITS, type FeedLog } from '@shoal/server/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChatMessages } from '../../../server/src/adapters/chat/chat-messages.ts';
import {
  type MessageRow,
  MessageTable,
} from '../../../server/src/adapters/database/message-table.ts';
import { WriterTable } from '../../../server/src/adapters/database/writer-table.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { channelId } from '../../support/builders.ts';
import { ChatScene } from './chat-scene.ts';
import { bothDatabases, openForTest } from './databases.ts';
import { TestService } from './test-service.ts';

const CHANNEL = channelId();

function message(n: number, of: Partial<MessageRow> = {}): MessageRow {
  return {
    ...{ id: randomUUID(), channel: CHANNEL, author_id: 'vi', author_name: 'Vi' },
    ...{ author_rank: 'viewer', text: `text ${n}`, at: n, seq: null, untold: 1 },
    ...{ deleted_at: null, deleted_by: null, ...of },
  };
}

describe.each(bothDatabases())('limits of chats over %s', (_, make) => {
  it('CHT-12 keeps no more messages of a channel than it may', async () => {
    const db = await openForTest(await make());
    const [table, log] = [new MessageTable(db), new SqlFeedLog(db, fail)];
    const messages = new ChatMessages(table, log);
    const old = Array.from({ length: CHAT_LIMITS.keptMessages + 100 }, (__, i) =>
      message(i, { seq: i - CHAT_LIMITS.keptMessages - 100, untold: 0 }),
    );
    for (let i = 0; i < old.length; i += 1_000)
      await db
        .insertInto('chat_messages')
        .values(old.slice(i, i + 1_000))
        .execute();
    const last = await messages.post(CHANNEL, message(0));
    await messages.trim();
    const { count } = await db
      .selectFrom('chat_messages')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(CHAT_LIMITS.keptMessages);
    expect(await messages.find(CHANNEL, last.id)).toBeDefined();
    expect(await messages.find(CHANNEL, old[100]?.id ?? '')).toBeUndefined();
    expect(await messages.find(CHANNEL, old[101]?.id ?? '')).toBeDefined();
  });

  it('CHT-6 tells of all that is kept and untold, however much, in the order in which it was kept', async () => {
    const db = await openForTest(await make());
    const [table, log] = [new MessageTable(db), new SqlFeedLog(db, fail)];
    const count = 2 * CHAT_LIMITS.untoldBatch + 1;
    for (let i = 0; i < count; i++) await table.insert(message(i));
    const told: number[] = [];
    log.subscribe((__, { at }) => told.push(at));
    await new ChatMessages(table, log).settle();
    expect(told).toEqual(Array.from({ length: count }, (__, i) => i));
    expect(await table.untold({ limit: 1 })).toEqual([]);
  });

  it('CHT-6 a message that is deleted while it is told is told first, and both once', async () => {
    const db = await openForTest(await make());
    const [table, log] = [new MessageTable(db), new SqlFeedLog(db, fail)];
    const told: string[] = [];
    log.subscribe((__, { type }) => told.push(type));
    const by = { by: 'mo', at: 9 };
    // Somebody deletes it between the two steps of telling it.
    const slow = between(log, async (type, id) => {
      if (type === 'chat.message') await new ChatMessages(table, log).delete(CHANNEL, id, by);
    });
    const row = await new ChatMessages(table, slow).post(CHANNEL, message(1));
    expect(row).toMatchObject({ seq: 1, deleted_by: 'mo' });
    expect(told).toEqual(['chat.message', 'chat.message.deleted']);
    expect(await table.untold({ limit: 1 })).toEqual([]);
  });

  it('CHT-10 a channel has no more bans than it may; one that is there can be changed', async () => {
    const database = await make();
    const test = await TestService.start({ database });
    onTestFinished(() => test.close());
    const scene = await ChatScene.start(test);
    const db = await openForTest(database);
    const ban = { channel: scene.channel, until: null, reason: '', by: 'mo', at: 1 };
    const all = Array.from({ length: CHAT_LIMITS.bans }, (__, i) => ({ ...ban, user_id: `u${i}` }));
    for (let i = 0; i < all.length; i += 1_000)
      await db
        .insertInto('bans')
        .values(all.slice(i, i + 1_000))
        .execute();
    expect(await scene.as('mo', 'PUT /bans/more', {})) //
      .toMatchObject({ status: 409, body: { code: 'too-many-bans' } });
    expect((await scene.as('mo', 'PUT /bans/u5', { seconds: 5 })).status).toBe(200);
  });

  it('CHT-6 whoever lists messages gets all that the feed has, whichever process is about to place them', async () => {
    const db = await openForTest(await make());
    const [table, log] = [new MessageTable(db), new SqlFeedLog(db, fail)];
    const page = { cursor: undefined, limit: 10 };
    const lists: Promise<{ readonly rows: readonly MessageRow[] }>[] = [];
    const slow = between(log, () => {
      // The feed has it, and its place is not in the database.
      lists.push(messages.list(CHANNEL, page), new ChatMessages(table, log).list(CHANNEL, page));
      return Promise.resolve();
    });
    const messages = new ChatMessages(table, slow);
    const row = await messages.post(CHANNEL, message(1));
    expect(lists).toHaveLength(2);
    for (const { rows } of await Promise.all(lists)) expect(rows).toEqual([row]);
  });

  it('CHT-8 of two who take a message of somebody at once one does, and nobody is remembered for ever', async () => {
    const writers = new WriterTable(await openForTest(await make()));
    const of = { channel: CHANNEL, user: 'vi' };
    expect(await writers.find(of)).toBeUndefined();
    const both = (version: number | undefined) =>
      Promise.all([writers.put(of, [1, 2], version), writers.put(of, [1, 3], version)]);
    for (const version of [undefined, 1])
      expect((await both(version)).filter((mine) => mine)).toHaveLength(1);
    const { times, version } = (await writers.find(of)) ?? {};
    expect([
      [1, 2],
      [1, 3],
    ]).toContainEqual(times);
    expect(version).toBe(2);
    await writers.put({ ...of, user: 'mo' }, [9], undefined);
    await writers.deleteBefore(9);
    expect(await writers.find(of)).toBeUndefined();
    expect(await writers.find({ ...of, user: 'mo' })).toEqual({ times: [9], version: 1 });
  });
});

/** A log where something happens between an append and what its caller does next. */
function between(log: FeedLog, happens: (type: string, id: string) => Promise<void>): FeedLog {
  return {
    append: async (...args) => {
      const envelope = await log.append(...args);
      await happens(args[1].type, args[2].id);
      return envelope;
    },
    after: (...args) => log.after(...args),
    last: (of) => log.last(of),
    subscribe: (listener) => log.subscribe(listener),
    close: () => log.close(),
  };
}

function fail(error: unknown): never {
  throw error;
}
