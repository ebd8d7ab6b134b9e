import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../../support/until.ts';
import { bothDatabases, openForTest } from './databases.ts';
import { type Operation } from './openapi/document.ts';
import { type RawRequest } from './openapi/raw-request.ts';
import { ApiScene } from './openapi/scene.ts';
import { type Draft, twisted } from './openapi/twists.ts';
import { Receiver } from './receiver.ts';
import { refusalOf, TestService } from './test-service.ts';

/** Looks like a token, so that it comes as far as one. */
const MARK = `MARK${randomBytes(24).toString('hex')}KRAM`;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

type Line = Readonly<Record<string, unknown>>;

/** What the service gives that nobody else may see, from all of its answers. */
const given = new Set<string>();

function noteGiven(text: string): void {
  for (const [, secret = ''] of text.matchAll(/"(?:token|secret|key|streamKey)":"([^"]{16,})"/g))
    given.add(secret);
}

/** A request with secrets in every place where somebody could put one. */
function marked(draft: Draft): readonly RawRequest[] {
  const [path = '', query = ''] = draft.target.split('?');
  const headers = {
    ...{ Cookie: `session=${MARK}`, 'Idempotency-Key': MARK, 'X-Api-Key': MARK },
    ...{ 'Proxy-Authorization': `Basic ${MARK}`, Referer: `https://a.example/?token=${MARK}` },
    ...{ 'User-Agent': MARK, 'X-Request-Id': `of ${MARK}`, 'If-Match': `"${MARK}", *` },
  };
  const target = `${path}?token=${MARK}&${query}`;
  const body = draft.body === undefined ? undefined : withMarks(draft.body);
  const write = (of: Partial<Draft>, at = 0): RawRequest =>
    twisted(
      { ...draft, target, body, ...of, headers: { ...draft.headers, ...headers } },
      { kind: 'nothing', at },
    );
  const json = { 'Content-Type': 'application/json' };
  return [
    write({}),
    write({ body: draft.body }),
    { ...write({}), headers: { ...headers, Authorization: `Bearer ${MARK}` } },
    { ...write({}), headers: { ...headers, Authorization: `Basic ${MARK}` } },
    {
      ...write({ body: undefined }),
      headers: { ...draft.headers, ...headers, ...json },
      body: `{"a":"${MARK}`,
    },
    {
      ...write({ body: undefined }),
      headers: { ...draft.headers, ...headers, ...json },
      body: MARK,
    },
    write({ body: { [MARK]: MARK, extra: [MARK] } }),
    write({ target: `${path}/${MARK}?cursor=${MARK}&limit=${MARK}&state=${MARK}` }),
    write({ target: `${path}%zz${MARK}` }),
    write({ target: draft.target.replace(/\/channels\/[^/?]+/, `/channels/${MARK}`) }),
  ];
}

function withMarks(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => withMarks(one, name));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([field, inside]) => [field, withMarks(inside, field)]),
    );
  if (typeof value !== 'string') return value;
  if (name === 'url') return `http://127.0.0.1:9/${MARK}?key=${MARK}`;
  // What must be one of a few, or an id that is there, stays.
  return FREE.has(name) ? MARK.slice(0, 36) : value;
}

const FREE = new Set([
  ...['text', 'title', 'category', 'name', 'reason', 'message', 'tags'],
  // Of whoever asks whether somebody may publish.
  ...['password', 'token', 'path', 'query'],
]);

/** Everything that can be asked, with marks. */
async function askAll(scene: ApiScene, rounds: number): Promise<void> {
  const order = [...scene.operations].sort((a, b) => late(a) - late(b));
  for (const operation of order)
    for (const plan of fc.sample(scene.plans(operation, ['streamer', 'admin', 'viewer']), rounds)) {
      const ids = plan.ids.map((id, at) => ({ ...id, known: true, at: at === 0 ? 0 : id.at }));
      for (const request of marked(scene.draft({ ...plan, ids }))) {
        const answer = await scene.client.ask(request);
        noteGiven(answer.text);
        if (answer.status < 300 && request.target.startsWith(operation.path.split('{')[0] ?? ''))
          scene.known.learn(operation, request.target, answer);
      }
    }
}

