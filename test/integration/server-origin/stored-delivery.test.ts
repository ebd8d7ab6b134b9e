import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type SegmentStore } from '@shoal/server/core';
import { immutableObject } from '../../../server/src/adapters/channel/live-objects.ts';
import { type StoredFilesLimits } from '../../../server/src/adapters/http/stored-files.ts';
import { openStore } from '../../../server/src/adapters/storage/open-store.ts';
import { S3Gate } from '../../support/s3/s3-gate.ts';
import { type S3Server, startS3Server } from '../../support/s3/s3-server.ts';
import { seededBytes } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { deaf } from './deaf-client.ts';
import { StoredSite } from './stored-site.ts';
import { WatchedStore } from './watched-store.ts';

const FOLDER = '/live/demo/source';
const SEGMENT = `${FOLDER}/1700000000-7.m4s`;
const BYTES = seededBytes(1, 700_001);
const QUICK = { requestMs: 300, stallMs: 300, tries: 2, backOffMs: 10 };

let s3: S3Server;
const folder = mkdtempSync(join(tmpdir(), 'shoal-delivery-'));
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  s3 = await startS3Server();
});

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

afterAll(() => {
  s3.close();
  rmSync(folder, { recursive: true });
});

async function serve(
  store: SegmentStore,
  limits?: Partial<StoredFilesLimits>,
): Promise<StoredSite> {
  const site = await StoredSite.start(store, limits);
  undo.push(() => site.close());
  return site;
}

async function disk(name: string): Promise<SegmentStore> {
  return openStore({ type: 'disk', folder: join(folder, name) });
}

async function gate(): Promise<S3Gate> {
  const made = await S3Gate.start(s3);
  undo.push(() => made.close());
  return made;
}

