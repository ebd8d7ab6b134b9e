import { describe, expect, it } from 'vitest';
import { type Envelope, type FeedEvent } from '@shoal/protocol';
import { FEED_LIMITS, type FeedId } from '@shoal/server/core';
import { bothDatabases } from '../integration/service/databases.ts';
import { channelId } from '../support/builders.ts';
import { until } from '../support/until.ts';
import { allFeedLogs } from './open-feed-logs.ts';

const VIEWERS: FeedId = { channel: channelId(), audience: 'viewers' };
const STREAMER: FeedId = { channel: channelId(), audience: 'streamer' };
const ONLINE: FeedEvent = { type: 'stream.online', data: {} };

const seqs = (events: readonly Envelope[]): readonly number[] => events.map(({ seq }) => seq);

describe.each(allFeedLogs(bothDatabases()))('a log of feeds: %s', (_, open) => {
  it('FEED-2 FEED-8 numbers the events of each feed by itself, and tells all processes in that order', async () => {
    const { logs } = await open();
    const told = logs.map((log) => {
      const of: string[] = [];
      log.subscribe(({ audience }, { seq }) => of.push(`${audience} ${seq}`));
      return of;
    });
    const [first] = logs;
    const ids = Array.from({ length: 40 }, (__, i) => `e${i}`);
    const at = (i: number) => logs[i % logs.length] ?? first;
    const made = await Promise.all(
      ids.map((id, i) => at(i).append(VIEWERS, ONLINE, { at: 1, id })),
    );
    await first.append(STREAMER, ONLINE, { at: 2, id: 's' });
    // Those of one process in the order in which they came.
    for (const of of logs.keys()) {
      const own = seqs(made.filter((__, i) => i % logs.length === of));
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    const one = made.find(({ seq }) => seq === 1);
    expect(one).toEqual({
      ...{ type: 'stream.online', data: {}, id: one?.id, version: 1, at: 1 },
      ...{ channel: VIEWERS.channel, seq: 1 },
    });
    for (const of of told) {
      await until(() => of.length > ids.length, { what: 'all of it' });
      expect(of.filter((one) => one.startsWith('viewers'))) //
        .toEqual(ids.map((__, i) => `viewers ${i + 1}`));
      expect(of.filter((one) => one.startsWith('streamer'))).toEqual(['streamer 1']);
    }
    for (const log of logs)
      expect([await log.last(VIEWERS), await log.last(STREAMER)]).toEqual([40, 1]);
  });

  it('FEED-2 what happened once happens once, whoever appends it, at once too', async () => {
    const { logs } = await open();
    const told = logs.map((log) => {
      const of: number[] = [];
      log.subscribe((__, { seq }) => of.push(seq));
      return of;
    });
    const all = await Promise.all(
      [1, 2, 3].flatMap((at) => logs.map((log) => log.append(VIEWERS, ONLINE, { at, id: 'same' }))),
    );
    for (const envelope of all) expect(envelope).toEqual(all[0]);
    const [first] = logs;
    await first.append(VIEWERS, ONLINE, { at: 4, id: 'other' });
    for (const of of told) {
      await until(() => of.length >= 2, { what: 'both' });
      expect(of).toEqual([1, 2]);
    }
    expect(await first.last(VIEWERS)).toBe(2);
  });

  it('FEED-3 gives what came after a number, over restarts and at every process', async () => {
    const before = await open();
    const [first] = before.logs;
    for (const id of ['a', 'b', 'c']) await first.append(VIEWERS, ONLINE, { at: 1, id });
    const { logs } = await open(before.database);
    const { seq } = await logs[0].append(VIEWERS, ONLINE, { at: 1, id: 'd' });
    expect(seq).toBe(4);
    for (const log of [...before.logs, ...logs]) {
      const replay = await log.after(VIEWERS, 1);
      expect(replay.type === 'events' ? seqs(replay.events) : replay).toEqual([2, 3, 4]);
      expect(await log.after(VIEWERS, 4)).toEqual({ type: 'events', events: [] });
      expect(await log.after(STREAMER, 0)).toEqual({ type: 'events', events: [] });
    }
  });

  it('FEED-4 says where to begin anew when it has not all of it, or never had the number', async () => {
    const { logs } = await open();
    const [first] = logs;
    const total = FEED_LIMITS.kept + 300;
    for (let i = 1; i <= total; i++) await first.append(VIEWERS, ONLINE, { at: i, id: `e${i}` });
    for (const log of logs) {
      expect(await log.after(VIEWERS, 3)).toEqual({ type: 'resync', seq: total });
      expect(await log.after(VIEWERS, total + 1)).toEqual({ type: 'resync', seq: total });
      const replay = await log.after(VIEWERS, total - 2);
      expect(replay.type === 'events' ? seqs(replay.events) : replay).toEqual([total - 1, total]);
    }
  });

  it('tells nobody who no longer listens', async () => {
    const { logs } = await open();
    const [first] = logs;
    const told: string[] = [];
    const undo = first.subscribe(() => told.push('gone'));
    first.subscribe(() => told.push('here'));
    undo();
    await first.append(VIEWERS, ONLINE, { at: 1, id: 'a' });
    await until(() => told.length > 0, { what: 'it' });
    expect(told).toEqual(['here']);
  });
});
