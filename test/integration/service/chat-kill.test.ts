import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/until.ts';
import { ChatScene } from './chat-scene.ts';
import { bothDatabases, openForTest } from './databases.ts';
import { field, TestService } from './test-service.ts';

const EXEC = { execArgv: ['--import', 'tsx', '--conditions=@shoal/source'] };

/** Runs a program of this folder. */
function run(program: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = fork(path, args, EXEC);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Everything that a reader who had missed all of it is told. */
async function toldFromBeginning(test: TestService, channel: string, count: number) {
  const reader = await test.read(channel, { after: 0 });
  await reader.of('chat.message', count);
  return reader.told.filter(({ type }) => type === 'chat.message');
}

describe.each(bothDatabases())('a chat over %s whose process is killed', (_, make) => {
  it('CHT-6 tells once what was kept and not told, and once what was told and not placed', async () => {
    const database = await make();
    const test = await TestService.start({ database });
    onTestFinished(() => test.close());
    await test.makeChannel('demo', 'ana');
    await test.down();
    for (const when of ['before', 'after']) {
      const child = run('chat-dies.ts', [when, JSON.stringify(database), when]);
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    }
    const db = await openForTest(database);
    const left = await db.selectFrom('chat_messages').select(['text', 'seq']).execute();
    // The second process told what the first had kept: it died in the middle of that.
    expect(left.filter(({ seq }) => seq === null).length).toBeGreaterThan(0);
    await test.up();
    const told = await toldFromBeginning(test, 'demo', left.length);
    const { body } = await test.call('GET', '/v1/channels/demo/chat/messages');
    const { messages } = body as { messages: { id: string; seq: number; text: string }[] };
    expect(told.map(({ id, seq }) => [id, seq])).toEqual(
      messages.map(({ id, seq }) => [id, seq]).reverse(),
    );
    expect(new Set(messages.map(({ id }) => id)).size).toBe(left.length);
    expect(await db.selectFrom('chat_messages').select('id').where('untold', '=', 1).execute()) //
      .toEqual([]);
  });

  it('CHT-6 loses and doubles none of what was answered, at whatever moment it is killed', async () => {
    const database = await make();
    const acked: string[] = [];
    let [port, admin] = [0, ''];
    const start = async (): Promise<ChildProcess> => {
      const child = run('service-process.ts', [JSON.stringify(database), String(port)]);
      const [message] = (await once(child, 'message')) as [{ port: number; adminToken: string }];
      port = message.port;
      admin ||= message.adminToken;
      return child;
    };
    const test = TestService.elsewhere(() => ({ port, admin }));
    onTestFinished(() => test.close());
    let service = await start();
    const scene = await ChatScene.start(test);
    for (const round of [1, 2, 3]) {
      const tokens = await Promise.all(Array.from({ length: 10 }, () => test.guest()));
      let down = false;
      const writing = tokens.map(async (token, writer) => {
        for (let i = 0; i < 15 && !down; i++)
          try {
            const { status, body } = await scene.say(token, `${round} ${writer} ${i}`);
            if (status === 201) acked.push(field(body, 'id'));
          } catch {
            // Nobody answers any more; whether it was kept is not known.
            return;
          }
      });
      await until(() => acked.length > 20 * round, { what: 'messages' });
      const dead = once(service, 'exit');
      service.kill('SIGKILL');
      await dead;
      down = true;
      await Promise.all(writing);
      service = await start();
    }
    const db = await openForTest(database);
    const rows = await db.selectFrom('chat_messages').selectAll().orderBy('seq').execute();
    const told = await toldFromBeginning(test, scene.channel, rows.length);
    expect(told.map(({ id, seq }) => [id, seq])).toEqual(rows.map(({ id, seq }) => [id, seq]));
    const ids = new Set(rows.map(({ id }) => id));
    expect(acked.filter((id) => !ids.has(id))).toEqual([]);
    expect(rows.filter(({ untold }) => untold === 1)).toEqual([]);
  });
});
