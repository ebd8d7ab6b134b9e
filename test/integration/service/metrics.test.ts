import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startOrigin, type ServiceOptions } from '@shoal/server';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { Publisher } from '../server-origin/publisher.ts';
import { refusalOf, TestService } from './test-service.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const next of undo.splice(0).reverse()) await next();
});

async function start(options: Partial<ServiceOptions> = {}): Promise<TestService> {
  const service = await TestService.start(options);
  undo.push(() => service.close());
  return service;
}

/** Values by name and labels, as they are written. */
function read(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

async function metricsOf(service: TestService): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${service.port}/metrics`, {
    headers: { Authorization: `Bearer ${service.admin}` },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return read(await response.text());
}

describe('OPS-3 metrics of the service', () => {
  it('are for the operator, or at an address of their own for everybody there', async () => {
    const service = await start({ metrics: { host: '127.0.0.1', port: 0 } });
    const ana = await service.tokenOf('ana');
    expect((await service.call('GET', '/metrics')).status).toBe(401);
    expect((await service.call('GET', '/metrics', { token: ana })).status).toBe(403);
    expect((await metricsOf(service)).size).toBeGreaterThan(0);
    const own = `http://127.0.0.1:${service.metricsPort ?? 0}`;
    const open = await fetch(`${own}/metrics`);
    expect(read(await open.text()).size).toBeGreaterThan(0);
    expect((await fetch(`${own}/v1/channels`)).status).toBe(404);
    expect((await fetch(`${own}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  it('count requests by route, whatever is in their paths', async () => {
    const service = await start();
    for (let at = 0; at < 50; at += 1) {
      await service.call('GET', `/v1/channels/c${at}`);
      await service.call('GET', `/nowhere/${at}`);
    }
    const metrics = await metricsOf(service);
    const requests = 'shoal_service_http_requests_total';
    expect(
      metrics.get(`${requests}{route="/v1/channels/:channel",method="GET",status="4xx"}`),
    ).toBe(50);
    expect(metrics.get(`${requests}{route="none",method="GET",status="4xx"}`)).toBe(50);
    expect([...metrics.keys()].filter((name) => name.startsWith(requests))).toHaveLength(2);
    expect(
      metrics.get(
        'shoal_service_http_request_seconds_count{route="/v1/channels/:channel",method="GET"}',
      ),
    ).toBe(50);
  });

  it('count what is written, told, given and delivered', async () => {
    const service = await start({
      webhooks: { allowHttp: true, allowPrivateAddresses: true, allowAnyPort: true },
    });
    await service.makeChannel('demo', 'ana');
    const [ana, vi] = [await service.tokenOf('ana'), await service.tokenOf('vi')];
    const hook = { token: ana, body: { url: 'http://127.0.0.1:9/' } };
    await service.call('POST', '/v1/channels/demo/webhooks', hook);
    const reader = await service.read('demo');
    await service.read('demo', { audience: 'streamer', token: ana });
    const behind = await service.read('demo', { after: 1_000_000 });
    await behind.of('resync');
    const url = `ws://127.0.0.1:${service.port}/v1/events?channel=demo&token=nothing`;
    expect(await refusalOf(url)).toBe(401);
    const chat = '/v1/channels/demo/chat/messages';
    await service.call('POST', chat, { token: vi, body: { text: 'hello' } });
    await service.call('POST', chat, { token: vi, body: { text: '' } });
    await service.call('POST', '/v1/channels/demo/donations', {
      token: vi,
      body: { amount: { minorUnits: 500, currency: 'EUR' }, method: 'sandbox-pays' },
    });
    await reader.of('chat.message');
    const failed = 'shoal_service_webhook_attempts_total{outcome="failed"}';
    await until(async () => ((await metricsOf(service)).get(failed) ?? 0) >= 1, {
      what: 'a failed delivery',
    });
    const metrics = await metricsOf(service);
    for (const [name, least] of [
      ['feed_readers{audience="viewers"}', 2],
      ['feed_readers{audience="streamer"}', 1],
      ['feed_refused_total{status="401"}', 1],
      ['feed_resyncs_total', 1],
      ['feed_events_total{type="chat.message"}', 1],
      ['feed_events_total{type="donation.received"}', 1],
      ['feed_events_sent_total', 3],
      ['chat_messages_total{outcome="accepted"}', 1],
      ['chat_messages_total{outcome="invalid-message"}', 1],
      ['outbox_waiting', 1],
      ['webhook_deliveries_waiting', 1],
      ['donations{state="paid"}', 1],
      ['database_query_seconds_count{kind="select"}', 10],
      ['database_query_seconds_count{kind="insert"}', 3],
    ] as const)
      expect([name, metrics.get(`shoal_service_${name}`) ?? 0]).toEqual([
        name,
        expect.toSatisfy((value: number) => value >= least),
      ]);
    reader.socket.send('no JSON');
    await until(() => reader.closed !== undefined, { what: 'its end' });
    await until(
      async () =>
        (await metricsOf(service)).get('shoal_service_feed_readers{audience="viewers"}') === 1,
      { what: 'one reader less' },
    );
    const ended = 'shoal_service_feed_ended_total{reason="bad-message"}';
    expect((await metricsOf(service)).get(ended)).toBe(1);
  });

  it('have no name of a channel, a user or anything else that somebody chose', async () => {
    const service = await start();
    const [channel, user] = ['channel-of-mine', 'user-of-mine'];
    await service.makeChannel(channel, user);
    const token = await service.tokenOf(user);
    await service.call('POST', `/v1/channels/${channel}/chat/messages`, {
      ...{ token, body: { text: 'a text of mine' } },
    });
    const response = await fetch(`http://127.0.0.1:${service.port}/metrics`, {
      headers: { Authorization: `Bearer ${service.admin}` },
    });
    expect(await response.text()).not.toContain('of-mine');
  });
});

