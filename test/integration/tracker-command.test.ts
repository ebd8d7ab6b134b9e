import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type ChannelId, parseChannelId, PROTOCOL_VERSION, unwrap } from '@shoal/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TrackerClient } from '../../client-sdk/src/adapters/tracker/tracker-client.ts';
import { until } from '../support/until.ts';
import { RawClient } from './tracker-server/raw-client.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';

const WORKSPACE_DIR = fileURLToPath(new URL('../..', import.meta.url));
const VIEWERS = 120;
const CHANNELS = 20;

type Run = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
};

let running: Run[];

beforeEach(() => {
  running = [];
});

afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ exit }) => exit));
});

/** The command without npm around it. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  let output = '';
  const program = ['--import', 'tsx', '--conditions=@shoal/source', 'tracker/src/cli/main.ts'];
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: WORKSPACE_DIR,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const started = { child, output: () => output, exit };
  running.push(started);
  return started;
}

async function listening({ output }: Run): Promise<void> {
  await until(() => output().includes('tracker listens'), {
    what: 'the tracker',
    timeoutMs: 30_000,
  });
}

describe('shoal-tracker', () => {
  it('serves, says loudly that it asks for no tokens, and ends cleanly at SIGTERM', async () => {
    const port = await freePort();
    const tracker = run(['--host=127.0.0.1', `--port=${String(port)}`]);
    await listening(tracker);
    expect(tracker.output()).toContain('warn  DEVELOPMENT MODE');
    const ann = await RawClient.join(port);
    const metrics = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
    expect(metrics).toContain('process_cpu_seconds_total');
    tracker.child.kill('SIGTERM');
    expect(await tracker.exit).toBe(0);
    await until(() => ann.closed !== undefined, { what: 'the viewer is told' });
  });

  it('takes its secrets from the environment, and logs JSON lines without any of them', async () => {
    const port = await freePort();
    const secret = 'a secret of a site that signs its tokens';
    const tracker = run(['--host=127.0.0.1', `--port=${String(port)}`, '--json'], {
      SHOAL_TRACKER_AUTH_SECRET: secret,
      SHOAL_TRACKER_ADMIN_TOKEN: 'token-of-the-operator',
    });
    await listening(tracker);
    await expect(RawClient.open(port, { path: '/?token=leaked' })).rejects.toThrow('401');
    await until(() => tracker.output().includes('refused'), { what: 'the refusal is logged' });
    for (const line of tracker.output().trim().split('\n')) JSON.parse(line);
    for (const hidden of [secret, 'leaked', 'token-of-the-operator', '127.0.0.1:', 'DEVELOPMENT'])
      expect(tracker.output()).not.toContain(hidden);
  });

  it('names every wrong option and exits with 2, a taken port with 1', async () => {
    const wrong = run(['--port=x', '--log-level=loud']);
    expect(await wrong.exit).toBe(2);
    expect(wrong.output()).toContain('--port');
    expect(wrong.output()).toContain('--log-level');
    const short = run(['--port=0'], { SHOAL_TRACKER_AUTH_SECRET: 'short' });
    expect(await short.exit).toBe(2);
    const port = await freePort();
    await listening(run(['--host=127.0.0.1', `--port=${String(port)}`]));
    const second = run(['--host=127.0.0.1', `--port=${String(port)}`]);
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain('in use');
  });
});

/** What stands before the nodes: passes each connection to the next one that takes it. */
class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next = 0;

  constructor(ports: readonly number[]) {
    this.#server = createServer((client) => {
      this.#keep(client);
      this.#pass(client, ports, ports.length);
    });
  }

  async listen(): Promise<number> {
    const port = await freePort();
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #pass(client: Socket, ports: readonly number[], tries: number): void {
    const node = connect(ports[this.#next++ % ports.length] ?? 0, '127.0.0.1');
    let connected = false;
    this.#keep(node);
    node.once('connect', () => {
      connected = true;
      client.pipe(node).pipe(client);
    });
    client.on('close', () => node.destroy());
    node.on('close', () => {
      if (connected || tries <= 1) client.destroy();
      else if (!client.destroyed) this.#pass(client, ports, tries - 1);
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** A viewer as far as the tracker sees it: the SDK's own client, which joins whenever it is connected. */
class Viewer {
  joined = false;
  readonly client: TrackerClient;

  constructor(url: string, channel: ChannelId) {
    this.client = new TrackerClient({
      ...{ url, webSocket: WebSocket, random: Math.random },
      ...{ onState: () => {}, onUnreachable: () => {} },
      input: (input) => {
        if (input.type === 'tracker-open')
          this.client.send({ action: 'join', version: PROTOCOL_VERSION, channel, shares: true });
        if (input.type === 'tracker-closed') this.joined = false;
        if (input.type === 'tracker-message' && input.message.action === 'welcome')
          this.joined = true;
      },
    });
    this.client.connect();
  }
}

describe('TRK-26 three nodes of the command behind a balancer', () => {
  it('when one is killed, 99 % of SDK viewers are back within ten seconds', async () => {
    const redis = await RedisServer.start();
    const ports = [await freePort(), await freePort(), await freePort()];
    const nodes = ports.map((port) =>
      run([
        ...['--host=127.0.0.1', `--port=${String(port)}`, `--redis=${redis.url}`],
        ...[`--node-url=ws://127.0.0.1:${String(port)}/`, '--connections-per-address=10000'],
      ]),
    );
    const balancer = new Balancer(ports);
    const viewers: Viewer[] = [];
    try {
      await Promise.all(nodes.map(listening));
      await until(
        () => nodes.every(({ output }) => /nodes ids=\["[^\]]+","[^\]]+","/.test(output())),
        {
          what: 'the nodes to know each other',
          timeoutMs: 20_000,
        },
      );
      const url = `ws://127.0.0.1:${String(await balancer.listen())}/`;
      for (let i = 0; i < VIEWERS; i++) {
        const channel = unwrap(parseChannelId(`channel-${String(i % CHANNELS)}`));
        viewers.push(new Viewer(url, channel));
      }
      const joined = (): number => viewers.filter((viewer) => viewer.joined).length;
      await until(() => joined() === VIEWERS, { what: 'all to join', timeoutMs: 30_000 });
      const [victim] = nodes;
      victim?.child.kill('SIGKILL');
      await victim?.exit;
      await until(() => joined() < VIEWERS, { what: 'viewers of that node to notice' });
      await until(() => joined() >= 0.99 * VIEWERS, { what: '99 % back', timeoutMs: 10_000 });
    } finally {
      for (const { client } of viewers) client.disconnect();
      balancer.close();
      for (const { child } of nodes) child.kill('SIGKILL');
      await Promise.all(nodes.map(({ exit }) => exit));
      await redis.close();
    }
  });
});
