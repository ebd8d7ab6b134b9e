import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { startService } from '@shoal/server';
import { FEED_LIMITS } from '@shoal/server/core';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/until.ts';
import { bothDatabases } from './databases.ts';
import { field, refusalOf, TestService } from './test-service.ts';

const feedOf = (test: TestService, query: Readonly<Record<string, string>>): string =>
  `ws://127.0.0.1:${test.port}/v1/events?${new URLSearchParams(query).toString()}`;

it.each(bothDatabases())(
  'ACC-7 in %s, a token for alerts reads those of its channel, acknowledges them, and does nothing else',
  async (_, make) => {
    const test = await TestService.start({ database: await make() });
    onTestFinished(() => test.close());
    await test.makeChannel('demo', 'ana');
    await test.makeChannel('others', 'carl');
    const [ana, bob] = [await test.tokenOf('ana'), await test.tokenOf('bob')];
    const path = '/v1/channels/demo/overlay-token';
    const made = await test.call('POST', path, { token: ana, body: {} });
    expect(made.status).toBe(201);
    const token = field(made.body, 'token');

    const reader = await test.read('demo', { audience: 'streamer', token });
    const donation = { amount: { minorUnits: 500, currency: 'EUR' }, method: 'sandbox-pays' };
    await test.call('POST', '/v1/channels/demo/donations', { token: bob, body: donation });
    const [alert] = await reader.of('donation.received');
    reader.say({ type: 'ack', id: alert?.['id'] });
    const waiting = async (): Promise<number> => {
      const { body } = await test.call('GET', '/v1/channels/demo/outbox', { token: ana });
      return (body as { alerts: unknown[] }).alerts.length;
    };
    await until(async () => (await waiting()) === 0, { what: 'the acknowledgement' });

    const other = { channel: 'others', audience: 'streamer', token };
    expect(await refusalOf(feedOf(test, other))).toBe(403);
    const viewers = { channel: 'demo', audience: 'viewers', token };
    expect(await refusalOf(feedOf(test, viewers))).toBe(403);
    for (const [method, to] of [
      ...[['GET', '/v1/channels/demo'] as const, ['GET', '/v1/channels/demo/outbox'] as const],
      ...[['POST', path] as const, ['POST', '/v1/channels/demo/chat/messages'] as const],
    ]) {
      const { status, body } = await test.call(method, to, { token });
      expect([to, status, field(body, 'code')]).toEqual([to, 403, 'forbidden']);
    }
    reader.say({ type: 'chat.send', ref: 'r', text: 'hi' });
    const [refused] = await reader.of('chat.refused');
    expect(refused?.['code']).toBe('forbidden');
    await until(() => reader.closed !== undefined, { what: 'it to be closed' });

    // The oldest give way to the newest; all can be taken back.
    for (let i = 0; i < 10; i++) await test.call('POST', path, { token: ana, body: {} });
    const own = { channel: 'demo', audience: 'streamer', token };
    expect(await refusalOf(feedOf(test, own))).toBe(401);
    const last = field((await test.call('POST', path, { token: ana, body: {} })).body, 'token');
    (await test.read('demo', { audience: 'streamer', token: last })).close();
    expect((await test.call('DELETE', path, { token: ana })).status).toBe(204);
    expect(await refusalOf(feedOf(test, { ...own, token: last }))).toBe(401);
  },
);

it('ACC-4 whoever reads alerts with a token that is taken back is told so, and closed', async () => {
  const test = await TestService.start();
  onTestFinished(() => test.close());
  await test.makeChannel('demo', 'ana');
  const ana = await test.tokenOf('ana');
  const path = '/v1/channels/demo/overlay-token';
  const made = await test.call('POST', path, { token: ana, body: {} });
  const overlay = field(made.body, 'token');
  const reader = await test.read('demo', { audience: 'streamer', token: overlay });
  const own = await test.read('demo', { audience: 'streamer', token: ana });
  await test.call('DELETE', path, { token: ana });
  await until(() => reader.closed !== undefined, {
    ...{ what: 'the reader to be closed', timeoutMs: 2 * FEED_LIMITS.keepAliveMs },
  });
  expect(reader.closed).toBe(4403);
  expect(reader.told.map(({ type }) => type)).toEqual(['revoked']);
  expect(own.closed).toBeUndefined();
});

it('ACC-8 tokens that it is given are good while it runs, and are kept nowhere', async () => {
  const [adminToken, overlay] = ['a'.repeat(24), 'o'.repeat(24)];
  const overlayTokens = [{ channel: unwrap(parseChannelId('demo')), token: overlay }];
  const test = await TestService.start({ adminToken, overlayTokens });
  onTestFinished(() => test.close());
  expect(test.admin).toBe('');
  const made = await test.call('POST', '/v1/channels', {
    ...{ token: adminToken, body: { id: 'demo' } },
  });
  expect(made.status).toBe(201);
  const reader = await test.read('demo', { audience: 'streamer', token: overlay });
  reader.close();
  await test.down();

  const file = join(test.folder, 'shoal.db');
  const again = await startService({
    ...{ http: { host: '127.0.0.1', port: 0 }, database: { type: 'sqlite', file } },
    logLevel: 'silent',
  });
  onTestFinished(() => again.close());
  // Nobody is an operator yet, so that now one is made.
  expect(again.adminToken).toHaveLength(43);
  const { status } = await fetch(`http://127.0.0.1:${again.port}/v1/channels`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  expect(status).toBe(401);
});

it('ACC-8 it refuses tokens that could not be shown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-service-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  await expect(
    startService({
      ...{ http: { host: '127.0.0.1', port: 0 }, adminToken: 'short' },
      database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    }),
  ).rejects.toMatchObject({ code: 'bad-options' });
});
