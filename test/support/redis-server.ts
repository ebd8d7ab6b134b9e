import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { until } from './until.ts';

/** A Redis of the tests' own, on loopback; what it holds survives `stop` and `start`, unless it is to forget. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #forgets: boolean;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, forgets: boolean) {
    this.port = port;
    this.#forgets = forgets;
    this.#folder = folder;
  }

  static async start({ forgets = false } = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-redis-'));
    const server = new RedisServer(await freePort(), folder, forgets);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${String(this.port)}`;
  }

  async start(): Promise<void> {
    const program = process.env['REDIS_SERVER_PATH'] ?? 'redis-server';
    const options = {
      ...{ port: String(this.port), bind: '127.0.0.1', dir: this.#folder },
      ...{ appendonly: this.#forgets ? 'no' : 'yes', appendfsync: 'always', save: '' },
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#child = spawn(program, flags, { stdio: 'ignore' });
    this.#child.once('error', () => {});
    await until(() => this.#answers(), { what: 'Redis answers' });
  }

  /** Makes it say nothing, or go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } catch {
      return false;
    } finally {
      client.destroy();
    }
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
