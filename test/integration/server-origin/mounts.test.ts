import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openService } from '@shoal/server';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../../support/until.ts';
import { TestReader, TestService } from '../service/test-service.ts';
import { TestOrigin } from './test-origin.ts';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
});

/** An origin with a real service on the same port. */
async function start(): Promise<{ readonly origin: TestOrigin; readonly service: TestService }> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-mounted-'));
  undo.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const open = await openService({
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    logLevel: 'silent',
  });
  undo.push(open.close);
  const origin = await TestOrigin.start({ mounts: [open] });
  undo.push(() => origin.close());
  const admin = open.adminToken ?? '';
  const service = TestService.elsewhere(() => ({ port: origin.origin.httpPort, admin }));
  return { origin, service };
}

it('ORG-40: origin, service and its feeds are on one port, each with its own answers', async () => {
  const { origin, service } = await start();
  expect(JSON.parse(await origin.text('/v1/streams'))).toEqual({
    streams: [{ channel: 'demo', state: 'idle' }],
  });
  expect(origin.origin.streams()).toMatchObject([{ channel: 'demo', state: 'idle' }]);
  await service.makeChannel('demo');
  const found = await service.call('GET', '/v1/channels/demo');
  expect(found).toMatchObject({ status: 200, body: { id: 'demo' } });
  // Its errors have codes; its bodies may be larger than the origin allows.
  expect((await service.call('POST', '/v1/channels', { body: { id: 'x' } })).body).toMatchObject({
    code: 'unauthorized',
  });
  const long = { id: 'other', title: 'x'.repeat(2_000) };
  const answer = await service.call('POST', '/v1/channels', { token: service.admin, body: long });
  expect(answer.status).not.toBe(413);
  const reader = await service.read('demo');
  const change = { token: service.admin, body: { title: 'A new title' } };
  expect((await service.call('PATCH', '/v1/channels/demo', change)).status).toBe(200);
  await reader.of('channel.updated');
  const preflight = await fetch(origin.url('/live/demo/index.m3u8'), { method: 'OPTIONS' });
  expect(preflight.status).toBe(204);
});

it('ORG-40: it is closed at once while readers are connected, those that do not answer included', async () => {
  const { origin, service } = await start();
  await service.makeChannel('demo');
  const reader = await service.read('demo');
  const deaf = connect(origin.origin.httpPort, '127.0.0.1');
  deaf.on('error', () => undefined);
  deaf.write(
    'GET /v1/events?channel=demo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await once(deaf, 'data');
  const from = performance.now();
  await origin.down();
  expect(performance.now() - from).toBeLessThan(3_000);
  await until(() => Promise.resolve(reader.closed === 1001), { what: 'a goodbye' });
  expect(reader.told.at(-1)).toMatchObject({ type: 'reconnect' });
});

it('ORG-40: what is no WebSocket is answered as if no upgrade had been asked for; a WebSocket that nobody takes is ended', async () => {
  const { origin } = await start();
  const asked = get(origin.url('/v1/streams'), {
    headers: { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': '' },
  });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  response.resume();
  await once(response, 'end');
  const nobody = request(origin.url('/live/demo/index.m3u8'), {
    headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
  });
  nobody.end();
  const [refused] = (await once(nobody, 'response')) as [IncomingMessage];
  expect(refused.statusCode).toBe(404);
});

it('ORG-40: over TLS, too, where others speak HTTP/2', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-mounted-'));
  undo.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const open = await openService({
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    logLevel: 'silent',
  });
  undo.push(open.close);
  const { startOrigin } = await import('@shoal/server');
  const origin = await startOrigin({
    http: {
      ...{ host: '127.0.0.1', port: 0 },
      tls: { certFile: file('cert.pem'), keyFile: file('key.pem') },
    },
    ...{ rtmp: { host: '127.0.0.1', port: 0 }, dataDir: join(folder, 'data'), logLevel: 'silent' },
    ...{ channels: [], access: { publish: () => Promise.reject(new Error('nobody')) } },
    mounts: [open],
  });
  undo.push(origin.close);
  const { request: secure } = await import('node:https');
  const made = secure(`https://127.0.0.1:${origin.httpPort}/v1/channels`, {
    ...{ method: 'POST', rejectUnauthorized: false },
    headers: {
      Authorization: `Bearer ${open.adminToken ?? ''}`,
      'Content-Type': 'application/json',
    },
  });
  made.end(JSON.stringify({ id: 'demo' }));
  const [response] = (await once(made, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(201);
  const reader = new TestReader(
    new WebSocket(`wss://127.0.0.1:${origin.httpPort}/v1/events?channel=demo`, {
      rejectUnauthorized: false,
    }),
  );
  expect(await reader.welcomed()).toMatchObject({ channel: 'demo' });
  const from = performance.now();
  await origin.close();
  expect(performance.now() - from).toBeLessThan(3_000);
  await until(() => Promise.resolve(reader.closed === 1001), { what: 'a goodbye' });
});
