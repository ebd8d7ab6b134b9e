import { FEED_LIMITS } from '@shoal/server/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { ChatScene } from './chat-scene.ts';
import { field, TestService } from './test-service.ts';

let test: TestService;
let scene: ChatScene;
beforeAll(async () => {
  test = await TestService.start();
  scene = await ChatScene.start(test);
});
afterAll(() => test.close());

const send = (ref: unknown, text: unknown) => ({ type: 'chat.send', ref, text });

describe('a chat over the socket of a feed', () => {
  it('CHT-9 answers a message as the API does, and tells it as any other, in the order of its writer', async () => {
    const [writer, reader] = [
      await test.read(scene.channel, { token: await test.tokenOf('wo') }),
      await test.read(scene.channel),
    ];
    const texts = Array.from({ length: 10 }, (_, i) => `text ${i}`);
    for (const [i, text] of texts.entries()) writer.say(send(`r${i}`, text));
    const acks = await writer.of('chat.ack', texts.length);
    expect(acks.map(({ ref }) => ref)).toEqual(texts.map((_, i) => `r${i}`));
    const [first] = await scene.messages(undefined, `?limit=${texts.length}`);
    expect(acks.at(-1)?.['message']).toEqual(first);
    const told = await reader.of('chat.message', texts.length);
    expect(told.map(({ data }) => (data as { text: string }).text)).toEqual(texts);
    expect(told[0]?.['data']).toMatchObject({ author: { id: 'wo', name: 'wo', rank: 'viewer' } });
  });

  it('CHT-9 says why a message is refused, and when it may come again', async () => {
    const writer = await test.read(scene.channel, { token: await test.guest() });
    await scene.settings({ slowModeSeconds: 60 });
    for (const ref of ['1', '2']) writer.say(send(ref, 'x'));
    await writer.of('chat.ack');
    const [slow] = await writer.of('chat.refused');
    expect(slow).toMatchObject({ ref: '2', code: 'slow-mode' });
    expect(slow?.['retryAfterMs']).toBeGreaterThan(50_000);
    await scene.settings({ slowModeSeconds: 0 });
    writer.say(send('3', ''));
    expect((await writer.of('chat.refused', 2))[1]).toMatchObject({ code: 'invalid-message' });
  });

  it('CHT-9 takes nothing of who came without a token, nor what is no message', async () => {
    const nobody = await test.read(scene.channel);
    nobody.say(send('1', 'x'));
    expect(await nobody.of('chat.refused')).toMatchObject([{ ref: '1', code: 'unauthorized' }]);
    const writer = await test.read(scene.channel, { token: await test.guest() });
    const bad = [send(1, 'x'), send('x'.repeat(65), 'x'), send('r', 5), { type: 'chat.send' }];
    for (const message of bad) writer.say(message);
    const refused = await writer.of('chat.refused', bad.length);
    expect(refused.map(({ ref, code }) => [ref, code])).toEqual([
      [null, 'invalid-request'],
      ['x'.repeat(64), 'invalid-request'],
      ['r', 'invalid-request'],
      [null, 'invalid-request'],
    ]);
    // What is for somebody else, or nobody, is no error here.
    for (const message of [{ type: 'other' }, null, 5, [], 'x']) writer.say(message);
    writer.say(send('last', 'x'));
    await writer.of('chat.ack');
    expect(writer.closed).toBeUndefined();
  });

  it('CHT-9 refuses who is banned at their next message, and closes whose token was taken back', async () => {
    const made = await test.call('POST', '/v1/auth/tokens', {
      token: test.admin,
      body: { user: 'ro', name: 'Ro' },
    });
    const writer = await test.read(scene.channel, { token: field(made.body, 'token') });
    writer.say(send('1', 'x'));
    await writer.of('chat.ack');
    await scene.as('mo', 'PUT /bans/ro', {});
    writer.say(send('2', 'x'));
    expect(await writer.of('chat.refused')).toMatchObject([{ ref: '2', code: 'banned' }]);
    await scene.as('mo', 'DELETE /bans/ro');
    await test.call('DELETE', `/v1/auth/tokens/${field(made.body, 'id')}`, { token: test.admin });
    writer.say(send('3', 'x'));
    writer.say(send('4', 'x'));
    await until(() => writer.closed !== undefined, { what: 'its close' });
    expect(writer.closed).toBe(4403);
    expect(await writer.of('revoked')).toHaveLength(1);
    expect((await writer.of('chat.refused', 2)).at(-1)).toMatchObject({ code: 'unauthorized' });
    expect(await scene.messages(undefined, '?limit=1')).toMatchObject([{ text: 'x' }]);
  });

  it('FEED-7 closes a reader that says too much', async () => {
    const reader = await test.read(scene.channel);
    for (let i = 0; i < FEED_LIMITS.messagesPerWindow; i++) reader.say({ type: 'other' });
    reader.say(send('1', 'x'));
    await until(() => reader.closed !== undefined, { what: 'its close' });
    expect(reader.closed).toBe(4429);
    expect(reader.told.filter(({ type }) => type !== 'viewer.count')).toEqual([]);
  });
});
