import { describe, expect, it, onTestFinished } from 'vitest';
import { type Envelope } from '@shoal/protocol';
import { BROADCAST_LIMITS, isUnderWay, type BroadcastState } from '@shoal/server/core';
import { Announcer } from '../../../server/src/adapters/broadcast/announcer.ts';
import { Broadcasts } from '../../../server/src/adapters/broadcast/broadcasts.ts';
import { Viewers } from '../../../server/src/adapters/broadcast/viewers.ts';
import { PlaybackShareTable } from '../../../server/src/adapters/database/playback-share-table.ts';
import { StreamKeys } from '../../../server/src/adapters/broadcast/stream-keys.ts';
import { AnnouncementTable } from '../../../server/src/adapters/database/announcement-table.ts';
import { BroadcastTable } from '../../../server/src/adapters/database/broadcast-table.ts';
import { ChannelTable, newChannel } from '../../../server/src/adapters/database/channel-table.ts';
import { type OpenDatabase } from '../../../server/src/adapters/database/open-database.ts';
import { StreamKeyTable } from '../../../server/src/adapters/database/stream-key-table.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { channelId } from '../../support/builders.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';
import { bothDatabases, openForTest } from './databases.ts';

const CHANNEL = channelId();
const CHOICES = { title: 'One', autoStart: true, autoStop: true, scheduledAt: null };
const VIEWERS = { channel: CHANNEL, audience: 'viewers' } as const;
const STREAMER = { channel: CHANNEL, audience: 'streamer' } as const;

let ids = 0;
const newId = (): string => `id${String((ids += 1)).padStart(6, '0')}`;

function fail(error: unknown): never {
  throw error;
}

