import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BROADCAST_LIMITS, type BroadcastIssue } from '@shoal/server/core';
import { channelId } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import { ScriptedOrigin } from './scripted-origin.ts';
import { type Answer, field, TestService } from './test-service.ts';

const DEMO = channelId();
const PATH = '/v1/channels/demo/broadcasts';

type Asked = readonly [
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
];

let test: TestService;
let origin: ScriptedOrigin;
let token: string;
beforeEach(async () => {
  test = await TestService.start({
    playback: { hlsUrl: 'https://cdn.example/', trackers: ['wss://t.example'] },
  });
  await test.makeChannel('demo', 'ana');
  token = await test.tokenOf('ana');
  origin = new ScriptedOrigin(DEMO);
  await test.service.follow(origin);
});
afterEach(() => test.close());

const ask = (...[method, path, body, headers = {}]: Asked): Promise<Answer> =>
  test.call(method, `/v1/channels/demo${path}`, { token, body, headers });

async function plan(body: object = {}): Promise<string> {
  const made = await ask('POST', '/broadcasts', body);
  expect(made.status).toBe(201);
  return field(made.body, 'id');
}

const move = (id: string, to: string, headers = {}): Promise<Answer> =>
  ask('POST', `/broadcasts/${id}/transition`, { to }, headers);

async function listed(as?: string): Promise<readonly { id: string; state: string }[]> {
  const { body } = await test.call('GET', PATH, { token: as });
  return (body as { broadcasts: { id: string; state: string }[] }).broadcasts;
}

async function streaming(): Promise<string> {
  origin.becomes(DEMO, 'live');
  await until(async () => (await listed()).some(({ state }) => state === 'live'), {
    what: 'a live broadcast',
  });
  return (await listed())[0]?.id ?? '';
}

describe('broadcasts', () => {
  it('BRD-2 are planned, made ready and moved as the rules say; illegal moves say why', async () => {
    const id = await plan({ title: ' Tonight ', autoStart: false });
    const { body, headers } = await ask('GET', `/broadcasts/${id}`);
    expect(body).toMatchObject({ title: 'Tonight', state: 'created', autoStop: true });
    expect(headers.get('etag')).toBe('"1"');
    const illegal = await move(id, 'live');
    expect(illegal).toMatchObject({ status: 409, body: { code: 'illegal-transition' } });
    expect(field(illegal.body, 'detail')).toContain('created cannot become live');
    expect(await move(id, 'ready')).toMatchObject({ status: 200, body: { state: 'ready' } });
    expect(field((await move(id, 'testing')).body, 'detail')).toContain('nobody publishes');
    origin.becomes(DEMO, 'live');
    await until(async () => (await move(id, 'testing')).status === 200, { what: 'a test' });
    // The same again is no error, and no change.
    const again = await move(id, 'testing');
    expect(again.status).toBe(200);
    expect(again.headers.get('etag')).toBe('"3"');
    const other = await plan();
    await move(other, 'ready');
    expect(await move(other, 'live')).toMatchObject({
      status: 409,
      body: { code: 'broadcast-under-way' },
    });
    expect((await move(id, 'live')).status).toBe(200);
    expect((await move(id, 'complete')).status).toBe(200);
    expect((await move(id, 'archived')).status).toBe(200);
    for (const bad of [{ to: 'interrupted' }, { to: 'created' }, {}, { to: 7 }])
      expect((await ask('POST', `/broadcasts/${id}/transition`, bad)).status).toBe(400);
    expect((await move('none', 'ready')).status).toBe(404);
  });

  it('BRD-6 drafts and tests are the streamer’s alone', async () => {
    const id = await plan();
    const viewer = await test.tokenOf('vi');
    expect(await listed(viewer)).toEqual([]);
    expect((await test.call('GET', `${PATH}/${id}`, { token: viewer })).status).toBe(404);
    expect(await listed(token)).toHaveLength(1);
    await move(id, 'ready');
    expect(await streaming()).toBe(id);
    expect((await test.call('GET', `${PATH}/${id}`)).status).toBe(200);
    await move(id, 'revoked');
    expect(await listed()).toEqual([]);
    expect((await test.call('GET', `${PATH}/${id}`)).status).toBe(404);
    expect((await ask('GET', `/broadcasts/${id}`)).body).toMatchObject({ state: 'revoked' });
  });

  it('API-3 changes only what was read, and of what is over the title alone', async () => {
    const id = await plan();
    const path = `/broadcasts/${id}`;
    const etag = (await ask('GET', path)).headers.get('etag') ?? '';
    const changed = await ask('PATCH', path, { scheduledAt: 5, title: 'x' }, { 'If-Match': etag });
    expect(changed).toMatchObject({ status: 200, body: { scheduledAt: 5, title: 'x' } });
    const stale = { 'If-Match': etag };
    expect((await ask('PATCH', path, { title: 'y' }, stale)).status).toBe(412);
    expect((await move(id, 'ready', stale)).status).toBe(412);
    expect((await ask('PATCH', path, {})).status).toBe(400);
    expect((await ask('PATCH', path, { state: 'live' })).status).toBe(400);
    expect((await ask('PATCH', '/broadcasts/none', { title: 'y' }, stale)).status).toBe(404);
    await move(id, 'revoked');
    expect((await ask('PATCH', path, { title: 'z' })).status).toBe(200);
    expect(await ask('PATCH', path, { autoStop: false })).toMatchObject({
      status: 409,
      body: { code: 'broadcast-over' },
    });
  });

  it('BRD-4 a stream of a channel that nobody made is in the catalogue, and one that is gone is over', async () => {
    const other = channelId('other');
    origin.becomes(other, 'live', { silent: true });
    await until(async () => (await test.call('GET', '/v1/channels/other')).status === 200, {
      what: 'the channel',
    });
    const { body } = await test.call('GET', '/v1/channels/other');
    expect(body).toMatchObject({ owner: null, title: '' });
    const states = async (): Promise<unknown> =>
      ((await test.call('GET', '/v1/channels/other/broadcasts')).body as { broadcasts: unknown })
        .broadcasts;
    await until(async () => JSON.stringify(await states()).includes('"live"'), { what: 'live' });
    origin.forget(other);
    await until(async () => JSON.stringify(await states()).includes('"complete"'), {
      what: 'its end',
    });
    await expect(test.service.follow(origin)).rejects.toThrow('follows an origin already');
  });

  it('BRD-4 what was live when the service ended is as the origin says when it is there again', async () => {
    const viewer = await test.read('demo');
    const id = await streaming();
    await viewer.of('broadcast.transitioned');
    const { seq } = (await viewer.of('broadcast.transitioned'))[0] as unknown as { seq: number };
    await test.down();
    origin.becomes(DEMO, 'interrupted', { silent: true });
    await test.up();
    // Until it is followed nobody knows.
    expect(await listed()).toMatchObject([{ id, state: 'live' }]);
    await test.service.follow(origin);
    expect(await listed()).toMatchObject([{ id, state: 'interrupted' }]);
    const back = await test.read('demo', { after: seq });
    await back.of('broadcast.transitioned');
    expect(back.told.map(({ type }) => type)) //
      .toEqual(['stream.interrupted', 'broadcast.transitioned']);
    await test.down();
    origin.becomes(DEMO, 'ended', { silent: true });
    await test.up();
    await test.service.follow(origin);
    expect(await listed()).toMatchObject([{ id, state: 'complete' }]);
    expect((await ask('GET', '/broadcasts')).body).toMatchObject({
      broadcasts: [{ endedAt: expect.any(Number) as unknown }],
    });
  });
});

