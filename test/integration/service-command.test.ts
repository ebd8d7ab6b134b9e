import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';
import { readServiceCommand } from '../../server/src/cli/service-options.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'shoal-service-'));
const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

function command(
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): ChildProcess {
  const node = ['--conditions=@shoal/source', '--import', 'tsx', 'server/src/cli/service-main.ts'];
  const env = { ...process.env, DATABASE_URL: '', SHOAL_SERVICE_LOG_LEVEL: 'silent', ...more };
  const child = spawn(process.execPath, [...node, ...args], { env });
  children.push(child);
  return child;
}

async function run(args: readonly string[]): Promise<Ended> {
  const child = command(args);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

type Running = {
  readonly child: ChildProcess;
  readonly started: Readonly<Record<string, unknown>>;
};

async function start(): Promise<Running> {
  const database = join(folder, 'made', 'here.db');
  const child = command(['--host', '127.0.0.1', '--port', '0', '--database', database, '--json']);
  if (child.stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, started: JSON.parse(line) as Running['started'] };
}

it('PLY-1 what players are told is chosen by flags and variables, and none of it is guessed', () => {
  const read = (args: readonly string[], env: Readonly<Record<string, string>> = {}): unknown => {
    const command = readServiceCommand(args, env);
    if (!command.ok) return command.error;
    return command.value.type === 'run' ? command.value.options : undefined;
  };
  expect(read([])).toMatchObject({ playback: {} });
  expect(read([])).not.toHaveProperty('originUrl');
  const ice = [{ urls: ['turn:t.example'], username: 'u', credential: 'c' }];
  const env = {
    SHOAL_ORIGIN_URL: 'http://origin:8080',
    SHOAL_SERVICE_ICE_SERVERS: JSON.stringify(ice),
  };
  expect(read(['--trackers', 'wss://a.example,wss://b.example'], env)).toMatchObject({
    originUrl: 'http://origin:8080',
    playback: { trackers: ['wss://a.example', 'wss://b.example'], iceServers: ice },
  });
  for (const secret of ['secret', '{"a":1}', '[{"credential":"secret"}]']) {
    const problems = read([], { SHOAL_SERVICE_ICE_SERVERS: secret });
    expect(JSON.stringify(problems)).toContain('is no list of ICE servers');
    expect(JSON.stringify(problems)).not.toContain('secret');
  }
});

it('tells its options, and what is wrong with them', async () => {
  const help = await run(['--help']);
  expect([help.code, help.err]).toEqual([0, '']);
  expect(help.out).toContain('SHOAL_SERVICE_DATABASE');
  const wrong = await run(['--port', 'x', '--log-level', 'loud']);
  expect([wrong.code, wrong.out]).toEqual([2, '']);
  expect(wrong.err).toMatch(/--port is x: not a port\n--log-level is none of/);
  expect((await run(['--nope'])).code).toBe(2);
  expect(help.out).toContain('SHOAL_ORIGIN_URL');
  const urls = ['--origin-url', 'nowhere', '--trackers', 'wss://t.example,http://t.example'];
  const places = await run(urls);
  expect(places.code).toBe(2);
  expect(places.err).toContain('--origin-url is nowhere: not a URL of http or https');
  expect(places.err).toContain('--trackers is http://t.example: not a URL of ws or wss');
});

it('ACC-3 shows the operator’s token at the first start alone, and ends in good order', async () => {
  const { child, started } = await start();
  const token = String(started['adminToken']);
  expect(token).toMatch(/^[\w-]{43}$/);
  const made = await fetch(`${String(started['url'])}/v1/channels`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ id: 'demo' }),
  });
  expect(made.status).toBe(201);
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
  const again = await start();
  expect(again.started['adminToken']).toBeUndefined();
  const found = await fetch(`${String(again.started['url'])}/v1/channels/demo`);
  expect(found.status).toBe(200);
}, 60_000);

it('ACC-8 takes the operator’s token from the environment, and shows none then', async () => {
  const flags = ['--host', '127.0.0.1', '--port', '0', '--json'];
  const args = [...flags, '--database', join(folder, 'given.db')];
  const token = 'a-token-of-the-operator';
  const short = command(args, { SHOAL_SERVICE_ADMIN_TOKEN: 'short' });
  expect((await once(short, 'close'))[0]).toBe(1);
  const child = command(args, { SHOAL_SERVICE_ADMIN_TOKEN: token });
  if (child.stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const started = JSON.parse(line) as { readonly url: string; readonly adminToken?: string };
  expect(started.adminToken).toBeUndefined();
  const made = await fetch(`${started.url}/v1/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ user: 'ana', name: 'Ana' }),
  });
  expect(made.status).toBe(201);
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
}, 60_000);

it('OPS-3 OPS-4 serves metrics at an address of their own, and is not ready while it is drained', async () => {
  const wrong = await run(['--metrics-port', 'x', '--drain-seconds', '100']);
  expect(wrong.err).toMatch(
    /--metrics-port is x: not a port\n--drain-seconds is 100: not from 0 to 60/,
  );
  const database = join(folder, 'watched.db');
  const child = command([
    ...['--host', '127.0.0.1', '--port', '0', '--database', database, '--json'],
    ...['--metrics-port', '0', '--drain-seconds', '1'],
  ]);
  if (child.stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, metricsPort } = JSON.parse(line) as { url: string; metricsPort: number };
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  expect(metrics).toContain('nodejs_eventloop_lag_p99_seconds');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await until(async () => (await fetch(`${url}/readyz`)).status === 503, { what: 'not ready' });
  expect(await ended).toEqual([0, null]);
}, 60_000);