describe('OPS-4 probes of the service', () => {
  it('is ready until it is to end, and tells its readers after that', async () => {
    const service = await start({ drainMs: 1_000 });
    await service.makeChannel('demo');
    expect((await service.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await service.call('GET', '/readyz')).body).toEqual({ status: 'ready' });
    const reader = await service.read('demo');
    const ended = service.down();
    await until(async () => (await service.call('GET', '/readyz')).status === 503, {
      what: 'not to be ready',
    });
    // It does what it did.
    expect((await service.call('GET', '/v1/channels/demo')).status).toBe(200);
    expect([reader.closed, reader.told]).toEqual([undefined, []]);
    await ended;
    await until(() => reader.closed !== undefined, { what: 'the end' });
    expect([reader.closed, reader.told.at(-1)]).toMatchObject([1001, { type: 'reconnect' }]);
  });

  it('a connection that asks for nothing does not hold up the end', async () => {
    const service = await start();
    const idle = connect(service.port, '127.0.0.1');
    idle.on('error', () => undefined);
    undo.push(() => {
      idle.destroy();
    });
    await until(() => !idle.connecting, { what: 'a connection' });
    await service.down();
  }, 20_000);

  it('a WebSocket that nobody serves is refused', async () => {
    const service = await start();
    expect(await refusalOf(`ws://127.0.0.1:${service.port}/nowhere`)).toBe(404);
  });
});

describe('OPS-3 metrics of an origin', () => {
  it('count publishers, segments, encoders and what is served', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-metrics-'));
    const channel = unwrap(parseChannelId('demo'));
    const origin = await startOrigin({
      ...{ http: { host: '127.0.0.1', port: 0 }, rtmp: { host: '127.0.0.1', port: 0 } },
      ...{ dataDir: folder, channels: [{ channel }], segmentSeconds: 1, ladder: [] },
      ...{ metrics: { host: '127.0.0.1', port: 0 }, logLevel: 'silent' },
    });
    undo.push(async () => {
      await origin.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const publisher = await Publisher.start(
      `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(channel)}`,
    );
    undo.push(() => publisher.stop());
    const list = `http://127.0.0.1:${origin.httpPort}/live/demo/index.m3u8`;
    await until(async () => (await fetch(list)).status === 200, {
      ...{ what: 'a playlist', timeoutMs: 30_000 },
    });
    const metrics = async (): Promise<ReadonlyMap<string, number>> =>
      read(await (await fetch(`http://127.0.0.1:${origin.metricsPort ?? 0}/metrics`)).text());
    await until(async () => ((await metrics()).get('shoal_origin_segments_total') ?? 0) >= 2, {
      ...{ what: 'segments', timeoutMs: 30_000 },
    });
    const found = await metrics();
    expect(found.get('shoal_origin_channels{state="live"}')).toBe(1);
    expect(found.get('shoal_origin_publishes_total')).toBe(1);
    expect(found.get('shoal_origin_encoder_starts_total')).toBe(1);
    const served = '{kind="playlist",status="2xx"}';
    expect(found.get(`shoal_origin_responses_total${served}`)).toBeGreaterThanOrEqual(1);
    expect(found.get('shoal_origin_served_bytes_total{kind="playlist"}')).toBeGreaterThan(10);
    const pid = origin.processes().ingest;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await until(
      async () =>
        (await metrics()).get('shoal_origin_ingest_restarts_total{protocol="rtmp"}') === 1,
      { what: 'another ingest', timeoutMs: 20_000 },
    );
  }, 90_000);
});