describe('stream keys', () => {
  const publish = (key: string, channel?: string) =>
    test.service.access({
      ...{ action: 'publish', protocol: 'rtmp', ip: '127.0.0.1', id: 'c1', query: '' },
      ...{ user: '', password: '', token: channel === undefined ? '' : key },
      path: `live/${channel ?? key}`,
    });
  const internal = (body: object, as: string | undefined = test.admin): Promise<Answer> =>
    test.call('POST', '/v1/internal/access', { token: as, body });

  it('KEY-1 KEY-3 are shown once, and open their channel alone', async () => {
    const made = await ask('POST', '/stream-keys', {});
    expect(made.status).toBe(201);
    const key = field(made.body, 'key');
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const list = await ask('GET', '/stream-keys');
    expect(JSON.stringify(list.body)).not.toContain(key);
    expect(list.body).toMatchObject({ keys: [{ hint: key.slice(-4), usedAt: null }] });
    expect(await publish(key)).toEqual({ allowed: true, channel: 'demo' });
    expect(await publish(key, 'demo')).toEqual({ allowed: true, channel: 'demo' });
    await test.makeChannel('other');
    expect((await publish(key, 'other')).allowed).toBe(false);
    for (const wrong of ['', 'demo', `${key}x`, key.slice(1), 'x'.repeat(5_000)])
      expect(await publish(wrong)).toMatchObject({ allowed: false });
    const used = (await ask('GET', '/stream-keys')).body as { keys: { usedAt: number | null }[] };
    expect(used.keys[0]?.usedAt).toBeGreaterThan(0);
    for (let i = 1; i < BROADCAST_LIMITS.keys; i++) await ask('POST', '/stream-keys', {});
    expect(await ask('POST', '/stream-keys')).toMatchObject({
      status: 409,
      body: { code: 'too-many-stream-keys' },
    });
  });

  it('KEY-3 media servers ask in the shape of MediaMTX, with the operator’s token', async () => {
    const key = field((await ask('POST', '/stream-keys', {})).body, 'key');
    const asked = {
      ...{ user: '', password: '', token: '', ip: '::1', protocol: 'rtmp', id: null, query: '' },
      ...{ action: 'publish', path: `live/${key}` },
    };
    expect(await internal(asked)).toMatchObject({ status: 200, body: { channel: 'demo' } });
    const named = { ...asked, path: 'live/demo' };
    expect((await internal({ ...named, query: `token=${key}` })).status).toBe(200);
    expect((await internal({ ...named, password: key, user: 'any' })).status).toBe(200);
    expect((await internal({ ...named, query: `user=any&pass=${key}` })).status).toBe(200);
    expect(await internal(named)).toMatchObject({ status: 403, body: { code: 'access-refused' } });
    expect((await internal({ ...asked, action: 'read', path: 'live/demo/index.m3u8' })).status) //
      .toBe(200);
    expect((await internal({ ...asked, action: 'playback', path: 'live/none' })).status).toBe(403);
    for (const action of ['api', 'metrics', 'pprof'])
      expect((await internal({ ...asked, action })).status).toBe(403);
    expect((await internal(asked, token)).status).toBe(403);
    expect((await test.call('POST', '/v1/internal/access', { body: asked })).status).toBe(401);
    expect((await internal({ action: 'publish', path: 7 })).status).toBe(400);
  });

  it('KEY-4 who publishes with a key that is taken back is dropped; with grace it stays', async () => {
    const made = (await ask('POST', '/stream-keys', {})).body;
    const [id, key] = [field(made, 'id'), field(made, 'key')];
    const unused = field((await ask('POST', '/stream-keys')).body, 'id');
    await publish(key);
    await streaming();
    const gentle = await ask('POST', `/stream-keys/${id}/rotate`, { graceSeconds: 60 });
    expect(gentle.status).toBe(201);
    expect((await publish(key)).allowed).toBe(true);
    expect((await publish(field(gentle.body, 'key'))).allowed).toBe(true);
    expect((await ask('DELETE', `/stream-keys/${unused}`)).status).toBe(204);
    expect(origin.dropped).toEqual([]);
    expect((await ask('DELETE', `/stream-keys/${id}`)).status).toBe(204);
    expect(origin.dropped).toMatchObject([{ channel: 'demo' }]);
    expect((await publish(key)).allowed).toBe(false);
    expect((await ask('DELETE', `/stream-keys/${id}`)).status).toBe(404);
    const next = field(gentle.body, 'id');
    expect((await ask('POST', `/stream-keys/${next}/rotate`)).status).toBe(201);
    expect(origin.dropped).toHaveLength(2);
    expect((await publish(field(gentle.body, 'key'))).allowed).toBe(false);
    expect((await ask('POST', '/stream-keys/none/rotate', {})).status).toBe(404);
  });

  it('BRD-8 a channel whose broadcast was taken down takes no publisher until the operator makes another one ready', async () => {
    const key = field((await ask('POST', '/stream-keys', {})).body, 'key');
    await publish(key);
    const id = await streaming();
    await test.call('POST', `${PATH}/${id}/transition`, {
      token: test.admin,
      body: { to: 'revoked' },
    });
    await until(() => origin.dropped.length === 1, { what: 'the drop' });
    expect(await publish(key)).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('taken down') as unknown,
    });
    // What the operator took down is not for the streamer to bring back.
    const next = await plan();
    await move(next, 'ready');
    expect((await publish(key)).allowed).toBe(false);
    const asAdmin = { token: test.admin, body: { to: 'ready' } };
    await test.call('POST', `${PATH}/${await plan()}/transition`, asAdmin);
    expect((await publish(key)).allowed).toBe(true);
  });
});

