import { type ChatMessage } from '@shoal/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChatScene } from './chat-scene.ts';
import { bothDatabases } from './databases.ts';
import { type TestReader, TestService } from './test-service.ts';

const WRITERS = 50;
const EACH = 6;

describe.each(bothDatabases())('chats over %s', (name, make) => {
  it('CHT-6 50 who write at once are read in one order by all, none lost and none doubled', async () => {
    const test = await TestService.start({ database: await make() });
    onTestFinished(() => test.close());
    const scene = await ChatScene.start(test);
    const readers = await Promise.all(Array.from({ length: 5 }, () => test.read(scene.channel)));
    const tokens = await Promise.all(Array.from({ length: WRITERS }, () => test.guest()));
    const sockets = await Promise.all(
      tokens.slice(WRITERS / 2).map((token) => test.read(scene.channel, { token })),
    );
    const texts = new Set<string>();
    // Half of them by the API, one after the other, and half by their sockets, all at once.
    const posting = tokens.slice(0, WRITERS / 2).map(async (token, writer) => {
      for (let i = 0; i < EACH; i++) {
        texts.add(`post ${writer} ${i}`);
        const { status } = await scene.say(token, `post ${writer} ${i}`);
        expect(status).toBe(201);
      }
    });
    for (const [writer, socket] of sockets.entries())
      for (let i = 0; i < EACH; i++) {
        texts.add(`send ${writer} ${i}`);
        socket.say({ type: 'chat.send', ref: String(i), text: `send ${writer} ${i}` });
      }
    // Somebody who comes amid them: the backlog and the feed make up the whole.
    const [, late] = await Promise.all([posting[0], test.read(scene.channel)]);
    const { seq } = await late.welcomed();
    const backlog: ChatMessage[] = [];
    for (let query: string | undefined = '?limit=100'; query !== undefined;) {
      const { body } = await scene.as(undefined, `GET /chat/messages${query}`);
      const page = body as { messages: ChatMessage[]; next: string | null };
      backlog.push(...page.messages);
      query = page.next === null ? undefined : `?limit=100&cursor=${page.next}`;
    }
    await Promise.all(posting);
    for (const socket of sockets) await socket.of('chat.ack', EACH);

    const total = WRITERS * EACH;
    for (const reader of readers) await reader.of('chat.message', total);
    const [first = [], ...others] = readers.map(textsOf);
    expect(new Set(first)).toEqual(texts);
    expect(first).toHaveLength(total);
    for (const other of others) expect(other).toEqual(first);
    for (const writer of ['post 0', 'send 0'])
      expect(first.filter((text) => text.startsWith(`${writer} `))) //
        .toEqual(Array.from({ length: EACH }, (_, i) => `${writer} ${i}`));
    // Numbers of the backlog up to that of the welcome, and those of the feed from then on, are all of them.
    const before = backlog.filter((message) => message.seq <= Number(seq)).reverse();
    await late.of('chat.message', total - before.length);
    expect([...before.map(({ text }) => text), ...textsOf(late)]).toEqual(first);
    const listed = await scene.messages(undefined, '?limit=100');
    expect(listed.map(({ text }) => text)).toEqual(first.slice(-100).reverse());
  });

  it.runIf(name === 'PostgreSQL')('CHT-8 rates and bans hold over two processes', async () => {
    const database = await make();
    const [one, two] = [
      await TestService.start({ database }),
      await TestService.start({ database }),
    ];
    onTestFinished(() => one.close());
    onTestFinished(() => two.close());
    two.useAdmin(one.admin);
    const here = await ChatScene.start(one);
    const there = here.in(two);
    const token = await one.tokenOf('wo');
    for (let i = 0; i < 10; i++)
      for (const scene of [here, there]) expect((await scene.say(token)).status).toBe(201);
    for (const scene of [here, there])
      expect(await scene.say(token)).toMatchObject({ body: { code: 'rate-limited' } });
    // Both number them in one line.
    const seqs = (await there.messages()).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, i) => 20 - i));
    const other = await one.guest();
    const { author } = (await there.say(other)).body as ChatMessage;
    await here.as('mo', `PUT /bans/${author.id}`, {});
    expect(await there.say(other)).toMatchObject({ status: 403, body: { code: 'banned' } });
  });
});

function textsOf(reader: TestReader): readonly string[] {
  return reader.told
    .filter(({ type }) => type === 'chat.message')
    .map(({ data }) => (data as { text: string }).text);
}
