import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import { afterEach, expect, it } from 'vitest';
import { parseChannelId, parseLivePath, unwrap } from '@shoal/protocol';
import {
  type ChannelAbout,
  type LiveObject,
  type ObjectStore,
  ORIGIN_LIMITS,
} from '@shoal/server/core';
import {
  immutableObject,
  PlaylistVersions,
} from '../../../server/src/adapters/channel/live-objects.ts';
import { KEYS } from '../../../server/src/adapters/redis/keys.ts';
import { Mirror, type MirrorOptions } from '../../../server/src/adapters/redis/mirror.ts';
import {
  MirroredLive,
  type MirroredLiveOptions,
} from '../../../server/src/adapters/redis/mirrored-live.ts';
import { type WantedList, WantedLists } from '../../../server/src/adapters/redis/wanted-lists.ts';
import { createMemoryStore } from '../../../server/src/adapters/storage/memory-store.ts';
import { channelId } from '../../support/builders.ts';
import { emptyReport } from './empty-report.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

const DEMO = channelId();
const LIST = '/live/demo/source/index.m3u8';
const DVR = '/live/demo/source/dvr.m3u8';
const segment = (msn: number): string => `/live/demo/source/1700000000-${msn}.m4s`;
const ABOUT: ChannelAbout = {
  status: { channel: DEMO, state: 'live', since: 0, renditions: [], targetDurationMs: 2_000 },
  ...{ expectsMedia: true, lowLatency: false, recorded: true },
};

