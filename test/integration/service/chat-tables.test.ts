import { describe, expect, it } from 'vitest';
import { CHAT_LIMITS } from '@shoal/server/core';
import { AudienceTable } from '../../../server/src/adapters/database/audience-table.ts';
import { type BanRow, BanTable } from '../../../server/src/adapters/database/ban-table.ts';
import { ChannelTable } from '../../../server/src/adapters/database/channel-table.ts';
import {
  type MessageRow,
  MessageTable,
} from '../../../server/src/adapters/database/message-table.ts';
import { type Page, type Paged } from '../../../server/src/adapters/database/page.ts';
import { type ReportRow, ReportTable } from '../../../server/src/adapters/database/report-table.ts';
import { TokenTable } from '../../../server/src/adapters/database/token-table.ts';
import { channelId } from '../../support/builders.ts';
import { bothDatabases, openForTest } from './databases.ts';

const CHANNEL = channelId();
const FIRST = { cursor: undefined, limit: 2 };

function message(n: number, of: Partial<MessageRow> = {}): MessageRow {
  return {
    ...{ id: `m${n}`, channel: CHANNEL, author_id: 'vi', author_name: 'Vi' },
    ...{ author_rank: 'viewer', text: `text ${n}`, at: n, seq: n, untold: 0 },
    ...{ deleted_at: null, deleted_by: null, ...of },
  };
}

function ban(user: string, of: Partial<BanRow> = {}): BanRow {
  return {
    ...{ channel: CHANNEL, user_id: user, until: null, reason: '', by: 'mo', at: 1 },
    ...of,
  };
}

function report(n: number, of: Partial<ReportRow> = {}): ReportRow {
  return {
    ...{ id: `r${n}`, channel: CHANNEL, message: `m${n}`, reporter: 'vi', reason: '', at: n },
    ...{ resolved_at: null, resolved_by: null, ...of },
  };
}

/** Every entry of a list, page by page. */
async function all<Row>(list: (page: Page) => Promise<Paged<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: Paged<Row>['next'];
  do {
    const page = await list({ cursor, limit: 2 });
    expect(page.rows.length).toBeLessThanOrEqual(2);
    rows.push(...page.rows);
    cursor = page.next;
  } while (cursor !== undefined);
  return rows;
}

