import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Envelope, type FeedEvent } from '@shoal/protocol';
import { FEED_LIMITS, type FeedBusHandlers, type FeedId } from '@shoal/server/core';
import { FeedServer } from '../../../server/src/adapters/feed/feed-server.ts';
import { SharedFeedLog } from '../../../server/src/adapters/feed/shared-feed-log.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { RedisFeedBus } from '../../../server/src/adapters/redis/redis-feed-bus.ts';
import { ViewerRegistry } from '../../../server/src/adapters/redis/viewer-registry.ts';
import { channelId } from '../../support/builders.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { bothDatabases, openForTest } from './databases.ts';
import { TestReader } from './test-service.ts';

const VIEWERS: FeedId = { channel: channelId(), audience: 'viewers' };
const ONLINE: FeedEvent = { type: 'stream.online', data: {} };
const QUIET = { info: () => undefined, warn: () => undefined };
const [[, make] = []] = bothDatabases();

function fail(error: unknown): never {
  throw error;
}

/** The log of a process whose bus carries what the test says, and the same database as another process has it. */
async function open() {
  const db = await openForTest((await make?.()) ?? fail('no database'));
  const other = new SqlFeedLog(db, fail);
  let bus: FeedBusHandlers | undefined;
  const published: Envelope[] = [];
  const log = new SharedFeedLog({
    log: new SqlFeedLog(db, fail),
    openBus: (handlers) => {
      bus = handlers;
      return {
        publish: (_, envelope) => void published.push(envelope),
        close: () => undefined,
      };
    },
    ...{ now: Date.now, onError: fail },
  });
  onTestFinished(() => log.close());
  const told: (number | string)[] = [];
  log.subscribe(
    (_, { seq }) => told.push(seq),
    (_, seq) => told.push(`lost to ${seq}`),
  );
  return { log, other, bus: bus ?? fail('no bus'), published, told };
}

it('FEED-9 what no bus carries is told where the feed has readers', async () => {
  const { log, other, told } = await open();
  const leave = log.follow(VIEWERS);
  expect(await log.last(VIEWERS)).toBe(0);
  for (const id of ['a', 'b', 'c']) await other.append(VIEWERS, ONLINE, { at: 1, id });
  await until(() => told.length === 3, { what: 'them' });
  expect(told).toEqual([1, 2, 3]);
  leave();
  expect(log.places).toEqual({ followed: 0, idle: 1 });
});

it('FEED-9 what came while the bus was away is told as soon as it is back', async () => {
  const { log, other, bus, told } = await open();
  log.follow(VIEWERS);
  await log.last(VIEWERS);
  await other.append(VIEWERS, ONLINE, { at: 1, id: 'a' });
  const begun = performance.now();
  bus.onUp();
  await until(() => told.length === 1, { what: 'it' });
  expect(performance.now() - begun).toBeLessThan(FEED_LIMITS.pollMs);
});

it('FEED-4 FEED-9 where more is missing than a feed keeps, readers are told to begin anew', async () => {
  const { log, other, bus, told } = await open();
  log.follow(VIEWERS);
  await log.last(VIEWERS);
  const total = FEED_LIMITS.kept + 300;
  // They come at once, before anything is compared.
  for (let i = 1; i <= total; i++) await other.append(VIEWERS, ONLINE, { at: 1, id: `e${i}` });
  const last = await other.append(VIEWERS, ONLINE, { at: 1, id: 'last' });
  bus.onEvent(VIEWERS, last);
  await until(() => told.length > 0, { what: 'it' });
  expect(told).toEqual([`lost to ${total + 1}`]);
  await log.append(VIEWERS, ONLINE, { at: 1, id: 'next' });
  expect(told).toEqual([`lost to ${total + 1}`, total + 2]);
});

it('FEED-8 what was appended by a process that died is told again to all, by whoever finds it', async () => {
  const { log, other, published } = await open();
  const envelope = await other.append(VIEWERS, ONLINE, { at: 1, id: 'a' });
  expect(await log.append(VIEWERS, ONLINE, { at: 2, id: 'a' })).toEqual(envelope);
  expect(published).toEqual([envelope]);
});