const open: { readonly close: () => unknown }[] = [];
const versions = new PlaylistVersions();
let said = '';
const log = {
  info: (message: string) => (said += message),
  warn: (_fields: unknown, message: string) => (said += message),
};

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function keep<T extends { readonly close: () => unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

function media(msn: number, size: number): LiveObject {
  return immutableObject({ path: segment(msn), kind: 'segment', bytes: randomBytes(size) });
}

function list(text: string): LiveObject {
  return versions.next(text, { targetDurationMs: 2_000 });
}

type Origin = { readonly store: ObjectStore; readonly mirror: Mirror };

/** A mirror of a channel, whose DVR playlists are these. */
function origin(
  redis: RedisServer,
  {
    dvr,
    limits,
  }: { readonly dvr?: () => LiveObject | undefined } & Pick<MirrorOptions, 'limits'> = {},
): Origin {
  const mirror = keep(
    new Mirror(
      { url: redis.url, channels: [DEMO], log, ...(limits !== undefined && { limits }) },
      {
        now: () => Date.now(),
        about: () => ABOUT,
        onDemand: () => dvr?.(),
        report: (_channel, field) => emptyReport()[field],
        served: () => undefined,
      },
    ),
  );
  mirror.start();
  return { mirror, store: mirror.over(createMemoryStore()) };
}

function reader(
  redis: RedisServer,
  limits?: MirroredLiveOptions['limits'],
  now: () => number = () => Date.now(),
): MirroredLive {
  const live = keep(
    new MirroredLive({
      ...{ url: redis.url, log, now, onPlaylist: () => undefined },
      ...(limits !== undefined && { limits }),
    }),
  );
  live.start();
  return live;
}

/** What a request would get. */
async function get(live: MirroredLive, path: string): Promise<LiveObject | undefined> {
  const name = unwrap(parseLivePath(path));
  return live.get(path, name) ?? (await live.bring(path, name)) ?? live.get(path, name);
}

async function calls(redis: RedisServer, command: string): Promise<number> {
  const client = createClient({ url: redis.url });
  await client.connect();
  const stats = await client.info('commandstats');
  client.destroy();
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

async function started(redis: RedisServer): Promise<Origin> {
  const made = origin(redis);
  for (let msn = 0; msn < 4; msn++) made.store.put(segment(msn), media(msn, 100_000));
  made.store.put(LIST, list([0, 1, 2, 3].map(segment).join('\n')));
  await until(() => made.mirror.idle, { what: 'all is written' });
  return made;
}

it('ORG-33 ten thousand who want one segment are one read, and what is read stays as long as there is room', async () => {
  const redis = keep(await RedisServer.start());
  const { store } = await started(redis);
  const live = reader(redis, { deliveryCacheBytes: 250_000 });
  await until(() => live.client !== undefined, { what: 'a connection' });
  const before = await calls(redis, 'hget');
  const all = await Promise.all(Array.from({ length: 10_000 }, () => get(live, segment(1))));
  expect((await calls(redis, 'hget')) - before).toBe(1);
  expect(new Set(all).size).toBe(1);
  const [first] = all;
  expect(
    Buffer.from(first?.bytes ?? []).equals(Buffer.from(store.get(segment(1))?.bytes ?? [])),
  ).toBe(true);
  expect(first).toMatchObject({ etag: '"1700000000-1.m4s"', segment: { msn: 1 } });
  for (const msn of [2, 3, 2, 3]) await get(live, segment(msn));
  expect(live.bytes).toBe(200_000);
  expect((await calls(redis, 'hget')) - before).toBe(3);
  expect(live.get(segment(1), unwrap(parseLivePath(segment(1))))).toBeUndefined();
});

it('ORG-33 what finds no room in memory is served all the same', async () => {
  const redis = keep(await RedisServer.start());
  await started(redis);
  const live = reader(redis, { deliveryCacheBytes: 99_999 });
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect((await get(live, segment(1)))?.bytes.length).toBe(100_000);
  expect(live.bytes).toBe(0);
});

it('ORG-33 reads under way have a limit', async () => {
  const redis = keep(await RedisServer.start());
  await started(redis);
  const live = reader(redis, { deliveryReads: 2 });
  await until(() => live.client !== undefined, { what: 'a connection' });
  const outcomes = await Promise.allSettled([1, 2, 3].map((msn) => get(live, segment(msn))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect((await get(live, segment(3)))?.bytes.length).toBe(100_000);
});

it('ORG-31 a Redis that does not answer holds up nothing, and gets all there is when it does', async () => {
  const redis = keep(await RedisServer.start({ forgets: true }));
  const { store, mirror } = await started(redis);
  redis.signal('SIGSTOP');
  keep({
    close: () => {
      redis.signal('SIGCONT');
    },
  });
  said = '';
  const heap = process.memoryUsage().arrayBuffers;
  // Twenty seconds of a broadcast of 80 Mbit/s, of which the last four segments are kept.
  for (let msn = 4; msn < 104; msn++) {
    store.put(segment(msn), media(msn, 2_000_000));
    store.put(LIST, list([3, 2, 1, 0].map((back) => segment(msn - back)).join('\n')));
    store.delete(segment(msn - 4));
    await new Promise(setImmediate);
  }
  expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(150_000_000);
  await until(() => said.includes('Redis cannot be reached'), { what: 'it is given up' });
  expect(mirror.idle).toBe(false);
  redis.signal('SIGCONT');
  await until(() => mirror.idle, { what: 'all is written', timeoutMs: 20_000 });
  const live = reader(redis);
  await until(() => live.client !== undefined, { what: 'a connection' });
  const text = Buffer.from((await get(live, LIST))?.bytes ?? []).toString();
  expect(text).toBe([100, 101, 102, 103].map(segment).join('\n'));
  for (const path of text.split('\n'))
    expect((await get(live, path))?.bytes.length).toBe(2_000_000);
});

it('ORG-32 a Redis that was emptied without a word is written anew within seconds', async () => {
  const redis = keep(await RedisServer.start());
  await started(redis);
  const live = reader(redis);
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect(await get(live, LIST)).toBeDefined();
  await live.client?.flushAll();
  // Nothing is said to be missing meanwhile.
  await expect(get(live, segment(2))).rejects.toThrow('nothing is known of the channel yet');
  await until(async () => (await live.client?.exists(KEYS.lists(DEMO))) === 1, { what: 'lists' });
  expect((await get(live, segment(2)))?.bytes.length).toBe(100_000);
});

it('ORG-34 playlists on demand are mirrored while somebody wants them, also large ones, and not otherwise', async () => {
  const redis = keep(await RedisServer.start());
  let made = 1;
  const dvr = (): LiveObject => ({
    ...{ bytes: Buffer.from(`${made}\n`.padEnd(1_000_000, '#')), contentType: 'text/plain' },
    ...{ etag: `"${made}"`, cacheControl: '' },
  });
  const { store, mirror } = origin(redis, { dvr });
  store.put(LIST, list('nothing'));
  await until(() => mirror.idle, { what: 'all is written' });
  const live = reader(redis);
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect(await live.client?.hExists(KEYS.lists(DEMO), DVR)).toBe(0);
  const first = await get(live, DVR);
  expect([first?.etag, first?.bytes.length]).toEqual(['"1"', 1_000_000]);
  made = 2;
  await until(async () => (await get(live, DVR))?.etag === '"2"', { what: 'the next version' });
});

it('ORG-34 a playlist that the origin does not have is missing; one that it does not speak of cannot be had', async () => {
  const redis = keep(await RedisServer.start());
  const { store, mirror } = origin(redis);
  store.put(LIST, list('nothing'));
  await until(() => mirror.idle, { what: 'all is written' });
  const live = reader(redis);
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect(await get(live, DVR)).toBeUndefined();
  await mirror.close();
  await expect(get(live, DVR)).rejects.toThrow('the origin does not say');
});

it('ORG-32 all that an origin writes expires, and when it has, the channel is missing', async () => {
  const redis = keep(await RedisServer.start());
  const { mirror } = await started(redis);
  let ahead = 0;
  const live = reader(redis, {}, () => Date.now() + ahead);
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect(await get(live, LIST)).toBeDefined();
  const keys = async (): Promise<readonly string[]> => (await live.client?.keys('shoal:*')) ?? [];
  await until(async () => (await keys()).length >= 4, { what: 'a beat' });
  for (const key of await keys()) {
    const left = (await live.client?.pTTL(key)) ?? 0;
    expect(left, key).toBeGreaterThan(50_000);
    expect(left, key).toBeLessThanOrEqual(60_000);
  }
  await mirror.close();
  await live.client?.del(await keys().then((all) => [...all]));
  // As after a minute: first it is not known, and then there is no such channel.
  ahead = 9_000;
  expect(await get(live, LIST)).toBeDefined();
  ahead = 11_000;
  await expect(get(live, LIST)).rejects.toThrow('still true');
  ahead = 62_000;
  await expect(get(live, LIST)).rejects.toThrow('still true');
  expect(await get(live, LIST)).toBeUndefined();
});

it('ORG-33 channels that are followed have a limit, the one asked for last stays; so have questions for them', async () => {
  const redis = keep(await RedisServer.start());
  const { mirror } = origin(redis);
  await until(() => mirror.idle, { what: 'all is written' });
  const live = reader(redis);
  await until(() => live.client !== undefined, { what: 'a connection' });
  const about = JSON.stringify(ABOUT);
  const path = (n: number): string => `/live/c${n}/index.m3u8`;
  const written = versions.next('text', { targetDurationMs: 2_000 });
  const field = JSON.stringify({ ...written, bytes: undefined, text: 'text' });
  const most = ORIGIN_LIMITS.channels;
  for (let n = 0; n <= most; n++)
    await live.client?.hSet(KEYS.lists(channelId(`c${n}`)), {
      about,
      place: '1.1',
      [path(n)]: field,
    });
  const now = (n: number): LiveObject | undefined =>
    live.get(path(n), unwrap(parseLivePath(path(n))));
  for (let n = 0; n < most; n++) expect(await get(live, path(n)), path(n)).toBeDefined();
  expect(now(0)).toBeDefined();
  expect(await get(live, path(most))).toBeDefined();
  const followed = Array.from({ length: most + 1 }, (_, n) => n).filter(
    (n) => now(n) !== undefined,
  );
  expect(followed.length).toBe(most);
  expect([followed.includes(0), followed.includes(most)]).toEqual([true, true]);

  const asked = Array.from({ length: ORIGIN_LIMITS.deliveryReads + 1 }, (_, n) =>
    get(live, path(5_000 + n)),
  );
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
});

it('ORG-34 playlists that are wanted have a limit, and are let go when nobody asks any more', () => {
  let time = 0;
  const wanted = new WantedLists({ now: () => time, onDemand: (path) => list(path) });
  const path = (n: number): string => `/live/demo/r${n}/dvr.m3u8`;
  const want = (n: number): WantedList | undefined =>
    wanted.want(unwrap(parseLivePath(path(n))), path(n));
  for (let n = 0; n < ORIGIN_LIMITS.mirrorWanted; n++) expect(want(n)?.list).toBeDefined();
  expect(want(99)).toEqual({ path: path(99), list: undefined });
  expect(wanted.want(unwrap(parseLivePath(LIST)), LIST)).toBeUndefined();
  time = ORIGIN_LIMITS.mirrorWantedMs - 1;
  expect(want(3)?.list).toBeDefined();
  time += 1;
  const gone = wanted.changed(DEMO, time).filter((change) => change.list === undefined);
  expect(gone.length).toBe(ORIGIN_LIMITS.mirrorWanted - 1);
  expect(want(99)?.list).toBeDefined();
});

it('ORG-31 a Redis that is full takes nothing by halves, and all when there is room', async () => {
  const redis = keep(await RedisServer.start());
  const { store, mirror } = await started(redis);
  const client = createClient({ url: redis.url });
  await client.connect();
  keep({
    close: () => {
      client.destroy();
    },
  });
  const listedIn = async (): Promise<string> => (await client.hGet(KEYS.lists(DEMO), LIST)) ?? '';
  const before = await listedIn();
  await client.configSet('maxmemory', '100kb');
  said = '';
  store.put(segment(9), media(9, 1_000));
  store.put(LIST, list(segment(9)));
  await until(() => said.includes('Redis does not take what is live'), { what: 'that it is full' });
  expect(await listedIn()).toBe(before);
  expect(await client.hExists(KEYS.media(DEMO), segment(9))).toBe(0);
  await client.configSet('maxmemory', '0');
  await until(() => mirror.idle && said.includes('takes what is live again'), { what: 'room' });
  expect(await listedIn()).toContain(segment(9));
  expect(await client.hExists(KEYS.media(DEMO), segment(9))).toBe(1);
});

it('ORG-38 a channel that is added is mirrored and told of, and one that is given up leaves nothing', async () => {
  const redis = keep(await RedisServer.start());
  const { store, mirror } = await started(redis);
  const other = unwrap(parseChannelId('other'));
  const path = '/live/other/source/index.m3u8';
  const client = createClient({ url: redis.url });
  await client.connect();
  keep({
    close: () => {
      client.destroy();
    },
  });
  const keys = async (): Promise<readonly string[]> =>
    (await client.keys('shoal:origin:*:other')).sort();
  mirror.add(other);
  store.put(path, list('another'));
  await until(async () => (await client.zRange('shoal:origin:channels', 0, -1)).includes('other'), {
    what: 'word of it',
  });
  const live = reader(redis);
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect(Buffer.from((await get(live, path))?.bytes ?? []).toString()).toBe('another');
  expect(await keys()).toEqual(['shoal:origin:lists:other', 'shoal:origin:reports:other']);
  mirror.remove(other);
  await until(async () => (await keys()).length === 0, { what: 'it to be gone' });
  expect(await client.zRange('shoal:origin:channels', 0, -1)).not.toContain('other');
});
