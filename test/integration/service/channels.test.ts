import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { field, refusalOf, TestService } from './test-service.ts';

let test: TestService;
beforeAll(async () => {
  test = await TestService.start();
  await test.makeChannel('demo', 'ana');
});
afterAll(() => test.close());

describe('channels', () => {
  it('API-1 are made by the operator, once, and can be read by everybody', async () => {
    const made = await test.call('POST', '/v1/channels', {
      token: test.admin,
      body: { id: 'other', title: ' Hello ', tags: ['one'] },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe('/v1/channels/other');
    const { body, headers } = await test.call('GET', '/v1/channels/other');
    expect(body).toMatchObject({ id: 'other', title: 'Hello', tags: ['one'], owner: null });
    expect(headers.get('etag')).toBe('"1"');
    const again = await test.call('POST', '/v1/channels', {
      token: test.admin,
      body: { id: 'other' },
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'channel-exists' } });
    expect((await test.call('GET', '/v1/channels/none')).status).toBe(404);
  });

  it('API-2 a title that changes is told to every viewer, once, with the next number', async () => {
    const [first, second] = [await test.read('demo'), await test.read('demo')];
    const token = await test.tokenOf('ana');
    const change = { token, body: { title: 'Live now' } };
    expect((await test.call('PATCH', '/v1/channels/demo', change)).status).toBe(200);
    for (const reader of [first, second]) {
      const [told] = await reader.of('channel.updated');
      expect(told).toMatchObject({ channel: 'demo', seq: 1, data: { title: 'Live now' } });
    }
  });

  it('API-2 a thumbnail is the URL of a picture, by https', async () => {
    const token = await test.tokenOf('ana');
    const change = (thumbnail: unknown) =>
      test.call('PATCH', '/v1/channels/demo', { token, body: { thumbnail } });
    for (const bad of ['http://example.org/a.jpg', 'javascript:alert(1)', 'a.jpg', 7, ''])
      expect((await change(bad)).status).toBe(400);
    expect(await change('https://example.org/a.jpg')).toMatchObject({
      status: 200,
      body: { thumbnail: 'https://example.org/a.jpg' },
    });
    expect(await change(null)).toMatchObject({ status: 200, body: { thumbnail: null } });
  });

  it('API-3 changes only what was read: If-Match', async () => {
    const token = await test.tokenOf('ana');
    const etag = (await test.call('GET', '/v1/channels/demo')).headers.get('etag') ?? '';
    const change = (headers: Readonly<Record<string, string>>) =>
      test.call('PATCH', '/v1/channels/demo', { token, body: { category: 'Music' }, headers });
    const changed = await change({ 'If-Match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    expect(await change({ 'If-Match': etag })).toMatchObject({
      status: 412,
      body: { code: 'changed-meanwhile' },
    });
    expect((await change({ 'If-Match': '*' })).status).toBe(200);
  });

  it('API-4 lists come in pages', async () => {
    for (const id of ['p1', 'p2', 'p3']) await test.makeChannel(id);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const query: string = cursor === undefined ? '' : `&cursor=${cursor}`;
      const { body } = await test.call('GET', `/v1/channels?limit=2${query}`);
      const page = body as { channels: { id: string }[]; next: string | null };
      expect(page.channels.length).toBeLessThanOrEqual(2);
      ids.push(...page.channels.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['demo', 'p1', 'p2', 'p3']));
    for (const bad of ['x', 'bm9uc2Vuc2U', '%00'])
      expect((await test.call('GET', `/v1/channels?cursor=${bad}`)).status).toBe(400);
  });
});

describe('tokens', () => {
  it('ACC-3 the first operator gets one once, and no password opens anything', async () => {
    expect(test.admin).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const before = test.admin;
    await test.down();
    await test.up();
    expect(test.admin).toBe(before);
    expect((await test.call('POST', '/v1/channels', { body: { id: 'x' } })).status).toBe(401);
    const wrong = await test.call('GET', '/v1/channels', { token: 'a'.repeat(43) });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(wrong.headers.get('www-authenticate')).toContain('Bearer');
  });

  it('ACC-4 hold until they are taken back', async () => {
    const made = await test.call('POST', '/v1/auth/tokens', {
      token: test.admin,
      body: { user: 'ana', name: 'Ana' },
    });
    const token = field(made.body, 'token');
    const change = { token, body: { title: 'x' } };
    expect((await test.call('PATCH', '/v1/channels/demo', change)).status).toBe(200);
    const path = `/v1/auth/tokens/${field(made.body, 'id')}`;
    expect((await test.call('DELETE', path, { token })).status).toBe(403);
    expect((await test.call('DELETE', path, { token: test.admin })).status).toBe(204);
    expect((await test.call('PATCH', '/v1/channels/demo', change)).status).toBe(401);
    expect((await test.call('DELETE', path, { token: test.admin })).status).toBe(404);
  });

  it('ACC-5 feeds are for whom they are for', async () => {
    const url = (query: string): string => `ws://127.0.0.1:${test.port}/v1/events?${query}`;
    const guest = await test.guest();
    expect(await refusalOf(url('channel=none'))).toBe(404);
    expect(await refusalOf(url('channel=demo&after=x'))).toBe(400);
    expect(await refusalOf(url('channel=demo&audience=streamer'))).toBe(401);
    expect(await refusalOf(url(`channel=demo&audience=streamer&token=${guest}`))).toBe(403);
    expect(await refusalOf(url(`channel=demo&token=${'a'.repeat(43)}`))).toBe(401);
    const ana = await test.tokenOf('ana');
    expect(await (await test.read('demo', { audience: 'streamer', token: ana })).welcomed()) //
      .toMatchObject({ audience: 'streamer' });
  });
});