it('FEED-4 readers are told so over their connections', async () => {
  const { log, other, bus } = await open();
  const feeds = new FeedServer({
    log,
    admit: () =>
      Promise.resolve({
        ...{ type: 'admitted', feed: VIEWERS, after: undefined, authorization: undefined },
      }),
    onMessage: () => undefined,
    onError: fail,
    now: Date.now,
    waiting: () => Promise.resolve([]),
    follow: (feed) => log.follow(feed),
  });
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    feeds.close();
    server.close();
  });
  await once(server, 'listening');
  feeds.attach(server);
  const { port } = server.address() as AddressInfo;
  const reader = new TestReader(new WebSocket(`ws://127.0.0.1:${port}/v1/events`));
  onTestFinished(() => {
    reader.close();
  });
  await reader.welcomed();
  const total = FEED_LIMITS.kept + 300;
  for (let i = 1; i < total; i++) await other.append(VIEWERS, ONLINE, { at: 1, id: `e${i}` });
  bus.onEvent(VIEWERS, await other.append(VIEWERS, ONLINE, { at: 1, id: 'last' }));
  await reader.of('resync');
  await log.append(VIEWERS, ONLINE, { at: 1, id: 'next' });
  await reader.of('stream.online');
  expect(reader.told.map(({ type, seq }) => [type, seq])).toEqual([
    ['resync', total],
    ['stream.online', total + 1],
  ]);
  expect(log.places.followed).toBe(1);
  reader.close();
  await until(() => log.places.followed === 0, { what: 'nobody to read' });
});

it('remembers its place in no more feeds without readers than it may', async () => {
  const { log, bus } = await open();
  log.follow(VIEWERS);
  for (let i = 0; i < FEED_LIMITS.idleLines + 5; i++) {
    const channel = channelId(`c${i}`);
    const wire = { id: `e${i}`, version: 1, at: 1, channel, seq: 1 } as const;
    bus.onEvent({ channel, audience: 'viewers' }, { ...ONLINE, ...wire });
  }
  expect(log.places).toEqual({ followed: 1, idle: FEED_LIMITS.idleLines });
});

it('FEED-9 gives a Redis that does not answer no more events than it may', async () => {
  const redis = await RedisServer.start({ forgets: true });
  onTestFinished(() => redis.close());
  const heard: number[] = [];
  let up = 0;
  const open = (process: string): RedisFeedBus => {
    const bus = new RedisFeedBus(
      { url: redis.url, service: 's', process, log: QUIET },
      { onEvent: (_, { seq }) => heard.push(seq), onUp: () => (up += 1) },
    );
    onTestFinished(() => {
      bus.close();
    });
    return bus;
  };
  const [talks] = [open('a'), open('b')];
  await until(() => up === 2 && talks.client !== undefined, { what: 'connections' });
  const send = (seq: number): void => {
    const wire = { id: `e${seq}`, version: 1, at: 1, channel: VIEWERS.channel, seq } as const;
    talks.publish(VIEWERS, { ...ONLINE, ...wire });
  };
  redis.signal('SIGSTOP');
  for (let seq = 1; seq <= FEED_LIMITS.unpublished + 50; seq++) send(seq);
  redis.signal('SIGCONT');
  await until(() => heard.length >= FEED_LIMITS.unpublished, { what: 'those that were taken' });
  await until(
    () => {
      send(1_000_000);
      return heard.at(-1) === 1_000_000;
    },
    { what: 'one that comes later' },
  );
  expect(heard.filter((seq) => seq < 1_000_000)) //
    .toEqual(Array.from({ length: FEED_LIMITS.unpublished }, (_, i) => i + 1));
});

it('FEED-10 readers of other processes are added up, and those of one that is gone are not', async () => {
  const redis = await RedisServer.start({ forgets: true });
  onTestFinished(() => redis.close());
  const registry = (process: string, service = 's'): ViewerRegistry => {
    const bus = new RedisFeedBus(
      { url: redis.url, service, process, log: QUIET },
      { onEvent: () => undefined, onUp: () => undefined },
    );
    onTestFinished(() => {
      bus.close();
    });
    return new ViewerRegistry(() => bus.client, { service, process });
  };
  const [a, b, c] = [registry('a'), registry('b'), registry('c')];
  const [one, two] = [channelId('one'), channelId('two')];
  const say = (of: ViewerRegistry, ...counts: [ReturnType<typeof channelId>, number][]) =>
    of.exchange(new Map(counts));
  await until(async () => (await say(a, [one, 1])) !== undefined, { what: 'Redis' });
  await until(async () => (await say(b, [one, 2], [two, 5])) !== undefined, { what: 'Redis' });
  await until(async () => (await say(c, [one, 4])) !== undefined, { what: 'Redis' });
  // Of another database with the same Redis.
  const foreign = registry('f', 'other');
  await until(async () => (await say(foreign, [one, 99])) !== undefined, { what: 'Redis' });
  expect(await say(a, [one, 1])).toEqual(new Map([[one, 6]]));
  expect(await say(c, [two, 1])).toEqual(new Map([[two, 5]]));
  expect(await say(a, [one, 1])).toEqual(new Map([[one, 2]]));
  await b.leave();
  expect(await say(a, [one, 1])).toEqual(new Map());
  expect(await say(a)).toEqual(new Map());
  expect(await say(c, [one, 1])).toEqual(new Map());
});
