import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import { afterEach, expect, it } from 'vitest';
import { parseLivePath, unwrap } from '@shoal/protocol';
import { type ChannelAbout, type LiveObject, type ObjectStore } from '@shoal/server/core';
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
import { createMemoryStore } from '../../../server/src/adapters/storage/memory-store.ts';
import { channelId } from '../../support/builders.ts';
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
        delivery: () => [],
        recordings: () => [],
        served: () => undefined,
      },
    ),
  );
  mirror.start();
  return { mirror, store: mirror.over(createMemoryStore()) };
}

function reader(redis: RedisServer, limits?: MirroredLiveOptions['limits']): MirroredLive {
  const live = keep(
    new MirroredLive({
      ...{ url: redis.url, log, now: () => Date.now(), onPlaylist: () => undefined },
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

it('ORG-32 ten thousand who want one segment are one read, and what is read stays as long as there is room', async () => {
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

it('ORG-32 what finds no room in memory is served all the same', async () => {
  const redis = keep(await RedisServer.start());
  await started(redis);
  const live = reader(redis, { deliveryCacheBytes: 99_999 });
  await until(() => live.client !== undefined, { what: 'a connection' });
  expect((await get(live, segment(1)))?.bytes.length).toBe(100_000);
  expect(live.bytes).toBe(0);
});

it('ORG-32 reads under way have a limit', async () => {
  const redis = keep(await RedisServer.start());
  await started(redis);
  const live = reader(redis, { deliveryReads: 2 });
  await until(() => live.client !== undefined, { what: 'a connection' });
  const outcomes = await Promise.allSettled([1, 2, 3].map((msn) => get(live, segment(msn))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect((await get(live, segment(3)))?.bytes.length).toBe(100_000);
});

it('ORG-30 a Redis that does not answer holds up nothing, and gets all there is when it does', async () => {
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

it('ORG-31 a Redis that was emptied without a word is written anew within seconds', async () => {
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

it('ORG-33 playlists on demand are mirrored while somebody wants them, also large ones, and not otherwise', async () => {
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

it('ORG-33 a playlist that the origin does not have is missing; one that it does not speak of cannot be had', async () => {
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
