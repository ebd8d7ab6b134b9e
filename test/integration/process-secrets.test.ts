import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { Publisher } from './server-origin/publisher.ts';
import { RawClient } from './tracker-server/raw-client.ts';

const MARK = `MARK${randomBytes(18).toString('hex')}`;

let folder: string;
let running: { readonly child: ChildProcess; readonly output: () => string }[];
let publishers: Publisher[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-secrets-'));
  running = [];
  publishers = [];
});
afterEach(async () => {
  for (const publisher of publishers) publisher.kill('SIGKILL');
  for (const { child } of running) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

function run(main: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const node = ['--import', 'tsx', '--conditions=@shoal/source', main];
  const child = spawn(process.execPath, [...node, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const started = { child, output: () => output };
  running.push(started);
  return started;
}

function expectNone(output: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    const at = output.indexOf(secret);
    expect(at < 0 ? '' : output.slice(Math.max(0, at - 300), at + secret.length)).toBe('');
  }
}

async function publish(url: string): Promise<Publisher> {
  const publisher = await Publisher.start(url);
  publishers.push(publisher);
  return publisher;
}

async function udpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Everything in files that are for the origin alone. */
function privateKeysIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('sign') && name.endsWith('.json'))
    .flatMap((name) => [...readFileSync(join(dir, name), 'utf8').matchAll(/"([\w+/=-]{40,})"/g)])
    .map(([, secret = '']) => secret);
}

describe('OPS-2 shoal-origin', () => {
  it('logs neither keys of publishers, passphrases, keys of its own, nor URLs of Redis and of buckets', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'stream-keys.json'), JSON.stringify({ demo: MARK }), { mode: 0o600 });
    const [redis, srt] = [await RedisServer.start(), await udpPort()];
    try {
      const { child, output } = run(
        'server/src/cli/main.ts',
        [
          ...['--host', '127.0.0.1', '--http-port', '0', '--rtmp-port', '0', '--json'],
          ...['--srt-port', String(srt), '--data-dir', data, '--segment-seconds', '1'],
          ...['--log-level', 'debug', '--ladder', 'off', '--s3-path-style'],
        ],
        {
          // Redis has no password, so that it refuses this one, and says so.
          SHOAL_ORIGIN_REDIS: `redis://${MARK}:${MARK}@127.0.0.1:${redis.port}`,
          SHOAL_ORIGIN_S3_BUCKET: 'bucket',
          SHOAL_ORIGIN_S3_ENDPOINT: 'http://127.0.0.1:1',
          SHOAL_ORIGIN_S3_ACCESS_KEY_ID: `id-${MARK}`,
          SHOAL_ORIGIN_S3_SECRET_ACCESS_KEY: MARK,
        },
      );
      const started = (): Readonly<Record<string, string>> | undefined => {
        const line = output()
          .split('\n')
          .find((text) => text.includes('"type":"started"'));
        return line === undefined ? undefined : (JSON.parse(line) as Record<string, string>);
      };
      await until(() => started() !== undefined || child.exitCode !== null, {
        ...{ what: 'the origin', timeoutMs: 30_000 },
      });
      expect(started(), output()).toBeDefined();
      const { rtmpServer = '', httpUrl = '' } = started() ?? {};
      const wrong = await publish(`${rtmpServer}/wrong-${MARK}`);
      await wrong.exit();
      const other = await publish(
        `${rtmpServer.replace('/live', `/${MARK}`)}/${MARK}?token=${MARK}`,
      );
      await other.exit();
      const right = await publish(`${rtmpServer}/${MARK}`);
      await until(() => output().includes('publisher accepted'), { what: 'a publisher' });
      await until(async () => (await fetch(`${httpUrl}/live/demo/index.m3u8`)).status === 200, {
        what: 'a playlist',
        timeoutMs: 30_000,
      }).catch(() => undefined);
      await right.stop();
      const bad = await publish(
        `srt://127.0.0.1:${srt}?passphrase=wrong-${MARK.slice(0, 30)}&pbkeylen=16`,
      );
      await bad.exit();
      const good = await publish(`srt://127.0.0.1:${srt}?passphrase=${MARK}&pbkeylen=16`);
      await until(() => output().includes('SRT publisher accepted'), {
        ...{ what: 'a publisher over SRT', timeoutMs: 30_000 },
      });
      await good.stop();
      await fetch(`${httpUrl}/live/demo/index.m3u8?token=${MARK}`, {
        headers: { Authorization: `Bearer ${MARK}`, Cookie: MARK },
      });
      child.kill('SIGTERM');
      await once(child, 'exit');
      const signing = privateKeysIn(data);
      expect(signing.length).toBeGreaterThan(0);
      expectNone(output(), [MARK, MARK.slice(0, 20), ...signing]);
      expect(output()).toContain('Redis cannot be reached');
      expect(output()).toContain('publisher refused');
      expect(output()).toContain('the store fails');
    } finally {
      await redis.close();
    }
  }, 120_000);

  it.each([
    ['a Redis that is none', `http://user:${MARK}@127.0.0.1/`],
    ['what is no URL', `redis://user:${MARK}@:/:`],
  ])(
    'does not repeat the URL of %s',
    async (_what, url) => {
      const { child, output } = run(
        'server/src/cli/main.ts',
        ['--data-dir', join(folder, 'data'), '--rtmp-port', '0', '--http-port', '0'],
        { SHOAL_ORIGIN_REDIS: url },
      );
      await until(() => child.exitCode !== null || output().includes('HTTP'), {
        ...{ what: 'its end', timeoutMs: 30_000 },
      });
      expect(output()).not.toBe('');
      expectNone(output(), [MARK]);
    },
    60_000,
  );
});

describe('OPS-2 shoal-tracker', () => {
  it('logs neither tokens, secrets, nor the URL of Redis', async () => {
    const redis = await RedisServer.start();
    try {
      const port = await freePort();
      const { child, output } = run(
        'tracker/src/cli/main.ts',
        ['--host=127.0.0.1', `--port=${port}`, '--json', '--log-level=debug'],
        {
          SHOAL_TRACKER_AUTH_SECRET: `${MARK}-signs-tokens-of-this-site`,
          SHOAL_TRACKER_ADMIN_TOKEN: `admin-${MARK}`,
          SHOAL_TRACKER_REDIS: `redis://who:${MARK}@127.0.0.1:${redis.port}`,
          SHOAL_TRACKER_NODE_URL: `ws://127.0.0.1:${port}/`,
        },
      );
      await until(
        () => output() !== '' && (output().includes('listens') || output().includes('Redis')),
        {
          ...{ what: 'the tracker', timeoutMs: 30_000 },
        },
      );
      await RawClient.open(port, { path: `/?token=${MARK}` }).catch(() => undefined);
      await fetch(`http://127.0.0.1:${port}/v1/channels/${MARK}/swarm?token=${MARK}`, {
        headers: { Authorization: `Bearer ${MARK}` },
      }).catch(() => undefined);
      child.kill('SIGTERM');
      await once(child, 'exit');
      expectNone(output(), [MARK]);
      expect(output()).toContain('Redis');
    } finally {
      await redis.close();
    }
  }, 60_000);
});
