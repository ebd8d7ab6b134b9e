import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from '../test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await TestService.start();
  await service.makeChannel('demo', 'ana');
});
afterAll(() => service.close());

/** Sends bytes, and gives back all that was answered until the end. */
async function answerTo(bytes: string | Buffer): Promise<string> {
  const socket = connect(service.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const line = (target: string, headers = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

describe('API-5 what is no request', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['another protocol', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), 400],
    ['a method that nobody knows', 'WHATEVER / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['NUL in the path', line('/v1/channels/a\0b'), 400],
    ['NUL in a header', line('/v1/channels', 'X-A: a\0b\r\n'), 400],
    ['too many bytes of headers', line('/v1/channels', `X-A: ${'a'.repeat(20_000)}\r\n`), 431],
    [
      'two lengths',
      `POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      400,
    ],
    [
      'a length and chunks',
      `POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      400,
    ],
    [
      'a length below zero',
      `POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n`,
      400,
    ],
    [
      'broken chunks',
      `POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ['a path that cannot be decoded', line('/v1/channels/%zz'), 400],
    ['a path of half a character', line('/v1/channels/%ed%a0%80'), 400],
    ['a path that is a URL', line('http://elsewhere/v1/nowhere'), 404],
    ['a route that is not there', line('/v1/nothing'), 404],
    ['a page', line('/index.html'), 404],
  ])('%s', async (_what, bytes, status) => {
    const answer = await answerTo(bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code: expect.any(String) as string });
    expect((await service.call('GET', '/v1/channels/demo')).status).toBe(200);
  });

  it('no host is answered by Node itself', async () => {
    const answer = await answerTo('GET /v1/channels HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  it('a method that HTTP knows and the route does not is a problem', async () => {
    for (const method of ['OPTIONS', 'PUT', 'PROPFIND', 'SEARCH', 'LOCK']) {
      const { status, body } = await service.call(method, '/v1/channels');
      expect([method, status]).toEqual([method, 404]);
      expect(body).toMatchObject({ code: 'not-found' });
    }
  });
});