describe('delivery from a store', () => {
  it('ORG-6 a segment is served as when it was in memory, and revalidates by the same entity tag', async () => {
    const store = await disk('same');
    const site = await serve(store);
    const digests = SEGMENT.replace('.m4s', '.digests');
    const init = `${FOLDER}/1700000000-init.mp4`;
    for (const [path, kind] of [
      [SEGMENT, 'segment'],
      [digests, 'digests'],
      [init, 'init'],
    ] as const) {
      site.live.put(path, immutableObject({ path, kind, bytes: BYTES }));
      const hot = await site.get(path);
      site.live.delete(path);
      await store.put(path, BYTES);
      const cold = await site.get(path);
      const heads = [hot, cold].map(({ status, headers }) => {
        return { ...Object.fromEntries(headers), status, date: '' };
      });
      expect(heads[1]).toEqual(heads[0]);
      expect(Buffer.from(await cold.arrayBuffer()).equals(BYTES)).toBe(true);
      const again = await site.get(path, { 'If-None-Match': hot.headers.get('etag') ?? '' });
      expect(again.status).toBe(304);
      expect((await again.arrayBuffer()).byteLength).toBe(0);
    }
  });

  it('ORG-7 HEAD, single ranges and If-Range; several or broken ranges give the whole', async () => {
    const store = await disk('ranges');
    await store.put(SEGMENT, BYTES);
    const site = await serve(store);
    const head = await fetch(site.url(SEGMENT), { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('700001');
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=16384-32767', 16_384, 32_768],
      ['bytes=-1', 700_000, 700_001],
      ['bytes=600000-', 600_000, 700_001],
    ] as const) {
      const part = await site.get(SEGMENT, { Range: range });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/700001`);
      expect(Buffer.from(await part.arrayBuffer()).equals(BYTES.subarray(from, to))).toBe(true);
    }
    const beyond = await site.get(SEGMENT, { Range: 'bytes=700001-' });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe('bytes */700001');
    const etag = '"1700000000-7.m4s"';
    for (const [headers, status] of [
      [{ Range: 'bytes=0-9', 'If-Range': etag }, 206],
      [{ Range: 'bytes=0-9', 'If-Range': '"another"' }, 200],
      [{ Range: 'bytes=0-1,5-6' }, 200],
      [{ Range: 'bytes=9-1' }, 200],
      [{ Range: 'lines=1-2' }, 200],
    ] as const)
      expect((await site.get(SEGMENT, headers)).status).toBe(status);
  });

  it('ORG-6 what is in neither is missing for a second; what is no live path is not looked for', async () => {
    const store = new WatchedStore(await disk('missing'));
    const site = await serve(store);
    const missing = await site.get(`${FOLDER}/1-1.m4s`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('cache-control')).toBe('public, max-age=1');
    expect(store.opens).toBe(1);
    for (const path of ['/live/demo/x.m4s', '/live/demo/%2e%2e/source/1-1.m4s', '/live/demo'])
      expect((await site.get(path)).status).toBe(404);
    expect(store.opens).toBe(1);
    expect(site.failures).toEqual([]);
  });

  it('a playlist has the entity tag of its version; one that is to come is not that of the store', async () => {
    const store = await disk('playlists');
    const site = await serve(store);
    const path = `${FOLDER}/index.m3u8`;
    await store.put(path, Buffer.from('#EXTM3U\n#EXT-X-ENDLIST\n'));
    const first = await site.get(path);
    expect(first.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(first.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=1');
    const etag = first.headers.get('etag') ?? '';
    expect((await site.get(path, { 'If-None-Match': etag })).status).toBe(304);
    await store.put(path, Buffer.from('#EXTM3U\n'));
    const second = await site.get(path, { 'If-None-Match': etag });
    expect(second.status).toBe(200);
    expect(await second.text()).toBe('#EXTM3U\n');
    site.expectsMedia = true;
    expect((await site.get(path)).status).toBe(503);
  });

  it('playlists that are replaced while many read them are never mixed', async () => {
    const store = await disk('replaced');
    const site = await serve(store);
    const path = `${FOLDER}/index.m3u8`;
    const version = (n: number): string => `#EXTM3U\n${`#${n}\n`.repeat(20_000 + n)}`;
    await store.put(path, Buffer.from(version(0)));
    let writing = true;
    const writer = (async () => {
      for (let n = 1; n <= 30; n++) await store.put(path, Buffer.from(version(n)));
      writing = false;
    })();
    let got = 0;
    const reader = async (): Promise<void> => {
      while (writing) {
        const response = await site.get(path);
        const text = await response.text();
        if (response.status !== 200) continue;
        got += 1;
        expect(text).toBe(version(Number(/#(\d+)/.exec(text)?.[1])));
      }
    };
    await Promise.all([writer, reader(), reader(), reader()]);
    expect(got).toBeGreaterThan(0);
  });

  it('a store that fails is 503 with Retry-After, not to be kept', async () => {
    const before = await gate();
    const site = await serve(await openStore({ ...before.options, times: QUICK }));
    await before.close();
    for (const path of [SEGMENT, `${FOLDER}/index.m3u8`]) {
      const response = await site.get(path);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(await response.json()).toMatchObject({ status: 503 });
    }
    expect(site.failures).toHaveLength(2);
    expect(site.failures[0]).toMatchObject({ code: 'storage' });
  });

  it('the same at the same time is read from the bucket once, and then kept', async () => {
    const before = await gate();
    const store = await openStore({ ...before.options, prefix: 'once' });
    await store.put(SEGMENT, BYTES);
    const site = await serve(store);
    const whole = Array.from({ length: 30 }, () => site.bytes(SEGMENT));
    const stripes = Array.from({ length: 12 }, (_, n) =>
      site.bytes(SEGMENT, { Range: `bytes=${n * 50_000}-${n * 50_000 + 49_999}` }),
    );
    for (const bytes of await Promise.all(whole)) expect(bytes.equals(BYTES)).toBe(true);
    for (const [n, bytes] of (await Promise.all(stripes)).entries())
      expect(bytes.equals(BYTES.subarray(n * 50_000, (n + 1) * 50_000))).toBe(true);
    await site.bytes(SEGMENT);
    expect(before.count('GET')).toBe(1);
    expect(before.count('HEAD')).toBe(1);
  });

  it('stripes that are asked for one after the other are read once', async () => {
    const store = new WatchedStore(await disk('stripes'));
    await store.put(SEGMENT, BYTES);
    const site = await serve(store);
    for (let at = 0; at < 700_000; at += 100_000)
      await site.bytes(SEGMENT, { Range: `bytes=${at}-${at + 99_999}` });
    expect(store.reads).toBe(1);
    expect(store.bytesRead).toBe(BYTES.length);
  });

  it('memory is bounded: what was not asked for the longest is read again', async () => {
    const store = new WatchedStore(await disk('bounded'));
    const path = (n: number): string => `${FOLDER}/1-${n}.m4s`;
    for (let n = 0; n < 4; n++) await store.put(path(n), BYTES);
    const site = await serve(store, { hotBytes: 2 * BYTES.length });
    for (const n of [0, 1, 0, 2, 0, 1]) await site.bytes(path(n));
    expect(store.reads).toBe(4);
  });

  it('larger files are read by each for itself, and no more of them at a time than may be', async () => {
    const store = new WatchedStore(await disk('large'));
    await store.put(SEGMENT, BYTES);
    const site = await serve(store, { hotFileBytes: BYTES.length - 1, storeReads: 3 });
    const [open, opened] = held();
    store.gate = opened;
    const first = Array.from({ length: 3 }, () => site.bytes(SEGMENT));
    await until(() => store.reading === 3, { what: 'three reads' });
    const more = await site.get(SEGMENT);
    expect(more.status).toBe(503);
    open();
    for (const bytes of await Promise.all(first)) expect(bytes.equals(BYTES)).toBe(true);
    expect(store.reads).toBe(3);
    expect((await site.bytes(SEGMENT)).equals(BYTES)).toBe(true);
  });

  it('no more looks at a time go to a store that hangs than may be', async () => {
    const before = await gate();
    before.answer = () => {};
    const times = { ...QUICK, requestMs: 2_000, tries: 1 };
    const store = await openStore({ ...before.options, times });
    const site = await serve(store, { storeLooks: 4 });
    const hang = Array.from({ length: 8 }, (_, n) => site.get(`${FOLDER}/1-${n % 4}.m4s`));
    await until(() => before.requests.length === 4, { what: 'four looks' });
    const begun = performance.now();
    expect((await site.get(`${FOLDER}/1-99.m4s`)).status).toBe(503);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect((await Promise.all(hang)).map(({ status }) => status)).toEqual(Array(8).fill(503));
    expect(before.requests).toHaveLength(4);
  });

  it('who does not read holds the store back, and who leaves ends the read', async () => {
    const store = new WatchedStore(await openStore({ type: 'memory', maxBytes: 60_000_000 }));
    await store.put(SEGMENT, new Uint8Array(50_000_000));
    const site = await serve(store);
    const socket = await deaf(site, SEGMENT);
    await settled(() => store.bytesRead);
    expect(store.bytesRead).toBeGreaterThan(0);
    expect(store.bytesRead).toBeLessThan(25_000_000);
    expect(store.reading).toBe(1);
    socket.destroy();
    await until(() => store.reading === 0, { what: 'the end of the read' });
    await until(() => site.delivered.length === 1, { what: 'its record' });
    expect(site.served).toEqual([site.delivered[0]?.bytes]);
    expect(site.served[0]).toBeLessThan(store.bytesRead + 1);
  });

  it('a read that is shared goes on while one stays', async () => {
    const store = new WatchedStore(await disk('shared'));
    await store.put(SEGMENT, BYTES);
    const site = await serve(store);
    const [open, opened] = held();
    store.gate = opened;
    const quitters = Array.from({ length: 3 }, () => new AbortController());
    const left = quitters.map(({ signal }) => fetch(site.url(SEGMENT), { signal }).catch(() => 0));
    const stays = site.bytes(SEGMENT);
    await until(() => site.requests === 4 && store.reading === 1, { what: 'the read' });
    for (const quitter of quitters) quitter.abort();
    await Promise.all(left);
    open();
    expect((await stays).equals(BYTES)).toBe(true);
    expect(store.reads).toBe(1);
  });

  it('the last who leaves ends a read that was shared, and who comes then begins anew', async () => {
    const store = new WatchedStore(await disk('left'));
    await store.put(SEGMENT, BYTES);
    const site = await serve(store);
    const [open, opened] = held();
    store.onChunk = () => {
      store.gate = opened;
    };
    const quitters = Array.from({ length: 3 }, () => new AbortController());
    await Promise.all(quitters.map(({ signal }) => fetch(site.url(SEGMENT), { signal })));
    for (const quitter of quitters) quitter.abort();
    await until(() => site.delivered.length === 3, { what: 'three records' });
    open();
    await until(() => store.reading === 0, { what: 'the end of the read' });
    expect(store.bytesRead).toBeLessThan(BYTES.length);
    store.onChunk = () => undefined;
    expect((await site.bytes(SEGMENT)).equals(BYTES)).toBe(true);
    expect(store.reads).toBe(2);
  });

  it('a bucket that hangs in the middle is let go at once when its reader leaves', async () => {
    const before = await gate();
    const store = await openStore({ ...before.options, prefix: 'hang' });
    await store.put(SEGMENT, BYTES);
    let hanging = 0;
    before.answer = (request, response, pass) => {
      if (request.method !== 'GET') {
        pass();
        return;
      }
      hanging += 1;
      response.on('close', () => (hanging -= 1));
      const ETag = `"${createHash('md5').update(BYTES).digest('hex')}"`;
      response.writeHead(206, { ETag, 'Content-Range': 'bytes 0-700000/700001' });
      response.write(BYTES.subarray(0, 1000));
    };
    const site = await serve(store);
    const quitter = new AbortController();
    const { signal } = quitter;
    expect((await fetch(site.url(SEGMENT), { signal })).status).toBe(200);
    expect(hanging).toBe(1);
    quitter.abort();
    // Well before the time that a bucket has for its next bytes.
    await until(() => hanging === 0, { what: 'the end of the request', timeoutMs: 2_000 });
    await until(() => site.served.length === 1, { what: 'its record' });
    expect(site.served).toEqual([1000]);
    expect(site.failures).toEqual([]);
  });

  it('a store that fails in the middle breaks the connection off, and nothing of it is kept', async () => {
    const store = new WatchedStore(await disk('broken'));
    await store.put(SEGMENT, BYTES);
    const site = await serve(store);
    const [open, opened] = held();
    store.onChunk = () => {
      store.gate = opened;
    };
    const begun = await site.get(SEGMENT);
    expect(begun.status).toBe(200);
    truncateSync(join(folder, 'broken', SEGMENT), 300_000);
    open();
    await expect(begun.arrayBuffer()).rejects.toThrow();
    expect(site.failures[0]).toMatchObject({ code: 'storage' });
    const after = await site.bytes(SEGMENT);
    expect(after.equals(BYTES.subarray(0, 300_000))).toBe(true);
  });

  it('the bytes served of a stored segment are those that were read', async () => {
    const store = await disk('counted');
    const site = await serve(store);
    await store.put(SEGMENT, BYTES);
    await store.put(SEGMENT.replace('.m4s', '.digests'), BYTES);
    await site.bytes(SEGMENT);
    await site.bytes(SEGMENT, { Range: 'bytes=0-16383' });
    await site.bytes(SEGMENT.replace('.m4s', '.digests'));
    await until(() => site.delivered.length === 3, { what: 'three records' });
    expect(site.served).toEqual([700_001, 16_384]);
    expect(site.delivered[1]).toMatchObject({
      ...{ path: SEGMENT, status: 206, bytes: 16_384, range: 'bytes=0-16383' },
    });
  });
});

function held(): readonly [() => void, Promise<void>] {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [open, opened];
}

/** Waits until a figure is the same ten times in a row, and more than nothing. */
async function settled(figure: () => number): Promise<void> {
  let last = 0;
  let same = 0;
  await until(
    () => {
      const now = figure();
      same = now === last && now > 0 ? same + 1 : 0;
      last = now;
      return same >= 10;
    },
    { what: 'a figure that rests' },
  );
}
