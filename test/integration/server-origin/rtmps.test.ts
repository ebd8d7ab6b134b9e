import { once } from 'node:events';
import { connect as connectPlain, createServer, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ORIGIN_LIMITS } from '@shoal/server/core';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
/** Of nobody: made for these tests, valid for a hundred years. */
const PEM = { certFile: file('cert.pem'), keyFile: file('key.pem') };
const RTMPS = { host: '127.0.0.1', port: 0, ...PEM };

const { start, publish } = scene();
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function url(test: TestOrigin): string {
  return `rtmps://127.0.0.1:${test.origin.rtmpsPort}/live/${test.origin.streamKey(DEMO)}`;
}

/** A connection whose end is noticed. */
function opened<T extends Socket>(socket: T): T {
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

describe('RTMPS', () => {
  it('ORG-12 ORG-3 takes publishers as RTMP does, at the same port after the ingest process died', async () => {
    const test = await start({ rtmps: RTMPS });
    const first = await publish(url(test));
    await test.playlistWhere((p) => p.segments.length >= 2, 'two segments');
    const port = test.origin.rtmpsPort;
    process.kill(test.origin.processes().ingest ?? NaN, 'SIGKILL');
    await first.exit();
    await until(() => test.origin.processes().ingest !== undefined, { what: 'another process' });
    expect(test.origin.rtmpsPort).toBe(port);
    const before = (await test.playlist())?.segments.length ?? 0;
    await until(
      async () => {
        await publish(url(test));
        const playlist = await test
          .playlistWhere((p) => p.segments.length > before, 'more segments', 8_000)
          .catch(() => undefined);
        return playlist !== undefined;
      },
      { what: 'a publisher to be back', timeoutMs: 30_000 },
    );
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-37 a gate is told that it was RTMPS', async () => {
    const asked: string[] = [];
    const test = await start({
      ...{ rtmps: RTMPS, channels: [] },
      access: {
        publish: ({ protocol, path }) => {
          asked.push(`${protocol} ${path}`);
          return Promise.resolve({ allowed: true, channel: DEMO });
        },
      },
    });
    await publish(`rtmps://127.0.0.1:${test.origin.rtmpsPort}/live/key`);
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    expect(asked).toEqual(['rtmps live/key']);
  });

  it('ORG-12 ORG-2 what is no TLS, or says nothing, is closed and hurts nobody', async () => {
    const test = await start({ rtmps: RTMPS });
    await publish(url(test));
    const at = { host: '127.0.0.1', port: test.origin.rtmpsPort ?? 0 };
    const garbage = opened(connectPlain(at));
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    const silent = Array.from({ length: 30 }, () => opened(connectPlain(at)));
    const shaken = opened(connectSecure({ ...at, rejectUnauthorized: false }));
    await once(shaken, 'secureConnect');
    shaken.write('not RTMP at all, whatever follows');
    await until(() => [garbage, shaken, ...silent].every((socket) => socket.closed), {
      what: 'all to be closed',
      timeoutMs: ORIGIN_LIMITS.publishMs + 5_000,
    });
    const { segments } = await test.playlistWhere((p) => p.segments.length >= 4, 'four segments');
    expect(new Set(segments.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('a port that is taken is named, and so are files that are no certificate', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ rtmps: { ...RTMPS, port } })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(/rtmps\.port/) as string,
    });
    server.close();
    for (const wrong of [{ certFile: '/nowhere.pem' }, { keyFile: PEM.certFile }])
      await expect(start({ rtmps: { ...RTMPS, ...wrong } })).rejects.toMatchObject({
        code: 'bad-options',
        message: expect.stringMatching(/pem/) as string,
      });
  });
});
