import { type ChatMessage } from '@shoal/protocol';
import { CHAT_LIMITS } from '@shoal/server/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { ChatScene } from './chat-scene.ts';
import { field, TestService } from './test-service.ts';

let test: TestService;
beforeAll(async () => {
  test = await TestService.start();
});
afterAll(() => test.close());

describe('messages', () => {
  it('CHT-6 are answered as they are told, with their place and the rank of their author', async () => {
    const scene = await ChatScene.start(test);
    const reader = await test.read(scene.channel);
    const { status, body } = await scene.say('mo', ' <b>hi</b>\n there ');
    expect(status).toBe(201);
    const [told] = await reader.of('chat.message');
    expect(told).toMatchObject({
      seq: (body as ChatMessage).seq,
      id: field(body, 'id'),
      data: {
        message: field(body, 'id'),
        author: { id: 'mo', name: 'mo', rank: 'moderator' },
        text: '<b>hi</b> there',
      },
    });
    expect(await scene.messages()).toEqual([{ ...(body as ChatMessage), deletedBy: null }]);
  });

  it('CHT-6 are listed in their order, the last first, page by page', async () => {
    const scene = await ChatScene.start(test);
    const texts = ['a', 'b', 'c', 'd', 'e'];
    for (const text of texts) await scene.said('mo', text);
    const seen: (string | null)[] = [];
    for (let query: string | null = '?limit=2'; query !== null;) {
      const { body } = await scene.as(undefined, `GET /chat/messages${query}`);
      const page = body as { messages: ChatMessage[]; next: string | null };
      seen.push(...page.messages.map(({ text }) => text));
      query = page.next === null ? null : `?limit=2&cursor=${page.next}`;
    }
    expect(seen).toEqual(texts.reverse());
  });

  it('CHT-9 guests have an id of the server and the rank of viewers, whatever they call themselves', async () => {
    const scene = await ChatScene.start(test);
    const guest = await test.guest('ana\u202e');
    const { body } = await scene.say(guest);
    const { author } = body as ChatMessage;
    expect(author).toMatchObject({ name: 'ana', rank: 'viewer' });
    expect(author.id).toMatch(/^guest-/);
    const pretending = { text: 'x', author: { id: 'ana', rank: 'streamer' }, id: 'mine' };
    const sent = await scene.as(guest, 'POST /chat/messages', pretending);
    expect((sent.body as ChatMessage).author).toEqual(author);
    expect((sent.body as ChatMessage).id).not.toBe('mine');
    expect((await scene.say('ana')).body).toMatchObject({ author: { rank: 'streamer' } });
    expect((await scene.say('admin')).body).toMatchObject({ author: { rank: 'admin' } });
  });

  it('CHT-2 are refused with a reason where the mode has it so', async () => {
    const scene = await ChatScene.start(test);
    const guest = await test.guest();
    const refused = { status: 403, body: { code: 'not-allowed' } };
    await scene.settings({ mode: 'accounts' });
    expect(await scene.say(guest)).toMatchObject(refused);
    expect((await scene.say('vi')).status).toBe(201);
    await scene.settings({ mode: 'followers' });
    expect(await scene.say('vi')).toMatchObject(refused);
    expect((await scene.as('vi', 'PUT /followers/me')).status).toBe(200);
    expect((await scene.say('vi')).status).toBe(201);
    await scene.settings({ mode: 'subscribers' });
    expect(await scene.say('vi')).toMatchObject(refused);
    const paid = { tier: '1', method: 'sandbox-pays' };
    expect((await scene.as('vi', 'POST /subscriptions', paid)).status).toBe(201);
    expect((await scene.say('vi')).status).toBe(201);
    await scene.settings({ mode: 'off' });
    expect(await scene.say('vi')).toMatchObject(refused);
    expect((await scene.say('mo')).status).toBe(201);
  });

  it('CHT-3 CHT-4 CHT-5 are refused by the rules of the room, and told when to come again', async () => {
    const scene = await ChatScene.start(test);
    await scene.settings({ slowModeSeconds: 60, blockedWords: ['spam'] });
    expect((await scene.say('vi')).status).toBe(201);
    const slow = await scene.say('vi');
    expect(slow).toMatchObject({ status: 429, body: { code: 'slow-mode' } });
    expect(Number(slow.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await scene.say(await test.guest(), 'Spam!')).toMatchObject({
      status: 403,
      body: { code: 'blocked-word' },
    });
    for (const text of ['', ' \u200e ', 'x'.repeat(501), 'x'.repeat(5_000)])
      expect(await scene.say('vi', text)).toMatchObject({
        status: 400,
        body: { code: 'invalid-message' },
      });
    await scene.settings({ slowModeSeconds: 0 });
    for (let i = 1; i < 20; i++) expect((await scene.say('vi')).status).toBe(201);
    expect(await scene.say('vi')).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
  });

  it('CHT-8 rates, slow mode and bans hold over a restart', async () => {
    const scene = await ChatScene.start(test);
    for (let i = 0; i < 20; i++) await scene.said('vi');
    const [slow, banned] = [await test.guest(), await test.tokenOf('bad')];
    await scene.said(slow);
    expect((await scene.as('mo', 'PUT /bans/bad', {})).status).toBe(200);
    await test.down();
    await test.up();
    expect(await scene.say('vi')).toMatchObject({ body: { code: 'rate-limited' } });
    await scene.settings({ slowModeSeconds: 600 });
    expect(await scene.say(slow)).toMatchObject({ body: { code: 'slow-mode' } });
    expect(await scene.say(banned)).toMatchObject({ body: { code: 'banned' } });
  });

  it('CHT-6 are deleted by who wrote them and by moderators, who alone see then what they said', async () => {
    const scene = await ChatScene.start(test);
    const reader = await test.read(scene.channel);
    const [own, other] = [await scene.said('vi', 'mine'), await scene.said('ana', 'hers')];
    expect((await scene.as('vi', `DELETE /chat/messages/${other}`)).status).toBe(403);
    expect((await scene.as('vi', `DELETE /chat/messages/${own}`)).status).toBe(204);
    expect((await scene.as('mo', `DELETE /chat/messages/${other}`)).status).toBe(204);
    expect((await scene.as('mo', `DELETE /chat/messages/${other}`)).status).toBe(204);
    expect((await scene.as('mo', 'DELETE /chat/messages/none')).status).toBe(404);
    const told = await reader.of('chat.message.deleted', 2);
    expect(told.map(({ data }) => data)).toEqual([{ message: own }, { message: other }]);
    const seen = (await scene.messages('vi')).map(({ text, deletedBy }) => [text, deletedBy]);
    expect(seen).toEqual([
      [null, null],
      [null, null],
    ]);
    const known = (await scene.messages('mo')).map(({ text, deletedBy }) => [text, deletedBy]);
    expect(known).toEqual([
      ['hers', 'mo'],
      ['mine', 'vi'],
    ]);
  });

  it('CHT-6 of one channel are none of another', async () => {
    const [one, two] = [await ChatScene.start(test), await ChatScene.start(test)];
    const id = await one.said('mo');
    expect((await two.as('ana', `DELETE /chat/messages/${id}`)).status).toBe(404);
    expect((await two.as('vi', 'POST /reports', { message: id })).status).toBe(404);
    expect(await two.messages()).toEqual([]);
  });
});

describe('settings', () => {
  it('CHT-7 are changed by moderators, of what they have read, and told to viewers without the words', async () => {
    const scene = await ChatScene.start(test);
    const reader = await test.read(scene.channel);
    const read = await scene.as('mo', 'GET /chat/settings');
    expect(read.body).toEqual({ mode: 'everyone', slowModeSeconds: 0, blockedWords: [] });
    const change = (etag: string) =>
      test.call('PATCH', `${scene.path}/chat/settings`, {
        token: scene.tokens.get('mo'),
        body: { slowModeSeconds: 5, blockedWords: ['spam'] },
        headers: { 'If-Match': etag },
      });
    const etag = read.headers.get('etag') ?? '';
    const changed = await change(etag);
    expect(changed).toMatchObject({ status: 200, body: { mode: 'everyone', slowModeSeconds: 5 } });
    expect(await change(etag)).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } });
    const [told] = await reader.of('chat.settings.updated');
    expect(told?.['data']).toEqual({ mode: 'everyone', slowModeSeconds: 5 });
    expect((await scene.as(undefined, 'GET /chat/settings')).body) //
      .toEqual({ mode: 'everyone', slowModeSeconds: 5, blockedWords: null });
  });

  it('CHT-7 have limits', async () => {
    const scene = await ChatScene.start(test);
    const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`);
    const status = async (change: object) => (await scene.settings(change)).status;
    expect(await status({ blockedWords: words(CHAT_LIMITS.blockedWords) })).toBe(200);
    expect(await status({ blockedWords: words(CHAT_LIMITS.blockedWords + 1) })).toBe(400);
    expect(await status({ blockedWords: ['x'.repeat(51)] })).toBe(400);
    for (const word of ['', '!!!', '\u0000', '👎'])
      expect(await status({ blockedWords: [word] })).toBe(400);
    for (const bad of [{}, { mode: 'some' }, { slowModeSeconds: 3_601 }, { slowModeSeconds: 0.5 }])
      expect(await status(bad)).toBe(400);
  });
});

describe('bans', () => {
  it('CHT-10 silence for good or for a time, are told, and end', async () => {
    const scene = await ChatScene.start(test);
    const reader = await test.read(scene.channel);
    // What is remembered of who wrote a moment ago is dropped when it changes.
    await scene.said('vi');
    const out = await scene.as('mo', 'PUT /bans/vi', { seconds: 600, reason: 'rude' });
    expect(out).toMatchObject({ status: 200, body: { user: 'vi', reason: 'rude', by: 'mo' } });
    const refused = await scene.say('vi');
    expect(refused).toMatchObject({ status: 403, body: { code: 'timed-out' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(590);
    expect((await scene.as('ana', 'PUT /bans/vi', {})).body).toMatchObject({ until: null });
    expect(await scene.say('vi')).toMatchObject({ status: 403, body: { code: 'banned' } });
    const { body } = await scene.as('mo', 'GET /bans');
    expect(body).toMatchObject({ bans: [{ user: 'vi', until: null, by: 'ana' }], next: null });
    expect((await scene.as('mo', 'DELETE /bans/vi')).status).toBe(204);
    expect((await scene.as('mo', 'DELETE /bans/vi')).status).toBe(404);
    await scene.said('vi');
    const told = await reader.of('chat.user.banned', 2);
    expect(told[0]?.['data']).toMatchObject({ user: 'vi', until: expect.any(Number) as number });
    expect(told[1]?.['data']).toEqual({ user: 'vi' });
    expect((await reader.of('chat.user.unbanned'))[0]?.['data']).toEqual({ user: 'vi' });
  });

  it('CHT-10 end by themselves', async () => {
    const scene = await ChatScene.start(test);
    await scene.as('mo', 'PUT /bans/vi', { seconds: 1 });
    expect(await scene.say('vi')).toMatchObject({ body: { code: 'timed-out' } });
    await until(async () => (await scene.say('vi')).status === 201, { what: 'the end of it' });
    expect((await scene.as('mo', 'GET /bans')).body).toEqual({ bans: [], next: null });
  });

  it('CHT-10 take with them the last messages of who is banned, when asked to', async () => {
    const scene = await ChatScene.start(test);
    for (const text of ['a', 'b']) await scene.said('vi', text);
    await scene.said('mo', 'c');
    const reader = await test.read(scene.channel);
    await scene.as('mo', 'PUT /bans/vi', { deleteMessages: true });
    await reader.of('chat.message.deleted', 2);
    expect((await scene.messages()).map(({ text }) => text)).toEqual(['c', null, null]);
  });

  it('CHT-10 go down the ranks alone, and make a moderator a viewer', async () => {
    const scene = await ChatScene.start(test);
    await scene.as('ana', 'PUT /moderators/mo2', {});
    const ban = async (who: string, user: string) =>
      (await scene.as(who, `PUT /bans/${user}`, {})).status;
    expect([await ban('mo', 'mo2'), await ban('mo', 'ana'), await ban('mo', 'mo')]) //
      .toEqual([403, 403, 403]);
    expect([await ban('ana', 'ana'), await ban('ana', 'admin'), await ban('admin', 'ana')]) //
      .toEqual([403, 403, 403]);
    expect(await ban('ana', 'mo2')).toBe(200);
    const { body } = await scene.as('ana', 'GET /moderators');
    expect((body as { moderators: unknown[] }).moderators).toMatchObject([{ user: 'mo' }]);
    expect(await scene.as('ana', 'PUT /moderators/mo2', {})) //
      .toMatchObject({ status: 409, body: { code: 'is-banned' } });
  });
});

describe('moderators', () => {
  it('CHT-10 are made by the streamer, of accounts, not more than so many', async () => {
    const scene = await ChatScene.start(test);
    const put = (user: string, body = {}) => scene.as('ana', `PUT /moderators/${user}`, body);
    expect(await put('vi', { name: 'Vi' })).toMatchObject({ status: 200, body: { name: 'Vi' } });
    expect(await put('vi', { name: 'X' })).toMatchObject({ status: 200, body: { name: 'Vi' } });
    expect((await scene.as('vi', 'GET /bans')).status).toBe(200);
    expect((await scene.as('ana', 'DELETE /moderators/vi')).status).toBe(204);
    expect((await scene.as('vi', 'GET /bans')).status).toBe(403);
    expect((await scene.as('ana', 'DELETE /moderators/vi')).status).toBe(404);
    const guest = (await scene.say(await test.guest())).body as ChatMessage;
    expect(await put(guest.author.id)).toMatchObject({ body: { code: 'account-needed' } });
    expect(await put('ana')).toMatchObject({ status: 409, body: { code: 'is-streamer' } });
    for (let i = 1; i < CHAT_LIMITS.moderators; i++) expect((await put(`m${i}`)).status).toBe(200);
    expect(await put('more')).toMatchObject({ status: 409, body: { code: 'too-many-moderators' } });
  });
});

describe('followers', () => {
  it('CHT-7 follow by themselves, with an account', async () => {
    const scene = await ChatScene.start(test);
    const count = async () => (await scene.as(undefined, 'GET /followers')).body;
    const followed = await scene.as('vi', 'PUT /followers/me');
    expect(followed.body).toEqual((await scene.as('vi', 'PUT /followers/me')).body);
    expect((await scene.as('vi', 'GET /followers/me')).body).toEqual(followed.body);
    expect(await count()).toEqual({ count: 1 });
    expect((await scene.as('vi', 'DELETE /followers/me')).status).toBe(204);
    expect((await scene.as('vi', 'GET /followers/me')).body).toEqual({ since: null });
    expect(await count()).toEqual({ count: 0 });
    expect(await scene.as(await test.guest(), 'PUT /followers/me')) //
      .toMatchObject({ status: 403, body: { code: 'account-needed' } });
  });
});

describe('reports', () => {
  it('CHT-11 reach moderators with the message, deleted or not, and are resolved', async () => {
    const scene = await ChatScene.start(test);
    const message = await scene.said('ana', 'rude');
    const made = await scene.as('vi', 'POST /reports', { message, reason: 'rude' });
    expect(made).toMatchObject({ status: 201, body: { message, reason: 'rude' } });
    const again = await scene.as('vi', 'POST /reports', { message });
    expect(again).toMatchObject({ status: 200, body: made.body as object });
    await scene.as('mo', `DELETE /chat/messages/${message}`);
    const open = async () => (await scene.as('mo', 'GET /reports?open=true')).body;
    expect(await open()).toMatchObject({
      reports: [{ reporter: 'vi', about: { text: 'rude', deletedBy: 'mo' }, resolvedAt: null }],
    });
    const resolve = `POST /reports/${field(made.body, 'id')}/resolve`;
    const resolved = await scene.as('mo', resolve);
    expect(resolved).toMatchObject({ status: 200, body: { resolvedBy: 'mo' } });
    expect((await scene.as('ana', resolve)).body).toEqual(resolved.body);
    expect(await open()).toEqual({ reports: [], next: null });
    expect((await scene.as('mo', 'POST /reports/none/resolve')).status).toBe(404);
  });

  it('CHT-11 of one viewer wait for moderators, not more than so many', async () => {
    const scene = await ChatScene.start(test);
    const report = (message: string) => scene.as('vi', 'POST /reports', { message });
    for (let i = 0; i < CHAT_LIMITS.openReports; i++)
      expect((await report(await scene.said('mo'))).status).toBe(201);
    expect(await report(await scene.said('mo'))).toMatchObject({
      status: 429,
      body: { code: 'too-many-reports' },
    });
  });
});
