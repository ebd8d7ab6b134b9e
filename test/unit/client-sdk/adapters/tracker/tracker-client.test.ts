import { createServer } from 'node:net';
import { CLOSE } from '@shoal/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer, type WebSocket as Socket } from 'ws';
import { TrackerClient } from '../../../../../client-sdk/src/adapters/tracker/tracker-client.ts';
import { Bench } from './client-bench.ts';

const WELCOME = {
  action: 'welcome',
  version: 1,
  peer: 'me',
  channel: 'demo',
  updateIntervalMs: 10_000,
  viewers: 1,
};

let server: WebSocketServer;
let url: string;
let sockets: Socket[];
let bench: Bench;

async function listen(port: number): Promise<void> {
  server = new WebSocketServer({ port, host: '127.0.0.1' });
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise((resolve) => server.once('listening', resolve));
}

function portOf(): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function stopServer(): Promise<void> {
  for (const socket of sockets) socket.terminate();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 5_000, interval: 5 });
}

beforeEach(async () => {
  sockets = [];
  await listen(0);
  url = `ws://127.0.0.1:${portOf()}`;
  bench = new Bench(url);
});

afterEach(async () => {
  bench.client.disconnect();
  await stopServer();
});

async function connect(): Promise<Socket> {
  bench.client.connect();
  await until(() => {
    expect(bench.inputs).toContainEqual({ type: 'tracker-open' });
  });
  const socket = sockets.at(-1);
  if (socket === undefined) throw new Error('no socket');
  return socket;
}

describe('the tracker client', () => {
  it('says when it is open, sends JSON text and passes messages on', async () => {
    const socket = await connect();
    const heard: string[] = [];
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) heard.push(data.toString());
    });
    bench.client.send({ action: 'leave' });
    socket.send(JSON.stringify(WELCOME));
    await until(() => {
      expect(heard).toEqual(['{"action":"leave"}']);
      expect(bench.messages()).toEqual([WELCOME]);
    });
    expect(bench.states).toEqual(['connecting', 'connected']);
  });

  it('passes errors of the tracker to the engine', async () => {
    const socket = await connect();
    socket.send('{"action":"error","code":"banned","message":"until later"}');
    await until(() => {
      expect(bench.messages()).toMatchObject([{ code: 'banned' }]);
    });
  });

  it('drops and counts what it cannot read, and stays connected', async () => {
    const socket = await connect();
    for (const bad of ['', 'not json', '[]', '{"action":"?"}', '{"action":"welcome"}'])
      socket.send(bad);
    socket.send(JSON.stringify(WELCOME));
    await until(() => {
      expect(bench.messages()).toHaveLength(1);
    });
    expect(bench.client.dropped).toBe(5);
    expect(bench.client.state).toBe('connected');
  });

  it('closes on a message beyond 64 KiB and on a binary one', async () => {
    for (const bad of ['x'.repeat(65_537), Buffer.alloc(3)]) {
      bench = new Bench(url);
      const socket = await connect();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.send(bad);
      expect(await closed).toBe(CLOSE.protocolViolation);
      expect(bench.inputs).toContainEqual({ type: 'tracker-closed' });
      bench.client.disconnect();
    }
  });

  it('comes back by itself after a loss, without a warning if that succeeds', async () => {
    const socket = await connect();
    socket.close();
    await until(() => {
      expect(bench.inputs.map(({ type }) => type)).toEqual([
        'tracker-open',
        'tracker-closed',
        'tracker-open',
      ]);
    });
    expect(bench.unreachable).toBe(0);
  });

  it(
    'warns once in an outage however long it is, and again in the next',
    { timeout: 20_000 },
    async () => {
      const port = portOf();
      await connect();
      await stopServer();
      let attempts = 0;
      const refusing = createServer((socket) => {
        attempts += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => refusing.listen(port, '127.0.0.1', resolve));
      await until(() => {
        expect(attempts).toBe(2);
      });
      expect(bench.unreachable).toBe(1);
      await new Promise((resolve) => refusing.close(resolve));
      await listen(port);
      await until(() => {
        expect(bench.client.state).toBe('connected');
      });
      await stopServer();
      await until(() => {
        expect(bench.unreachable).toBe(2);
      });
      await listen(0);
    },
  );

  it('waits longer each time when it is let in and thrown out again', async () => {
    server.on('connection', (socket) => {
      socket.close(CLOSE.refused);
    });
    bench.client.connect();
    await until(() => {
      expect(sockets.length).toBe(3);
    });
    const third = performance.now();
    await until(() => {
      expect(sockets.length).toBe(4);
    });
    expect(performance.now() - third).toBeGreaterThan(800);
  });

  it('gives up on a tracker that accepts but never answers', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    bench = new Bench(`ws://127.0.0.1:${address.port}`, 50);
    bench.client.connect();
    await until(() => {
      expect(bench.unreachable).toBe(1);
    });
    bench.client.disconnect();
    silent.close();
  });

  it('survives a URL that cannot be connected to', () => {
    bench = new Bench('ftp://nowhere');
    bench.client.connect();
    expect(bench.unreachable).toBe(1);
  });

  it('lets what was sent leave before it disconnects, and says nothing afterwards', async () => {
    const socket = await connect();
    const heard: string[] = [];
    socket.on('message', (data: Buffer) => heard.push(data.toString()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    bench.client.send({ action: 'leave' });
    bench.client.disconnect();
    bench.client.disconnect();
    expect(await closed).toBe(1000);
    expect(heard).toEqual(['{"action":"leave"}']);
    expect(bench.inputs).toEqual([{ type: 'tracker-open' }]);
    expect(bench.states.at(-1)).toBe('off');
    expect(sockets).toHaveLength(1);
  });

  it('can be connected again after it was disconnected', async () => {
    await connect();
    bench.client.disconnect();
    bench.client.connect();
    await until(() => {
      expect(bench.inputs.filter(({ type }) => type === 'tracker-open')).toHaveLength(2);
    });
  });

  it('drops what is sent while there is no connection', () => {
    expect(() => {
      bench.client.send({ action: 'leave' });
    }).not.toThrow();
  });
});