describe('what is known of a stream', () => {
  const ISSUE: BroadcastIssue = {
    ...{ type: 'noAudio', severity: 'warning', reason: 'none came' },
    description: 'Your stream has no sound.',
  };

  it('HLT-1 HLT-3 its health is the streamer’s to see and hear of', async () => {
    expect((await ask('GET', '/health')).body).toMatchObject({ status: 'none', issues: [] });
    origin.says(DEMO, 'health', { status: 'ok', issues: [ISSUE] });
    const ana = await test.read('demo', { audience: 'streamer', token });
    const id = await streaming();
    const [told] = await ana.of('stream.health');
    expect(told?.['data']).toEqual({
      status: 'ok',
      issues: [{ type: 'noAudio', description: ISSUE.description }],
    });
    expect((await ask('GET', '/health')).body).toMatchObject({ status: 'ok', issues: [ISSUE] });
    const viewers = [1, 2, 3, 4].map(() => test.read('demo'));
    for (const viewer of await Promise.all(viewers)) {
      viewer.say({ type: 'playback', stalls: 1, errors: 0 });
      // Neither is what a count can be.
      viewer.say({ type: 'playback', stalls: -1 });
      viewer.say({ type: 'playback', stalls: 'many', errors: 1e9 });
    }
    await until(
      async () => {
        const { body } = await ask('GET', `/broadcasts/${id}/health`);
        return (body as { viewers: { troubled: number } }).viewers.troubled === 4;
      },
      { what: 'what viewers say' },
    );
    expect((await ask('GET', '/health')).body).toMatchObject({
      ...{ status: 'bad', viewers: { reporting: 4, troubled: 4 } },
      issues: [{ type: 'noAudio' }, { type: 'viewersStall', severity: 'error' }],
    });
    // Not before ten seconds are over.
    const both = await until(
      () => ana.told.filter(({ type }) => type === 'stream.health')[1] !== undefined,
      {
        what: 'another health',
        timeoutMs: 20_000,
      },
    ).then(() => ana.of('stream.health', 2));
    const [first, second] = both.map(({ at }) => at as number);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(BROADCAST_LIMITS.healthMs);
  });

  it('PLY-1 a player is told all that it needs, and of what viewers may know', async () => {
    origin.says(DEMO, 'playback', {
      ...{ hls: '/live/demo/index.m3u8', dvr: '/live/demo/dvr.m3u8' },
      signing: { algorithm: 'Ed25519', keys: [{ id: 'k1' }] },
    });
    const { body } = await test.call('GET', '/v1/channels/demo/playback');
    expect(body).toEqual({
      ...{ channel: 'demo', swarm: 'demo', state: 'offline', broadcast: null },
      ...{ hls: 'https://cdn.example/live/demo/index.m3u8', lowLatency: null },
      dvr: 'https://cdn.example/live/demo/dvr.m3u8',
      ...{ trackers: ['wss://t.example'], iceServers: [] },
      signing: { algorithm: 'Ed25519', keys: [{ id: 'k1' }] },
    });
    const id = await streaming();
    expect((await test.call('GET', '/v1/channels/demo/playback')).body).toMatchObject({
      ...{ state: 'online', broadcast: { id, state: 'live' } },
    });
  });

  it('VOD-1 VOD-2 recordings are listed with their broadcast, and told of when they can be played', async () => {
    const viewer = await test.read('demo');
    const id = await streaming();
    const now = Date.now();
    const recording = (broadcast: number, beginAt: number, endAt: number) => ({
      ...{ broadcast, beginAt, endAt, durationMs: endAt - beginAt, bytes: 1, segments: 1, gaps: 0 },
      ...{ renditions: [], state: 'closed' as const, playlist: `/live/demo/${broadcast}.m3u8` },
    });
    origin.becomes(DEMO, 'ended');
    await until(async () => (await listed())[0]?.state === 'complete', { what: 'its end' });
    const old = [1, 2, 3].map((i) => recording(i, i * 1_000, i * 1_000 + 500));
    // Its playlist is not there yet.
    const unlisted = { ...recording(5, now, now + 10), playlist: undefined };
    const whole = recording(4, now - 60_000, now + 60_000);
    origin.says(DEMO, 'recordings', [...old, whole, unlisted as unknown as typeof whole]);
    const [ready] = await viewer.of('vod.ready');
    expect(ready?.['data']).toEqual({ broadcast: id, playlist: '/live/demo/4.m3u8' });
    const ids: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await test.call('GET', `/v1/channels/demo/vods?limit=2${cursor}`);
      const page = body as { vods: { id: string }[]; next: string | null };
      ids.push(...page.vods.map((vod) => vod.id));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(ids).toEqual(['4', '3', '2', '1']);
    const { body } = await test.call('GET', '/v1/channels/demo/vods?limit=1');
    expect(body).toMatchObject({
      vods: [{ broadcast: id, hls: 'https://cdn.example/live/demo/4.m3u8' }],
    });
    await move(id, 'revoked');
    const left = (await test.call('GET', '/v1/channels/demo/vods')).body as { vods: unknown[] };
    expect(left.vods).toHaveLength(3);
    expect(((await ask('GET', '/vods')).body as { vods: unknown[] }).vods).toHaveLength(4);
    origin.says(DEMO, 'jobs', [
      {
        ...{ id: '4-mp4', broadcast: 4, type: 'mp4', state: 'done', attempts: 1, progress: 100 },
        createdAt: 1,
      },
    ]);
    expect((await ask('GET', '/jobs')).body).toMatchObject({
      jobs: [{ id: '4-mp4', vod: '4', state: 'done', finishedAt: null }],
    });
    expect(viewer.told.filter(({ type }) => type === 'vod.ready')).toHaveLength(1);
  });
});
