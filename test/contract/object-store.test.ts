import { afterEach, describe, expect, it } from 'vitest';
import { type LiveObject, type ObjectStore } from '@shoal/server/core';
import { Mirror } from '../../server/src/adapters/redis/mirror.ts';
import { createMemoryStore } from '../../server/src/adapters/storage/memory-store.ts';
import { channelId } from '../support/builders.ts';
import { emptyReport } from '../integration/server-roles/empty-report.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';

const SEGMENT = '/live/demo/source/1700000000-1.m4s';
const LIST = '/live/demo/source/index.m3u8';
const SILENT = { info: () => undefined, warn: () => undefined };

const open: { readonly close: () => unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A store whose changes are mirrored in a Redis at this URL. */
function mirrored(url: string): ObjectStore {
  const status = { channel: channelId(), state: 'idle' as const, since: 0, renditions: [] };
  const about = { status, expectsMedia: false, lowLatency: false, recorded: false };
  const mirror = new Mirror(
    { url, channels: [channelId()], log: SILENT },
    {
      ...{ now: () => Date.now(), about: () => about, onDemand: () => undefined },
      report: (_channel, field) => emptyReport()[field],
      served: () => undefined,
    },
  );
  mirror.start();
  open.push(mirror);
  return mirror.over(createMemoryStore());
}

const OPEN: Readonly<Record<string, () => Promise<ObjectStore>>> = {
  memory: () => Promise.resolve(createMemoryStore()),
  'mirrored in Redis': async () => {
    const redis = await RedisServer.start({ forgets: true });
    open.push(redis);
    return mirrored(redis.url);
  },
  'mirrored in a Redis that is not there': async () =>
    mirrored(`redis://127.0.0.1:${String(await freePort())}`),
};

function object(text: string): LiveObject {
  return { bytes: Buffer.from(text), contentType: 'a/b', etag: `"${text}"`, cacheControl: '' };
}

describe.each(Object.keys(OPEN))('an object store: %s', (name) => {
  const start = async (): Promise<ObjectStore> => {
    const store = await OPEN[name]?.();
    if (store === undefined) throw new Error(name);
    return store;
  };

  it('has what was put last, at once, until it is deleted', async () => {
    const store = await start();
    expect(store.get(SEGMENT)).toBeUndefined();
    const [first, second] = [object('first'), object('second')];
    store.put(SEGMENT, first);
    store.put(LIST, first);
    expect(store.get(SEGMENT)).toBe(first);
    store.put(LIST, second);
    expect([store.get(SEGMENT), store.get(LIST)]).toEqual([first, second]);
    store.delete(SEGMENT);
    expect([store.get(SEGMENT), store.get(LIST)]).toEqual([undefined, second]);
  });

  it('deletes what is not there without a word, and keeps paths of nobody it knows', async () => {
    const store = await start();
    store.delete(SEGMENT);
    store.put('/live/other/index.m3u8', object('other'));
    expect(store.get('/live/other/index.m3u8')).toEqual(object('other'));
    store.delete('/live/other/index.m3u8');
    expect(store.get('/live/other/index.m3u8')).toBeUndefined();
  });
});
