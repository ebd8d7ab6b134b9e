import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { OriginCommand } from '../support/origin-command.ts';
import { until } from '../support/until.ts';
import { Publisher } from './server-origin/publisher.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
});

it('ORG-41: a site decides who publishes and plays on shoal-origin, and no secret is logged', async () => {
  const asked: Record<string, string>[] = [];
  const shown = new Set<string | undefined>();
  const site = createServer((request, response) => {
    shown.add(request.headers.authorization);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      asked.push(body);
      const publisher = body['path'] === 'live/secret-key' && body['password'] === 'secret-pass';
      const viewer = body['action'] === 'read' && body['token'] === 'secret-token';
      if (publisher) response.end('{"channel":"show"}');
      else response.writeHead(viewer ? 204 : 401).end();
    });
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  undo.push(() => {
    site.closeAllConnections();
    site.close();
  });
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-hook-'));
  undo.push(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  const start = (): Promise<OriginCommand> =>
    OriginCommand.start(
      [
        ...['--host', '127.0.0.1', '--http-port', '0', '--rtmp-port', '0', '--data-dir', dataDir],
        ...['--channels=', '--auth-url', url, '--auth-play', '--segment-seconds', '1'],
        ...['--ladder', 'off', '--log-level', 'debug'],
      ],
      { SHOAL_ORIGIN_AUTH_TOKEN: 'secret-operator' },
    );
  const origin = await start();
  undo.push(() => origin.kill());
  const rtmp = String(origin.started['rtmpServer']);
  const wrong = await Publisher.start(`${rtmp}/secret-key?user=ana&pass=secret-wrong`);
  undo.push(() => wrong.cut());
  expect(await wrong.exit()).not.toBe(0);
  const publisher = await Publisher.start(`${rtmp}/secret-key?user=ana&pass=secret-pass`);
  undo.push(() => publisher.cut());
  const list = `${origin.url}/live/show/source/index.m3u8`;
  await until(async () => (await fetch(`${list}?token=secret-token`)).status === 200, {
    ...{ what: 'its playlist', timeoutMs: 20_000 },
  });
  expect((await fetch(list)).status).toBe(401);
  expect((await fetch(`${list}?token=secret-other`)).status).toBe(403);
  expect(await (await fetch(`${origin.url}/v1/streams`)).json()).toEqual({
    streams: [{ channel: 'show', state: 'live' }],
  });
  expect([...shown]).toEqual(['Bearer secret-operator']);
  expect(new Set(asked.map(({ action }) => action))).toEqual(new Set(['publish', 'read']));
  expect(origin.output).not.toContain('secret');
  expect(origin.output).toContain('channel came into being');
  // It is there again, waiting for its publisher, after it was killed.
  await origin.kill();
  const again = await start();
  undo.push(() => again.kill());
  expect(await (await fetch(`${again.url}/v1/streams`)).json()).toEqual({
    streams: [{ channel: 'show', state: 'interrupted' }],
  });
});
