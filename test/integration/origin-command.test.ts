import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openStore } from '../../server/src/adapters/storage/open-store.ts';
import { OriginCommand } from '../support/origin-command.ts';
import { freePort } from '../support/redis-server.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'shoal-command-'));
  open.push(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** Runs `npm run origin`; its exit code, and what it wrote. */
function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn('npm', ['run', '-s', 'origin', '--', ...args], {
    env: { ...process.env, ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

it('tells its options, and what is wrong with them, without any secret', async () => {
  const help = await run(['--help']);
  expect([help.code, help.err]).toEqual([0, '']);
  expect(help.out).toContain('Usage: shoal-origin [all | ingest | delivery] [options]');
  const wrong = await run(['delivery', '--redis', 'http://:hush@example', '--http-port', '0']);
  expect([wrong.code, wrong.out]).toEqual([2, '']);
  expect(wrong.err).toBe('redis must be a URL that begins with redis:// or rediss://\n');
  const several = await run(['ingest', '--nope']);
  expect([several.code, several.err]).toEqual([
    2,
    "Unknown option '--nope'\nshoal-origin --help lists the options.\n",
  ]);
  const dir = folder();
  const failed = await run([
    'delivery',
    '--redis',
    'redis://127.0.0.1:1',
    '--record',
    join(dir, 'none'),
  ]);
  expect([failed.code, failed.out]).toEqual([1, '']);
  expect(failed.err).toContain(join(dir, 'none'));
});

it('runs everything in one process without Redis, and shows stream keys only where that is asked for', async () => {
  const dataDir = folder();
  const args = [
    '--host',
    '127.0.0.1',
    '--http-port',
    '0',
    '--rtmp-port',
    '0',
    '--data-dir',
    dataDir,
  ];
  const command = await OriginCommand.start([...args, '--channels', 'one,two']);
  open.push(() => command.kill());
  const keys = JSON.parse(readFileSync(join(dataDir, 'stream-keys.json'), 'utf8')) as Record<
    string,
    string
  >;
  expect(Object.keys(keys)).toEqual(['one', 'two']);
  const said = JSON.stringify(command.started);
  for (const key of Object.values(keys)) expect(said).not.toContain(key);
  expect(await (await fetch(`${command.url}/v1/streams`)).json()).toEqual({
    streams: ['one', 'two'].map((channel) => ({ channel, state: 'idle' })),
  });
  expect((await fetch(`${command.url}/readyz`)).status).toBe(200);
  expect(await command.stop()).toBe(0);
  const again = await OriginCommand.start([...args, '--show-keys'], {
    SHOAL_ORIGIN_CHANNELS: 'one',
  });
  open.push(() => again.kill());
  expect(again.started['channels']).toMatchObject([{ channel: 'one', streamKey: keys['one'] }]);
  expect(await again.stop()).toBe(0);
});

it('ORG-31 ORG-33 ingest and delivery start without Redis, the one serving, the other not ready', async () => {
  const redis = [
    '--redis',
    `redis://127.0.0.1:${await freePort()}`,
    '--host',
    '127.0.0.1',
    '--http-port',
    '0',
  ];
  const source = await OriginCommand.start([
    'ingest',
    ...redis,
    '--rtmp-port',
    '0',
    '--data-dir',
    folder(),
  ]);
  open.push(() => source.kill());
  const node = await OriginCommand.start(['delivery', ...redis]);
  open.push(() => node.kill());
  const status = async (url: string): Promise<number> => (await fetch(url)).status;
  expect(await status(`${source.url}/readyz`)).toBe(200);
  expect(await status(`${source.url}/v1/streams`)).toBe(200);
  expect(await status(`${node.url}/healthz`)).toBe(200);
  for (const path of [
    '/readyz',
    '/v1/streams',
    '/live/demo/index.m3u8',
    '/live/demo/source/1-1.m4s',
  ])
    expect(await status(node.url + path), path).toBe(503);
  expect(await Promise.all([source.stop(), node.stop()])).toEqual([0, 0]);
});

it('ORG-33 a folder that another process writes is only read', async () => {
  const path = folder();
  const writer = await openStore({ type: 'disk', folder: path });
  await writer.put('/live/demo/source/1-1.m4s', Buffer.from('media'));
  const reader = await openStore({ type: 'disk', folder: path, readOnly: true });
  expect((await reader.open('/live/demo/source/1-1.m4s'))?.size).toBe(5);
  await expect(reader.put('/live/demo/source/1-2.m4s', Buffer.from(''))).rejects.toThrow(
    "another one's",
  );
  await expect(reader.delete('/live/demo/source/1-1.m4s')).rejects.toThrow("another one's");
  // What it writes at the moment is not taken away.
  await writer.put('/live/demo/source/1-2.m4s', Buffer.from('more'));
  await expect(
    openStore({ type: 'disk', folder: join(path, 'none'), readOnly: true }),
  ).rejects.toMatchObject({ code: 'storage' });
});