function late({ method, path }: Operation): number {
  return method === 'DELETE' ? 200 : method === 'POST' ? path.split('/').length : 100;
}

/** Feeds, with marks in what asks for them and in what is said. */
async function readAll(port: number, tokens: readonly string[]): Promise<void> {
  const url = `ws://127.0.0.1:${port}/v1/events?channel=demo&audience=viewers`;
  expect(await refusalOf(`${url}&token=${MARK}`)).toBe(401);
  expect(await refusalOf(`${url.replace('demo', MARK)}&token=${MARK}`)).toBe(401);
  for (const said of [MARK, `{"type":"chat.send","ref":"${MARK}`, ...chat()]) {
    const socket = new WebSocket(`${url}&token=${tokens[1] ?? ''}`);
    await once(socket, 'message');
    socket.send(said);
    await Promise.race([once(socket, 'message'), once(socket, 'close')]);
    socket.terminate();
  }
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(`GET /${MARK} NONSENSE/9\r\nAuthorization: ${MARK}\r\n\r\n`);
  await once(socket, 'close');
}

function chat(): readonly string[] {
  return [
    JSON.stringify({ type: 'chat.send', ref: MARK.slice(0, 60), text: MARK }),
    JSON.stringify({ type: 'chat.send', ref: 1, text: MARK, token: MARK }),
  ];
}

/** Receivers that fail in every way, with marks in what they answer. */
async function failingHooks(scene: ApiScene): Promise<() => Promise<void>> {
  const receivers = await Promise.all([Receiver.start(), Receiver.start(), Receiver.start()]);
  const location = `http://user:${MARK}@127.0.0.1:9/${MARK}`;
  const headers = { location, 'retry-after': MARK, 'x-secret': MARK };
  const token = scene.service.admin;
  for (const [at, status] of [500, 302, 410].entries()) {
    const receiver = receivers[at];
    if (receiver === undefined) continue;
    receiver.answer = { status, headers };
    const url = `${receiver.url}/${MARK}?token=${MARK}`;
    await scene.service.call('POST', '/v1/channels/other/webhooks', { token, body: { url } });
  }
  for (const url of [`https://user:${MARK}@example.org/`, `http://127.0.0.1:9/${MARK}`])
    await scene.service.call('POST', '/v1/channels/other/webhooks', { token, body: { url } });
  const body = { title: 'told' };
  await scene.service.call('PATCH', '/v1/channels/other', { token, body });
  await Promise.all(receivers.map((receiver) => receiver.of('channel.updated')));
  return async () => {
    await Promise.all(receivers.map((receiver) => receiver.close()));
  };
}

function expectClean(output: string, tokens: readonly string[]): void {
  const at = output.indexOf(MARK.slice(0, 24));
  expect(at < 0 ? '' : output.slice(Math.max(0, at - 300), at + 100)).toBe('');
  for (const secret of [...tokens, ...given])
    expect(
      output.includes(secret)
        ? `…${output.slice(output.indexOf(secret) - 200, output.indexOf(secret) + 60)}`
        : '',
    ).toBe('');
}