describe.each(bothDatabases())('tables of chats in %s', (_, make) => {
  it('CHT-6 messages are listed by their places, the last first, and without those that have none', async () => {
    const table = new MessageTable(await openForTest(await make()));
    // Times do not decide: the last has the smallest.
    for (const n of [1, 2, 3, 4, 5]) await table.insert(message(n, { at: 100 - n }));
    await table.insert(message(6, { seq: null, untold: 1 }));
    await table.insert(message(7, { channel: 'other' }));
    const rows = await all((page) => table.list(CHANNEL, page));
    expect(rows.map(({ id }) => id)).toEqual(['m5', 'm4', 'm3', 'm2', 'm1']);
    expect((await table.list(channelId('none'), FIRST)).rows).toEqual([]);
    expect(await table.find(CHANNEL, 'm2')).toEqual(message(2, { at: 98 }));
    expect(await table.find(CHANNEL, 'm7')).toBeUndefined();
  });

  it('CHT-6 a message is untold until it has its place, and its deletion until that is told', async () => {
    const table = new MessageTable(await openForTest(await make()));
    const untold = async () => (await table.untold({ limit: 10 })).map(({ id }) => id);
    await table.insert(message(2, { seq: null, untold: 1 }));
    await table.insert(message(1, { seq: null, untold: 1 }));
    expect(await untold()).toEqual(['m1', 'm2']);
    expect(await table.place('m1', 7)).toEqual(message(1, { seq: 7 }));
    expect(await untold()).toEqual(['m2']);
    const by = { by: 'mo', at: 9 };
    expect(await table.delete(CHANNEL, 'm1', by)).toMatchObject({ seq: 7, deleted_at: 9 });
    expect(await table.delete(CHANNEL, 'm1', by)).toBeUndefined();
    expect(await table.delete(channelId('other'), 'm2', by)).toBeUndefined();
    // Deleted before it is placed: its deletion is yet to be told.
    await table.delete(CHANNEL, 'm2', by);
    expect(await table.place('m2', 8)).toMatchObject({ seq: 8, untold: 1, deleted_by: 'mo' });
    expect(await untold()).toEqual(['m1', 'm2']);
    for (const id of ['m1', 'm2']) await table.settle(id);
    expect(await untold()).toEqual([]);
    expect(await table.place('none', 9)).toBeUndefined();
  });

  it('CHT-10 the last messages of somebody are deleted, and those of nobody else', async () => {
    const table = new MessageTable(await openForTest(await make()));
    for (const n of [1, 2, 3, 4]) await table.insert(message(n));
    await table.insert(message(5, { author_id: 'other' }));
    await table.insert(message(6, { channel: 'other' }));
    const of = { channel: CHANNEL, author: 'vi', limit: 2 };
    const deleted = async () =>
      (await table.deleteLast(of, { by: 'mo', at: 9 })).map(({ id }) => id);
    expect(await deleted()).toEqual(['m3', 'm4']);
    expect(await deleted()).toEqual(['m1', 'm2']);
    expect(await deleted()).toEqual([]);
  });

  it('CHT-12 only the last messages of each channel are kept', async () => {
    const table = new MessageTable(await openForTest(await make()));
    for (const n of [1, 2, 3, 4, 5]) await table.insert(message(n));
    await table.insert(message(6, { channel: 'other' }));
    await table.insert(message(7, { seq: null, untold: 1 }));
    await table.trim(CHANNEL, 3);
    expect((await all((page) => table.list(CHANNEL, page))).map(({ id }) => id)) //
      .toEqual(['m5', 'm4', 'm3']);
    await table.trim(CHANNEL, 3);
    expect(await table.find(CHANNEL, 'm3')).toBeDefined();
    expect(await table.find(CHANNEL, 'm7')).toBeDefined();
    expect(await table.find(channelId('other'), 'm6')).toBeDefined();
  });

  it('CHT-10 a ban replaces the one before, ends, and takes a moderator the rank', async () => {
    const db = await openForTest(await make());
    const [bans, channels] = [new BanTable(db), new ChannelTable(db)];
    const moderator = { channel: CHANNEL, user_id: 'vi', name: 'Vi', added_at: 1, added_by: 'ana' };
    await channels.addModerator(moderator);
    await bans.put(ban('vi', { until: 50, reason: 'a' }));
    expect(await channels.moderates(CHANNEL, 'vi')).toBe(false);
    expect(await bans.find(CHANNEL, 'vi', 49)).toMatchObject({ until: 50, reason: 'a' });
    expect(await bans.find(CHANNEL, 'vi', 50)).toBeUndefined();
    expect(await bans.remove(CHANNEL, 'vi', 50)).toBe(false);
    await bans.put(ban('vi', { at: 2 }));
    expect(await bans.find(CHANNEL, 'vi', 1e12)).toMatchObject({ until: null, at: 2 });
    expect(await bans.find(channelId('other'), 'vi', 1)).toBeUndefined();
    expect(await bans.remove(CHANNEL, 'vi', 60)).toBe(true);
    expect(await bans.remove(CHANNEL, 'vi', 60)).toBe(false);
  });

  it('CHT-10 bans that hold are listed, the newest first', async () => {
    const bans = new BanTable(await openForTest(await make()));
    for (const [user, at] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 3],
    ] as const)
      //
      await bans.put(ban(user, { at }));
    await bans.put(ban('over', { at: 4, until: 9 }));
    const users = async () =>
      (await all((page) => bans.list(CHANNEL, page, 10))).map(({ user_id }) => user_id);
    expect(await users()).toEqual(['d', 'c', 'b', 'a']);
    expect(await bans.count(CHANNEL)).toBe(5);
    await bans.deleteExpired(10);
    expect(await bans.count(CHANNEL)).toBe(4);
  });

  it('CHT-7 knows who follows and who subscribes', async () => {
    const db = await openForTest(await make());
    const audience = new AudienceTable(db);
    await audience.follow(CHANNEL, 'vi', 5);
    await audience.follow(CHANNEL, 'vi', 6);
    expect(await audience.follows(CHANNEL, 'vi')).toBe(5);
    expect(await audience.follows(channelId('other'), 'vi')).toBeUndefined();
    expect(await audience.followers(CHANNEL)).toBe(1);
    await audience.unfollow(CHANNEL, 'vi');
    expect(await audience.followers(CHANNEL)).toBe(0);
  });

  it('CHT-11 one report of each viewer about a message, resolved once', async () => {
    const db = await openForTest(await make());
    const [reports, messages] = [new ReportTable(db), new MessageTable(db)];
    await messages.insert(message(1));
    expect(await reports.insert(report(1))).toBe(true);
    expect(await reports.insert(report(9, { message: 'm1' }))).toBe(false);
    expect(await reports.findOf('m1', 'vi')).toMatchObject({ id: 'r1' });
    expect(await reports.insert(report(2, { reporter: 'other' }))).toBe(true);
    expect(await reports.openOf(CHANNEL, 'vi')).toBe(1);
    const listed = async (open: boolean) =>
      (await all((page) => reports.list(CHANNEL, page, { open }))).map(
        (row) => `${row.report.id} ${row.message?.id ?? 'gone'}`,
      );
    expect(await listed(true)).toEqual(['r2 gone', 'r1 m1']);
    expect(await reports.resolve(CHANNEL, 'r1', { by: 'mo', at: 5 })).toMatchObject({
      report: { resolved_by: 'mo', resolved_at: 5 },
      message: { id: 'm1' },
    });
    expect(await reports.resolve(CHANNEL, 'r1', { by: 'other', at: 6 })).toMatchObject({
      report: { resolved_by: 'mo', resolved_at: 5 },
    });
    expect(await reports.resolve(channelId('other'), 'r1', { by: 'x', at: 6 })).toBeUndefined();
    expect([await listed(true), await listed(false)]).toEqual([['r2 gone'], ['r2 gone', 'r1 m1']]);
    expect(await reports.openOf(CHANNEL, 'vi')).toBe(0);
  });

  it('CHT-12 only the last reports of each channel are kept', async () => {
    const reports = new ReportTable(await openForTest(await make()));
    for (const n of [1, 2, 3, 4]) await reports.insert(report(n, { at: n === 4 ? 3 : n }));
    await reports.insert(report(5, { channel: 'other', at: 0 }));
    await reports.trim(CHANNEL, 2);
    const ids = async (of = CHANNEL) =>
      (await all((page) => reports.list(of, page, { open: false }))).map(
        ({ report: { id } }) => id,
      );
    expect([await ids(), await ids(channelId('other'))]).toEqual([['r4', 'r3'], ['r5']]);
    await reports.trim(CHANNEL, CHAT_LIMITS.keptReports);
    expect(await ids()).toEqual(['r4', 'r3']);
  });

  it('tokens say who is an operator and who a guest', async () => {
    const tokens = new TokenTable(await openForTest(await make()));
    const token = (id: string, type: string, guest: number) => ({
      ...{ id, digest: id, type, user_id: id, name: id, guest, channel: null },
      ...{ created_at: 0, expires_at: 10, revoked_at: null },
    });
    await tokens.insert(token('op', 'admin', 0));
    await tokens.insert(token('gu', 'user', 1));
    expect(await tokens.kindOf('op', 9)).toEqual({ admin: true, guest: false });
    expect(await tokens.kindOf('op', 10)).toEqual({ admin: false, guest: false });
    expect(await tokens.kindOf('gu', 9)).toEqual({ admin: false, guest: true });
  });
});