describe('tokens', () => {
  let urls: (string | undefined)[];

  beforeEach(() => {
    urls = [];
    server.on('connection', (_, request) => urls.push(request.url));
  });

  it('TRK-22 are asked for anew before each connection, and go into the URL', async () => {
    let asked = 0;
    bench = new Bench(`${url}/?channel=demo`, undefined, () => `a+b/${++asked}`);
    await connect();
    sockets.at(-1)?.terminate();
    await until(() => {
      expect(urls).toEqual(['/?channel=demo&token=a%2Bb%2F1', '/?channel=demo&token=a%2Bb%2F2']);
    });
  });

  it('TRK-23 are sent when the tracker asks for a fresh one', async () => {
    let asked = 0;
    bench = new Bench(url, undefined, () => Promise.resolve(`t${++asked}`));
    const socket = await connect();
    const heard: string[] = [];
    socket.on('message', (data: Buffer) => heard.push(data.toString()));
    socket.send(JSON.stringify({ action: 'renew' }));
    await until(() => {
      expect(heard).toEqual([JSON.stringify({ action: 'renew', token: 't2' })]);
    });
  });

  it('a site that cannot give one is asked again, later each time, with one warning; it is not told to the engine', async () => {
    let asked = 0;
    bench = new Bench(url, undefined, () => {
      asked += 1;
      if (asked === 1) throw new Error('no session');
      return asked === 2 ? Promise.reject(new Error('still none')) : 'good';
    });
    await connect();
    expect([asked, bench.unreachable]).toEqual([3, 1]);
    expect(bench.inputs).toEqual([{ type: 'tracker-open' }]);
  });

  it('one that never comes is given up, and a late one opens nothing', async () => {
    const late: ((token: string) => void)[] = [];
    bench = new Bench(url, 30, () => new Promise((resolve) => late.push(resolve)));
    bench.client.connect();
    await until(() => {
      expect(late.length).toBeGreaterThan(1);
    });
    expect(bench.unreachable).toBe(1);
    bench.client.disconnect();
    for (const resolve of late) resolve('late');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(urls).toEqual([]);
  });

  it('without a source a tracker that asks gets no answer', async () => {
    const socket = await connect();
    const heard: unknown[] = [];
    socket.on('message', (data) => heard.push(data));
    socket.send(JSON.stringify({ action: 'renew' }));
    socket.send(JSON.stringify(WELCOME));
    await until(() => {
      expect(bench.messages()).toHaveLength(2);
    });
    expect(heard).toEqual([]);
  });
});

describe('TRK-26 a tracker of several nodes', () => {
  let other: WebSocketServer;
  let urls: (string | undefined)[];

  beforeEach(async () => {
    urls = [];
    other = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    other.on('connection', (socket, request) => {
      sockets.push(socket);
      urls.push(request.url);
    });
    await new Promise((resolve) => other.once('listening', resolve));
  });

  afterEach(() => {
    other.close();
  });

  function move(socket: Socket): void {
    const { port } = other.address() as { readonly port: number };
    socket.send(JSON.stringify({ action: 'moved', url: `ws://127.0.0.1:${String(port)}/node` }));
    socket.close(CLOSE.moved);
  }

  it('it goes to the node it is sent to at once, with a token, and tells the engine as of any loss', async () => {
    bench = new Bench(url, undefined, () => 't');
    move(await connect());
    await until(() => {
      expect(urls).toEqual(['/node?token=t']);
    });
    await until(() => {
      expect(bench.inputs.map(({ type }) => type)).toEqual([
        ...['tracker-open', 'tracker-message', 'tracker-closed', 'tracker-open'],
      ]);
    });
    expect(bench.unreachable).toBe(0);
  });

  it('when that node is lost it comes back to its own URL', async () => {
    move(await connect());
    await until(() => {
      expect(urls).toHaveLength(1);
    });
    const before = sockets.length;
    other.close();
    sockets.at(-1)?.terminate();
    await until(() => {
      expect(sockets.length).toBeGreaterThan(before);
    });
    expect(urls).toHaveLength(1);
  });

  it('two nodes that each name the other are asked less and less often', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const opened: string[] = [];
      class Moving {
        readonly bufferedAmount = 0;
        #listeners = new Map<string, (event: object) => void>();
        constructor(to: string) {
          opened.push(to);
          queueMicrotask(() => {
            this.#listeners.get('open')?.({});
            const next = to.includes('a') ? 'ws://b/' : 'ws://a/';
            const data = JSON.stringify({ action: 'moved', url: next });
            this.#listeners.get('message')?.({ data });
            this.#listeners.get('close')?.({ code: CLOSE.moved });
          });
        }
        send(): void {}
        close(): void {}
        addEventListener(name: string, listener: (event: never) => void): void {
          this.#listeners.set(name, listener as (event: object) => void);
        }
      }
      const client = new TrackerClient({
        ...{ url: 'ws://a/', webSocket: Moving, random: () => 0.5, input: () => {} },
        ...{ onState: () => {}, onUnreachable: () => {} },
      });
      client.connect();
      await vi.advanceTimersByTimeAsync(10_000);
      // At once, then after 0.5 and 1 s, and every 2 s.
      const [a, b] = ['ws://a/', 'ws://b/'];
      expect(opened).toEqual([a, b, a, b, a, b, a, b]);
      client.disconnect();
    } finally {
      vi.useRealTimers();
    }
  });
});
