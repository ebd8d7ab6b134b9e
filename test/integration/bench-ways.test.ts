import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openAddressGates } from '../bench/address-gates.ts';
import { openNarrowWay } from '../bench/narrow-way.ts';
import { until } from '../support/until.ts';

const BODY = new Uint8Array(100_000).fill(7);
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  // A server on a TCP port has such an address.
  return (server.address() as AddressInfo).port;
}

const origin = (): Promise<number> =>
  portOf(
    createHttpServer((request, response) => {
      response.writeHead(request.url === '/live/gone' ? 404 : 200, { 'x-origin': 'yes' });
      response.end(BODY);
    }),
  );

describe('a narrow way to the origin', () => {
  it('shares its rate among all responses below /live/, and passes everything on as it is', async () => {
    const way = await openNarrowWay(await origin(), 1_600);
    closers.push(way.close);
    const load = async (path: string) => {
      const response = await fetch(`http://localhost:${way.httpPort}${path}`, {
        headers: { 'user-agent': 'viewer' },
      });
      expect(response.headers.get('x-origin')).toBe('yes');
      return Buffer.from(await response.arrayBuffer()).equals(BODY);
    };
    expect(await load('/page')).toBe(true);
    const freeAt = performance.now();
    const whole = await Promise.all(['/live/a', '/live/b', '/live/gone'].map(load));
    expect(whole).toEqual([true, true, true]);
    // 300,000 bytes at 200 a millisecond, less what a pause saves up.
    expect(performance.now() - freeAt).toBeGreaterThan(1_300);
    await until(() => way.deliveries?.length === 4, { what: 'all of them to be counted' });
    expect(way.deliveries?.find(({ path }) => path === '/live/a')).toEqual({
      path: '/live/a',
      bytes: BODY.length,
      userAgent: 'viewer',
    });
  });

  it('counts what it passed on to somebody who went away, and goes on', async () => {
    const way = await openNarrowWay(await origin(), 400);
    closers.push(way.close);
    const leaver = new AbortController();
    const url = `http://localhost:${way.httpPort}/live/a`;
    const response = await fetch(url, { signal: leaver.signal });
    await response.body?.getReader().read();
    leaver.abort();
    await until(() => way.deliveries?.length === 1, { what: 'the response to be over' });
    expect(way.deliveries?.[0]?.bytes).toBeLessThan(BODY.length);
    expect((await fetch(`http://localhost:${way.httpPort}/page`)).status).toBe(200);
  });
});

describe('the gates of a tracker', () => {
  it('let each viewer come from an address of its own', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((socket) => {
      seen.push(socket.remoteAddress);
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    const gates = openAddressGates(await portOf(server));
    closers.push(gates.close);
    for (const index of [0, 1, 0]) {
      const socket = connect({ host: '127.0.0.1', port: await gates.port(index) });
      socket.write('hello');
      const [echo] = (await once(socket, 'data')) as [Buffer]; // As the event is documented.
      expect(echo.toString()).toBe('hello');
      socket.destroy();
    }
    expect(new Set(seen).size).toBe(2);
    expect(seen[0]).toBe(seen[2]);
  });
});