describe.each(bothDatabases())('broadcasts in %s', (_, make) => {
  /** As two processes have it; of a file two connections of one process would wait for each other in vain. */
  async function twice(): Promise<readonly [OpenDatabase['db'], OpenDatabase['db']]> {
    const options = await make();
    const db = await openForTest(options);
    return [db, options.type === 'sqlite' ? db : await openForTest(options)];
  }

  /** One process of a service; more of them share the database. */
  async function open(db: OpenDatabase['db'], clock: ManualClock) {
    const table = new BroadcastTable(db);
    const feed = new SqlFeedLog(db, fail);
    const announcer = new Announcer(new AnnouncementTable(db), feed, fail);
    onTestFinished(() => announcer.close());
    const dropped: string[] = [];
    const broadcasts = new Broadcasts({
      ...{ table, announcer, newId, now: () => clock.now },
      drop: (channel) => void dropped.push(channel),
    });
    const channels = new ChannelTable(db);
    await channels.insert(newChannel({ id: CHANNEL, title: 'Evening' }, clock.now));
    const told = async (of: typeof VIEWERS | typeof STREAMER): Promise<readonly Envelope[]> => {
      const replay = await feed.after(of, 0);
      return replay.type === 'events' ? replay.events : [];
    };
    const states = async (of: typeof VIEWERS | typeof STREAMER): Promise<readonly string[]> =>
      (await told(of)).map(({ type, data }) =>
        type === 'broadcast.transitioned' ? (data as { state: string }).state : type,
      );
    const made = async (): Promise<string> => {
      const row = await broadcasts.create(CHANNEL, CHOICES);
      if (!row.ok) throw new Error(row.error.reason);
      return row.value.id;
    };
    const ready = async (): Promise<string> => {
      const id = await made();
      await broadcasts.transition(CHANNEL, { id }, 'ready');
      return id;
    };
    const stream = (state: 'online' | 'interrupted' | 'offline'): Promise<void> => {
      clock.advance(1);
      return broadcasts.streamIs({ channel: CHANNEL, state, since: clock.now });
    };
    return { db, table, broadcasts, announcer, dropped, told, states, made, ready, stream, feed };
  }

  const start = async () => open(await openForTest(await make()), new ManualClock(1_000_000));

  it('BRD-5 BRD-6 an encoder alone makes a broadcast, which is live, interrupted, live and complete, each told once', async () => {
    const { stream, states, table, broadcasts } = await start();
    for (const state of ['online', 'interrupted', 'online', 'interrupted', 'offline'] as const) {
      await stream(state);
      // Others hear it too.
      await stream(state);
    }
    expect(await states(VIEWERS)).toEqual([
      ...['stream.online', 'live', 'stream.interrupted', 'interrupted'],
      ...['stream.online', 'live', 'stream.interrupted', 'interrupted'],
      ...['stream.offline', 'complete'],
    ]);
    expect(await states(STREAMER)).toEqual([]);
    const { rows } = await table.list(CHANNEL, { limit: 10, cursor: undefined }, 'public');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ title: 'Evening', state: 'complete', started_at: 1_000_001 });
    // A stream that only comes back after its broadcast was ended makes no other.
    await stream('online');
    const [live] = (await table.list(CHANNEL, { limit: 1, cursor: undefined }, 'all')).rows;
    await broadcasts.transition(CHANNEL, { id: live?.id ?? '' }, 'complete');
    await stream('interrupted');
    await stream('online');
    expect(await table.underWay(CHANNEL)).toBeUndefined();
  });

  it('BRD-6 a test is the streamer’s alone until it is live', async () => {
    const { stream, states, broadcasts, made } = await start();
    const id = await made();
    await broadcasts.change(CHANNEL, { id }, { autoStart: false });
    await broadcasts.transition(CHANNEL, { id }, 'ready');
    await stream('online');
    await broadcasts.transition(CHANNEL, { id }, 'testing');
    await broadcasts.transition(CHANNEL, { id }, 'testing');
    expect(await states(VIEWERS)).toEqual([]);
    expect(await states(STREAMER)).toEqual(['created', 'ready', 'testing']);
    await broadcasts.transition(CHANNEL, { id }, 'live');
    expect(await states(VIEWERS)).toEqual(['stream.online', 'live']);
  });

  it('BRD-4 one broadcast is under way, however many ask at once in two processes', async () => {
    const [first, second] = await twice();
    const clock = new ManualClock(1_000_000);
    const [one, two] = [await open(first, clock), await open(second, clock)];
    await one.stream('online');
    const [live] = (await one.table.list(CHANNEL, { limit: 1, cursor: undefined }, 'all')).rows;
    await one.broadcasts.transition(CHANNEL, { id: live?.id ?? '' }, 'complete');
    const all: string[] = [];
    for (let i = 0; i < 8; i++) all.push(await one.ready());
    const asked = await Promise.all(
      all.flatMap((id) => [
        one.broadcasts.transition(CHANNEL, { id }, 'live'),
        two.broadcasts.transition(CHANNEL, { id }, 'testing'),
      ]),
    );
    const codes = asked.map((answer) => (answer.ok ? 'moved' : answer.error.code));
    expect(codes).toContain('broadcast-under-way');
    const { rows } = await one.table.list(CHANNEL, { limit: 20, cursor: undefined }, 'all');
    const under = rows.filter(({ state }) => isUnderWay(state as BroadcastState));
    expect(under).toHaveLength(1);
    // Versions: of many changes of what was read, one happens.
    const { id, version } = under[0] ?? { id: '', version: 0 };
    const changes = await Promise.all(
      [one, two, one, two].map(({ broadcasts }, i) =>
        broadcasts.change(CHANNEL, { id, version }, { title: `t${i}` }),
      ),
    );
    expect(changes.filter(({ ok }) => ok)).toHaveLength(1);
    // Both hear of the stream at once; viewers are told of each change once.
    const before = (await one.states(VIEWERS)).length;
    await one.broadcasts.transition(CHANNEL, { id }, 'live');
    clock.advance(1);
    const interrupted = { channel: CHANNEL, state: 'interrupted', since: clock.now } as const;
    await Promise.all([one, two, one].map(({ broadcasts }) => broadcasts.streamIs(interrupted)));
    const events = await one.told(VIEWERS);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    expect((await one.states(VIEWERS)).slice(before).slice(-2)) //
      .toEqual(['stream.interrupted', 'interrupted']);
  });

  it('BRD-7 what a process that died kept and did not tell, is told by the next one, once', async () => {
    const { db, table, states, feed, told, announcer } = await start();
    // As far as it came: the change is in the database with what tells of it, and the first of two events is in the feed.
    await table.inTurn(CHANNEL, 5, async (turn) => {
      await turn.announce('viewers', { type: 'stream.online', data: {} }, 'e1');
      await turn.announce('viewers', { type: 'stream.interrupted', data: {} }, 'e2');
    });
    await feed.append(VIEWERS, { type: 'stream.online', data: {} }, { at: 5, id: 'e1' });
    const others = [1, 2].map(() => new Announcer(new AnnouncementTable(db), feed, fail));
    await Promise.all(others.map((announcer) => announcer.tell()));
    await Promise.all(others.map((announcer) => announcer.close()));
    expect(await states(VIEWERS)).toEqual(['stream.online', 'stream.interrupted']);
    expect((await told(VIEWERS)).map(({ id, at }) => [id, at])).toEqual([
      ['e1', 5],
      ['e2', 5],
    ]);
    expect(await new AnnouncementTable(db).untold({ limit: 10 })).toEqual([]);
    // More than are told in one go.
    const many = BROADCAST_LIMITS.batch * 2 + 1;
    for (let i = 0; i < many; i++)
      await table.inTurn(CHANNEL, 6, (turn) =>
        turn.announce('streamer', { type: 'stream.online', data: {} }, `m${i}`),
      );
    await announcer.tell();
    expect((await told(STREAMER)).map(({ id }) => id)) //
      .toEqual(Array.from({ length: many }, (__, i) => `m${i}`));
  });

  it('BRD-8 whose broadcast was taken down is dropped and barred until another is ready', async () => {
    const { stream, states, broadcasts, table, dropped, ready } = await start();
    await stream('online');
    const id = (await table.underWay(CHANNEL))?.id ?? '';
    const revoked = await broadcasts.transition(CHANNEL, { id }, 'revoked');
    expect(revoked.ok && revoked.value.ended_at).toBe(1_000_001);
    expect(dropped).toEqual([CHANNEL]);
    expect((await table.stream(CHANNEL))?.barred).toBe(1);
    expect((await states(VIEWERS)).slice(-2)).toEqual(['stream.offline', 'revoked']);
    await stream('interrupted');
    await stream('online');
    expect(dropped).toHaveLength(2);
    expect(await table.underWay(CHANNEL)).toBeUndefined();
    await stream('offline');
    await ready();
    expect((await table.stream(CHANNEL))?.barred).toBe(0);
    await stream('online');
    expect((await table.underWay(CHANNEL))?.state).toBe('live');
  });

  it('BRD-4 what an origin said earlier is not believed for a while, and what it insists on is', async () => {
    const clock = new ManualClock(1_000_000);
    const { broadcasts, table } = await open(await openForTest(await make()), clock);
    const is = (state: 'online' | 'interrupted', since: number) =>
      broadcasts.streamIs({ channel: CHANNEL, state, since });
    await is('online', 100);
    await is('interrupted', 200);
    await is('online', 100);
    expect((await table.stream(CHANNEL))?.state).toBe('interrupted');
    // Its clock was set back.
    clock.advance(BROADCAST_LIMITS.staleMs);
    await is('online', 150);
    expect((await table.stream(CHANNEL))?.state).toBe('online');
    await broadcasts.streamIsGone(CHANNEL);
    expect((await table.stream(CHANNEL))?.state).toBe('offline');
    expect(await table.onlineChannels()).toEqual([]);
  });

  it('HLT-3 the streamer is told of another health, at most every 10 s, by one of many', async () => {
    const [first, second] = await twice();
    const clock = new ManualClock(1_000_000);
    const [one, two] = [await open(first, clock), await open(second, clock)];
    const good = { status: 'good', issues: [] } as const;
    const bad = { status: 'bad', issues: [] } as const;
    await one.broadcasts.healthIs(CHANNEL, good);
    await one.stream('online');
    await Promise.all([one, two].map(({ broadcasts }) => broadcasts.healthIs(CHANNEL, good)));
    expect(await one.broadcasts.healthIs(CHANNEL, bad)).toBe(false);
    clock.advance(BROADCAST_LIMITS.healthMs);
    const told = [one, two].map(({ broadcasts }) => broadcasts.healthIs(CHANNEL, bad));
    expect(await Promise.all(told)).toEqual([true, true]);
    const events = await one.told(STREAMER);
    expect(events.map(({ data }) => (data as { status: string }).status)).toEqual(['good', 'bad']);
  });

  it('HLT-2 viewers of other processes count too, while these say so', async () => {
    const [first, second] = await twice();
    const clock = new ManualClock(1_000_000);
    const [one, two] = [first, second].map(
      (db, i) => new Viewers(new PlaybackShareTable(db), `p${i}`, () => clock.now),
    );
    if (one === undefined || two === undefined) throw new Error('there are two');
    one.take(CHANNEL, {}, { stalls: 1, errors: 0 });
    two.take(CHANNEL, {}, { stalls: 0, errors: 0 });
    for (const each of [one, two, one]) await each.tell(CHANNEL);
    for (const each of [one, two])
      expect(await each.share(CHANNEL)).toEqual({ viewers: 2, troubled: 1 });
    clock.advance(BROADCAST_LIMITS.shareMs);
    await one.tell(CHANNEL);
    expect(await one.share(CHANNEL)).toEqual({ viewers: 1, troubled: 1 });
    expect(await two.share(CHANNEL)).toEqual({ viewers: 2, troubled: 1 });
    // What a process that is gone said is forgotten.
    clock.advance(BROADCAST_LIMITS.playbackMs - 1);
    one.take(CHANNEL, {}, { stalls: 0, errors: 0 });
    await one.tell(CHANNEL);
    const rows = await first.selectFrom('playback_shares').select('process').execute();
    expect(rows).toEqual([{ process: 'p0' }]);
  });

  it('VOD-2 viewers are told of a recording once, and of none from before or that was taken down', async () => {
    const { broadcasts, table, told, stream, db } = await start();
    await stream('online');
    const broadcast = await table.underWay(CHANNEL);
    const vod = (recording: number, of: object = {}) =>
      broadcasts.vodIsReady(CHANNEL, {
        ...{ recording, endAt: 2_000_000, playlist: `/live/demo/${recording}.m3u8`, broadcast },
        ...of,
      });
    await vod(1, { endAt: 900_000 });
    await Promise.all([vod(2), vod(2)]);
    if (broadcast === undefined) throw new Error('nothing is on');
    await vod(3, { broadcast: { ...broadcast, state: 'revoked' } });
    await vod(4, { broadcast: undefined });
    const ready = (await told(VIEWERS)).filter(({ type }) => type === 'vod.ready');
    expect(ready.map(({ data }) => data)).toEqual([
      { broadcast: broadcast.id, playlist: '/live/demo/2.m3u8' },
      { broadcast: null, playlist: '/live/demo/4.m3u8' },
    ]);
    const noted = Array.from({ length: BROADCAST_LIMITS.vods }, (__, i) => ({
      ...{ channel: CHANNEL, recording: 10 + i, noted_at: 1 },
    }));
    for (let i = 0; i < noted.length; i += 256)
      await db
        .insertInto('vods')
        .values(noted.slice(i, i + 256))
        .execute();
    await vod(9_999_999, { endAt: 0 });
    const { count } = await db
      .selectFrom('vods')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(BROADCAST_LIMITS.vods);
  });

  it('BRD-9 plans and what is over are bounded', async () => {
    const { broadcasts, made, db, stream, table } = await start();
    for (let i = 0; i < BROADCAST_LIMITS.planned; i++) await made();
    expect(await broadcasts.create(CHANNEL, CHOICES)) //
      .toMatchObject({ ok: false, error: { code: 'too-many-broadcasts' } });
    const over = Array.from({ length: BROADCAST_LIMITS.kept }, (__, i) => ({
      ...{ id: `over${i}`, channel: CHANNEL, title: '', state: 'complete', version: 1 },
      ...{ auto_start: 1, auto_stop: 1, scheduled_at: null, created_at: i },
      ...{ started_at: i, ended_at: i + 1 },
    }));
    for (let i = 0; i < over.length; i += 100)
      await db
        .insertInto('broadcasts')
        .values(over.slice(i, i + 100))
        .execute();
    // What a stream makes has its place in any case.
    await stream('online');
    await stream('offline');
    await stream('online');
    expect(await table.find(CHANNEL, 'over0')).toBeUndefined();
    expect(await table.find(CHANNEL, 'over1')).toBeDefined();
    expect((await table.underWay(CHANNEL))?.state).toBe('live');
  });

  it('KEY-4 who may have begun a stream with a key is dropped with it, and nobody else', async () => {
    const clock = new ManualClock(1_000_000);
    const { db, table, stream } = await open(await openForTest(await make()), clock);
    const dropped: string[] = [];
    const rows = new StreamKeyTable(db);
    const keys = new StreamKeys({
      ...{ keys: rows, table, newId, newSecret: newId, now: () => clock.now },
      digestOf: (secret) => `d-${secret}`,
      drop: (channel) => void dropped.push(channel),
    });
    onTestFinished(() => {
      keys.close();
    });
    const used = async (): Promise<string> => {
      const made = await keys.make(CHANNEL);
      if (made === undefined) throw new Error('no key');
      await rows.use(made.row.id, clock.now);
      return made.row.id;
    };
    const early = await used();
    clock.advance(BROADCAST_LIMITS.keyUseMs + 1);
    const late = await used();
    await stream('online');
    expect(await keys.revoke(CHANNEL, early)).toBe(true);
    expect(dropped).toEqual([]);
    expect(await keys.revoke(CHANNEL, late)).toBe(true);
    expect(dropped).toEqual([CHANNEL]);
    expect(await keys.revoke(CHANNEL, late)).toBe(false);
    // Whoever was let in just now may be on its way, and is dropped when it has come.
    await stream('offline');
    clock.advance(BROADCAST_LIMITS.keyLateMs + 1);
    await keys.revoke(CHANNEL, await used());
    expect(dropped).toHaveLength(2);
    const within = BROADCAST_LIMITS.keyLateMs + 5_000;
    await until(() => dropped.length === 4, { what: 'those who were late', timeoutMs: within });
    expect(await rows.use(late, clock.now)).toBe(false);
  });

  it('KEY-2 a channel has so many keys, however many are asked for at once', async () => {
    const [one, two] = await twice();
    await new ChannelTable(one).insert(newChannel({ id: CHANNEL }, 1));
    const key = (id: string, at: number, revoked: number | null = null) => ({
      ...{ id, channel: CHANNEL, digest: `d-${id}`, hint: '', created_at: at },
      ...{ revoked_at: revoked, used_at: null },
    });
    const [even, odd] = [new StreamKeyTable(one), new StreamKeyTable(two)];
    const added = await Promise.all(
      Array.from({ length: 2 * BROADCAST_LIMITS.keys }, (__, i) =>
        (i % 2 === 0 ? even : odd).add(key(`k${i}`, 10)),
      ),
    );
    expect(added.filter(Boolean)).toHaveLength(BROADCAST_LIMITS.keys);
    const table = even;
    const [first] = await table.list(CHANNEL, 10);
    if (first === undefined) throw new Error('no key');
    const rotated = await Promise.all(
      [1, 2, 3].map((i) => table.rotate({ id: first.id, until: 50 }, key(`new${i}`, 20))),
    );
    expect(rotated.filter(Boolean)).toHaveLength(1);
    expect(await table.findByDigest(first.digest, 49)).toMatchObject({ id: first.id });
    expect(await table.findByDigest(first.digest, 50)).toBeUndefined();
    expect(await table.revoke(CHANNEL, first.id, 30)).toMatchObject({ id: first.id });
    expect(await table.revoke(CHANNEL, first.id, 31)).toBeUndefined();
    // What was one long ago is forgotten.
    await table.add(key('late', 30 + BROADCAST_LIMITS.revokedKeyMs + 1));
    const left = await one.selectFrom('stream_keys').select('id').execute();
    expect(left.map(({ id }) => id)).not.toContain(first.id);
  });
});
