import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
} from 'node:http2';
import { Agent, get } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type DeliveryRecord, startOrigin } from '@shoal/server';
import { afterEach, describe, expect, it } from 'vitest';
import { LintedOrigin } from '../../support/lint/lint-origin.ts';
import { until } from '../../support/until.ts';
import { Publisher } from './publisher.ts';
import { DEMO } from './test-origin.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const PEM = { certFile: file('cert.pem'), keyFile: file('key.pem') };

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
});

const delivered: DeliveryRecord[] = [];

/** An origin over TLS whose broadcast of five seconds is over. */
async function start(): Promise<{ readonly port: number; readonly session: ClientHttp2Session }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-https-'));
  undo.push(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });
  const local = { host: '127.0.0.1', port: 0 };
  const origin = await startOrigin({
    http: { ...local, tls: PEM },
    rtmp: local,
    ...{ dataDir, segmentSeconds: 1, logLevel: 'silent', channels: [{ channel: DEMO }] },
    onDelivered: (record) => delivered.push(record),
  });
  undo.push(() => origin.close());
  const key = origin.streamKey(DEMO);
  const publisher = await Publisher.start(`rtmp://127.0.0.1:${origin.rtmpPort}/live/${key}`, {
    burst: true,
    seconds: 5,
  });
  undo.push(() => publisher.cut());
  await publisher.exit();
  const session = connectHttp2(`https://127.0.0.1:${origin.httpPort}`, {
    rejectUnauthorized: false,
  });
  session.on('error', () => undefined);
  undo.push(() => {
    session.destroy();
  });
  return { port: origin.httpPort, session };
}

type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** A request on a session of HTTP/2. */
async function ask(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const stream = session.request({ ':path': path, ...headers });
  let got: IncomingHttpHeaders = {};
  stream.on('response', (answered) => (got = answered));
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  await once(stream, 'close');
  return { status: Number(got[':status']), headers: got, body: Buffer.concat(parts) };
}

/** The path of the first segment, once it is listed. */
async function firstSegment(session: ClientHttp2Session): Promise<string> {
  const folder = '/live/demo/source/';
  let uri: string | undefined;
  await until(
    async () => {
      const { body } = await ask(session, `${folder}index.m3u8`);
      uri = /^\S+\.m4s$/m.exec(body.toString())?.[0];
      return uri !== undefined;
    },
    { what: 'a segment' },
  );
  return `${folder}${uri ?? ''}`;
}

describe('delivery over TLS', () => {
  it('ORG-7 speaks HTTP/2: whole, in part, head alone, unchanged, many at a time', async () => {
    const { session } = await start();
    const path = await firstSegment(session);
    const whole = await ask(session, path);
    expect(whole.status).toBe(200);
    expect(whole.headers['access-control-allow-origin']).toBe('*');
    const part = await ask(session, path, { range: 'bytes=100-199' });
    expect([part.status, part.body]).toEqual([206, whole.body.subarray(100, 200)]);
    const head = await ask(session, path, { ':method': 'HEAD' });
    expect([head.headers['content-length'], head.body.length]).toEqual([
      ...[String(whole.body.length), 0],
    ]);
    const etag = whole.headers.etag ?? '';
    expect((await ask(session, path, { 'if-none-match': etag })).status).toBe(304);
    expect((await ask(session, '/live/demo/source/1-1.m4s')).status).toBe(404);
    const many = await Promise.all(Array.from({ length: 40 }, () => ask(session, path)));
    expect(many.every(({ body }) => body.equals(whole.body))).toBe(true);
    const counted = (): number =>
      delivered.filter((one) => one.path === path && one.status === 200).length;
    await until(() => counted() === 42, { what: '42 whole responses to be counted' });
  });

  it('ORG-4 ORG-10 what it lists over HTTP/2 is right', async () => {
    const { port, session } = await start();
    await firstSegment(session);
    const watch = new LintedOrigin({
      base: () => `https://127.0.0.1:${port}`,
      channel: DEMO,
      get: (url) => ask(session, new URL(url).pathname),
    });
    const seen = (): number => watch.linter().segments.length;
    await until(() => seen() === 5, { what: 'all segments to be listed' });
    expect(await watch.finish()).toEqual([]);
    expect(watch.decoded).toBe(5);
  });

  it('ORG-7 speaks HTTP/1.1 to those who ask for it, and ends at once although they stay', async () => {
    const { port, session } = await start();
    const path = await firstSegment(session);
    const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
    undo.push(() => {
      agent.destroy();
    });
    const [response] = (await once(
      get({ host: '127.0.0.1', port, path, agent, headers: { range: 'bytes=0-9' } }),
      'response',
    )) as [IncomingMessage];
    response.resume();
    expect([response.statusCode, response.httpVersion]).toEqual([206, '1.1']);
  });

  it('what is no TLS, and a stream that is reset, hurt nobody', async () => {
    const { port, session } = await start();
    const path = await firstSegment(session);
    const garbage = connectPlain({ host: '127.0.0.1', port });
    garbage.on('error', () => undefined);
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    await once(garbage, 'close');
    for (let i = 0; i < 20; i++) {
      const stream = session.request({ ':path': path });
      stream.on('error', () => undefined);
      stream.close(8);
    }
    expect((await ask(session, path)).status).toBe(200);
  });
});