function linesOf(output: string): readonly Line[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

describe.each(bothDatabases())('OPS-2 with %s', (_name, makeDatabase) => {
  it('nothing secret is logged, whatever is asked, and however the database fails', async () => {
    let output = '';
    const database = await makeDatabase();
    const scene = await ApiScene.start({
      ...{ database, logLevel: 'debug', logTo: { write: (line) => (output += line) } },
    });
    onTestFinished(() => scene.close());
    await askAll(scene, 3);
    await readAll(scene.service.port, scene.tokens);
    const closeHooks = await failingHooks(scene);
    onTestFinished(closeHooks);
    await until(() => linesOf(output).filter(({ msg }) => msg === 'webhook').length >= 4, {
      what: 'failed deliveries',
    });
    // What cannot be kept any more, and then what is not there any more.
    const db = await openForTest(database);
    if (database.type === 'postgres')
      for (const [table, column] of [
        ...[
          ['donations', 'message'],
          ['chat_messages', 'text'],
          ['reports', 'reason'],
        ],
        ...[
          ['webhooks', 'url'],
          ['bans', 'reason'],
          ['channels', 'title'],
          ['tokens', 'name'],
        ],
      ] as const)
        await sql`ALTER TABLE ${sql.table(table)} ADD CONSTRAINT ${sql.ref(`never_${table}`)} CHECK (${sql.ref(column)} = 'x') NOT VALID`.execute(
          db,
        );
    await askAll(scene, 1);
    for (const table of [
      ...['donations', 'payments', 'chat_messages', 'reports', 'webhooks', 'deliveries', 'bans'],
      ...['subscriptions', 'outbox', 'followers', 'feed_events', 'idempotency'],
    ])
      await sql`DROP TABLE ${sql.table(table)}`.execute(db);
    await askAll(scene, 1);
    for (const table of ['moderators', 'channels', 'tokens'])
      await sql`DROP TABLE ${sql.table(table)}`.execute(db);
    await askAll(scene, 1);

    expectClean(output, scene.tokens);
    // There was something to find.
    const lines = linesOf(output);
    const routes = new Set(lines.map(({ method, route }) => `${String(method)} ${String(route)}`));
    const missing = scene.operations.filter(
      ({ method, path }) => !routes.has(`${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(missing).toEqual([]);
    const failures = lines.filter(({ msg }) => msg === 'unexpected failure');
    expect(failures.length).toBeGreaterThan(20);
    expect(failures.find(({ err }) => err !== undefined)).toMatchObject({
      err: { type: expect.any(String) as string, at: expect.any(Array) as string[] },
    });
  }, 180_000);
});

/** The command with all that it wrote. */
function command(env: Readonly<Record<string, string>>, args: readonly string[]) {
  const node = ['--conditions=@shoal/source', '--import', 'tsx', 'server/src/cli/service-main.ts'];
  const child = spawn(process.execPath, [...node, '--log-level', 'debug', ...args], {
    env: { ...process.env, DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

describe('OPS-2 shoal-service', () => {
  it('writes nothing secret but the operator’s token, once', async () => {
    const test = await TestService.start();
    await test.close();
    const database = join(test.folder, '..', `secrets-${randomBytes(6).toString('hex')}.db`);
    const args = ['--host', '127.0.0.1', '--port', '0', '--database', database, '--json'];
    const { child, output } = command({}, [...args, '--allow-http-webhooks']);
    await until(() => output().includes('"started"'), { what: 'the service', timeoutMs: 30_000 });
    const [first = ''] = output().split('\n');
    const { port, adminToken } = JSON.parse(first) as { port: number; adminToken: string };
    const service = TestService.elsewhere(() => ({ port, admin: adminToken }));
    const scene = await ApiScene.of(service);
    onTestFinished(() => scene.close());
    await askAll(scene, 1);
    await readAll(port, scene.tokens);
    child.kill('SIGTERM');
    await once(child, 'close');
    const rest = output().slice(first.length);
    expectClean(rest, scene.tokens);
    expect(linesOf(rest).length).toBeGreaterThan(scene.operations.length);
  }, 120_000);

  it.each([
    ['nobody listens', `postgres://shoal:${MARK}@127.0.0.1:1/shoal?application_name=${MARK}`],
    ['no such host', `postgres://${MARK}:${MARK}@nowhere.invalid/shoal`],
    ['it is no URL', `postgres://shoal:${MARK}@:/:/`],
  ])(
    'does not repeat the URL of its database where %s',
    async (_what, url) => {
      const { child, output } = command({ DATABASE_URL: url }, ['--port', '0']);
      const [code] = (await once(child, 'close')) as [number];
      expect(code).not.toBe(0);
      expect(output()).not.toBe('');
      expectClean(output(), []);
    },
    60_000,
  );
});
