import { get, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryRecord } from '@shoal/server';
import { until } from '../../support/until.ts';
import { Publisher } from './publisher.ts';
import { TestOrigin } from './test-origin.ts';

const delivered: DeliveryRecord[] = [];
let test: TestOrigin;
let path = '';
let size = 0;

// One finished broadcast serves all requests: nothing changes while they are made.
beforeAll(async () => {
  test = await TestOrigin.start({ onDelivered: (record) => delivered.push(record) });
  const publisher = await Publisher.start(test.rtmpUrl(), {
    burst: true,
    seconds: 5,
    videoArgs: [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-g',
      '30',
      '-b:v',
      '2M',
      '-x264-params',
      'nal-hrd=cbr:filler=1',
      '-maxrate',
      '2M',
      '-bufsize',
      '500k',
    ],
  });
  await publisher.exit();
  const { segments } = await test.playlistWhere((p) => p.segments.length >= 4, 'four segments');
  path = `/live/demo/source/${segments[1]?.uri ?? ''}`;
  size = (await test.get(path)).length;
});

afterAll(async () => {
  const found = await test.findings();
  await test.close();
  expect(found).toEqual([]);
});

function request(
  url: string,
  init: RequestInit & { readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(test.url(url), init);
}

type CountedSegment = { readonly servedBytes: number; readonly requests: number };

async function counted(of: string): Promise<CountedSegment> {
  const list: unknown = JSON.parse(await test.text('/v1/streams/demo/delivery'));
  const entry = (Array.isArray(list) ? list : []).find((one: { epoch: number; msn: number }) =>
    of.endsWith(`/${one.epoch}-${one.msn}.m4s`),
  ) as CountedSegment | undefined; // the test checks the fields that it uses
  return { servedBytes: entry?.servedBytes ?? NaN, requests: entry?.requests ?? NaN };
}

describe('delivery', () => {
  it('ORG-6 ORG-7 a segment is immutable, and open to pages of other sites', async () => {
    const response = await request(path);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'access-control-allow-origin': '*',
      'timing-allow-origin': '*',
      'accept-ranges': 'bytes',
      'content-type': 'video/mp4',
      'content-length': String(size),
    });
    expect(response.headers.get('access-control-expose-headers')).toMatch(/Content-Range/);
    const etag = response.headers.get('etag') ?? '';
    const again = await request(path, { headers: { 'If-None-Match': `"other", ${etag}` } });
    expect(again.status).toBe(304);
    expect((await again.arrayBuffer()).byteLength).toBe(0);
  });

  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=100-', 100, undefined],
    ['bytes=-50', -50, undefined],
    ['bytes=16384-999999999', 16_384, undefined],
  ])('ORG-7 the range %s gives exactly those bytes', async (range, from, to) => {
    const whole = Buffer.from(await (await request(path)).arrayBuffer());
    const part = await request(path, { headers: { Range: range } });
    expect(part.status).toBe(206);
    const bytes = Buffer.from(await part.arrayBuffer());
    expect(bytes.equals(whole.subarray(from, to))).toBe(true);
    const start = from < 0 ? size + from : from;
    const content = `bytes ${start}-${start + bytes.length - 1}/${size}`;
    expect(part.headers.get('content-range')).toBe(content);
  });

  it('ORG-7 a range beyond the end is 416, several or broken ones give the whole', async () => {
    const beyond = await request(path, { headers: { Range: `bytes=${size}-` } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${size}`);
    for (const Range of ['bytes=0-1,5-6', 'bytes=9-1', 'lines=1-2', 'bytes=-'])
      expect((await request(path, { headers: { Range } })).status).toBe(200);
    const stale = { Range: 'bytes=0-9', 'If-Range': '"another"' };
    expect((await request(path, { headers: stale })).status).toBe(200);
  });

  it('ORG-7 HEAD says what GET would, without a body', async () => {
    for (const url of [path, path.replace('.m4s', '.digests'), '/live/demo/index.m3u8']) {
      const head = await request(url, { method: 'HEAD' });
      const body = await (await request(url)).arrayBuffer();
      expect(head.status).toBe(200);
      expect(head.headers.get('content-length')).toBe(String(body.byteLength));
      expect((await head.arrayBuffer()).byteLength).toBe(0);
    }
  });

  it('ORG-7 a preflight that asks for Range is answered for a day', async () => {
    const answer = await request(path, {
      method: 'OPTIONS',
      headers: { Origin: 'https://a.test', 'Access-Control-Request-Headers': 'range' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toMatch(/Range/);
    expect(answer.headers.get('access-control-max-age')).toBe('86400');
  });

  it('ORG-6 playlists are revalidated, and what does not exist is missing for a second', async () => {
    const playlist = await request('/live/demo/source/index.m3u8');
    expect(playlist.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=0');
    expect(playlist.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    const etag = playlist.headers.get('etag') ?? '';
    const headers = { 'If-None-Match': etag };
    expect((await request('/live/demo/source/index.m3u8', { headers })).status).toBe(304);
    const missing = await request('/live/demo/source/1-1.m4s');
    expect(missing.status).toBe(404);
    expect(missing.headers.get('cache-control')).toBe('public, max-age=1');
    expect(missing.headers.get('access-control-allow-origin')).toBe('*');
    expect(await missing.json()).toMatchObject({ status: 404, title: 'Not Found' });
  });

  it.each([
    '/live/demo/../../etc/passwd',
    '/live/demo/source/%2e%2e/index.m3u8',
    '/live/nobody/index.m3u8',
    '/live/demo/source/99999999999-1.m4s',
    '/live/demo/source/1-1.m4s/x',
    '/live//index.m3u8',
    '/live/a%20b.flv',
    `/live/${'a'.repeat(5_000)}`,
  ])('SEG-3 %s is not found', async (url) => {
    const { status } = await rawGet(url);
    expect(status).toBe(404);
  });

  it('the bytes served of a segment are those that were read, ranges and quitters included', async () => {
    const before = await counted(path);
    await request(path, { headers: { Range: 'bytes=0-16383' } }).then((r) => r.arrayBuffer());
    await request(path).then((r) => r.arrayBuffer());
    await request(path, { method: 'HEAD' });
    await request(path.replace('.m4s', '.digests')).then((r) => r.arrayBuffer());
    const expected = before.servedBytes + 16_384 + size;
    const settled = async (): Promise<boolean> => (await counted(path)).servedBytes === expected;
    await until(settled, { what: `${expected} bytes counted`, timeoutMs: 3_000 });
    expect((await counted(path)).requests).toBe(before.requests + 2);
    const whole = delivered.filter((record) => record.path === path && record.status === 200);
    expect(whole.at(-1)).toMatchObject({ bytes: 0, userAgent: 'node' });
    const ranged = delivered.find((record) => record.range === 'bytes=0-16383');
    expect(ranged).toMatchObject({ path, status: 206, bytes: 16_384 });
  });

  it('a viewer that leaves in the middle is counted with what it got', async () => {
    const total = (): number => delivered.reduce((sum, { bytes }) => sum + bytes, 0);
    const before = total();
    const records = delivered.length;
    await new Promise<void>((resolve) => {
      const leaving = get(test.url(path), (response) => {
        response.once('data', () => {
          leaving.destroy();
          resolve();
        });
      });
      leaving.on('error', () => {});
    });
    const told = (): boolean => delivered.length > records;
    await until(told, { what: 'its record', timeoutMs: 3_000 });
    expect(total() - before).toBeLessThanOrEqual(size);
  });

  it('the status API tells state, media and epoch', async () => {
    expect(JSON.parse(await test.text('/v1/streams'))).toEqual({
      streams: [{ channel: 'demo', state: 'interrupted' }],
    });
    expect(JSON.parse(await test.text('/v1/streams/demo'))).toMatchObject({
      channel: 'demo',
      state: 'interrupted',
      targetDurationMs: 1_000,
      renditions: [{ rendition: 'source', width: 160, height: 90, frameRate: 30 }],
    });
    const nobody = await request('/v1/streams/nobody');
    expect(nobody.status).toBe(404);
    expect(nobody.headers.get('content-type')).toMatch(/problem\+json/);
    expect(nobody.headers.get('access-control-allow-origin')).toBe('*');
    expect(await (await request('/healthz')).json()).toEqual({ status: 'ok' });
  });
});

/** A GET whose path goes out as it is written. */
function rawGet(
  url: string,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(test.url('/'));
    get({ hostname, port, path: url }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    }).on('error', reject);
  });
}
