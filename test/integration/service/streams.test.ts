import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createHttpGate,
  openService,
  type Origin,
  type OriginOptions,
  type ServiceOptions,
  startOrigin,
} from '@shoal/server';
import { WebSocket } from 'ws';
import { channelId } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import { Publisher } from '../server-origin/publisher.ts';
import { freePort } from './free-port.ts';
import { KillableService } from './killable-service.ts';
import { field, TestReader, TestService, type Told } from './test-service.ts';

const DEMO = channelId();
const MEDIA_MS = 60_000;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-streams-'));
  undo.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

async function origin(folder: string, options: Partial<OriginOptions>): Promise<Origin> {
  const started = await startOrigin({
    http: { host: '127.0.0.1', port: 0 },
    rtmp: { host: '127.0.0.1', port: 0 },
    dataDir: join(folder, 'origin'),
    channels: [],
    segmentSeconds: 1,
    logLevel: 'silent',
    ...options,
  });
  undo.push(() => started.close());
  return started;
}

/** An origin and a service that is mounted on it, decides who publishes, and follows it. */
async function together(
  options: Partial<OriginOptions>,
): Promise<{ readonly live: Origin; readonly test: TestService }> {
  const folder = makeFolder();
  const service = await openService({
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    logLevel: 'silent',
  });
  undo.push(service.close);
  const access = { publish: service.access };
  const live = await origin(folder, { access, mounts: [service], ...options });
  await service.follow(live);
  const admin = service.adminToken ?? '';
  return { live, test: TestService.elsewhere(() => ({ port: live.httpPort, admin })) };
}

async function publish(to: Origin, key: string): Promise<Publisher> {
  const publisher = await Publisher.start(`rtmp://127.0.0.1:${to.rtmpPort}/live/${key}`);
  undo.push(() => publisher.cut());
  return publisher;
}

/** What viewers were told of streams and broadcasts. */
const told = (of: readonly Told[]): readonly string[] =>
  of.flatMap(({ type, data }) => {
    if (type === 'broadcast.transitioned') return [(data as { state: string }).state];
    return type.startsWith('stream.') ? [type] : [];
  });

const LIVE = ['stream.online', 'live'];
const AWAY = ['stream.interrupted', 'interrupted'];
const OVER = ['stream.offline', 'complete'];

async function tells(reader: TestReader, expected: readonly string[]): Promise<void> {
  await until(() => told(reader.told).length >= expected.length, {
    what: () => `${expected.join()}, was told ${told(reader.told).join()}`,
    timeoutMs: MEDIA_MS,
  });
  expect(told(reader.told)).toEqual(expected);
}

describe('streams of an origin in this process', () => {
  it('BRD-3 BRD-5 KEY-3 an encoder with a stream key is all it takes: live, away, back, over, and a VOD', async () => {
    const store = { type: 'disk', folder: makeFolder() } as const;
    const { live, test } = await together({ interruptedMs: 8_000, recording: { store } });
    await test.makeChannel('demo', 'ana');
    const token = await test.tokenOf('ana');
    const made = await test.call('POST', '/v1/channels/demo/stream-keys', { token, body: {} });
    const key = field(made.body, 'key');
    const viewer = await test.read('demo');
    undo.push(() => {
      viewer.close();
    });

    const first = await publish(live, key);
    await tells(viewer, LIVE);
    await first.cut();
    await tells(viewer, [...LIVE, ...AWAY]);
    const second = await publish(live, key);
    await tells(viewer, [...LIVE, ...AWAY, ...LIVE]);
    const playback = await test.call('GET', '/v1/channels/demo/playback');
    expect(playback.body).toMatchObject({ hls: '/live/demo/index.m3u8', state: 'online' });
    await until(
      async () => (await fetch(`http://127.0.0.1:${live.httpPort}/live/demo/index.m3u8`)).ok,
      {
        what: 'media',
        timeoutMs: MEDIA_MS,
      },
    );
    await test.makeChannel('quiet');
    expect(await test.call('GET', '/v1/channels/quiet/playback')).toMatchObject({
      ...{ status: 200, body: { hls: null, state: 'offline' } },
    });
    expect((await test.call('GET', '/v1/channels/demo/health', { token })).body).toMatchObject({
      measured: { publishing: true },
    });
    await second.stop();
    await tells(viewer, [...LIVE, ...AWAY, ...LIVE, ...AWAY, ...OVER]);
    const [ready] = await viewer.of('vod.ready');
    const { body } = await test.call('GET', '/v1/channels/demo/broadcasts');
    const { broadcasts } = body as { broadcasts: { id: string }[] };
    expect(broadcasts).toHaveLength(1);
    expect(ready?.['data']).toMatchObject({ broadcast: broadcasts[0]?.id });
    const vods = (await test.call('GET', '/v1/channels/demo/vods')).body as {
      vods: { hls: string; broadcast: string }[];
    };
    expect(vods.vods).toMatchObject([{ broadcast: broadcasts[0]?.id }]);
    const vod = await fetch(`http://127.0.0.1:${live.httpPort}${vods.vods[0]?.hls ?? ''}`);
    expect(vod.status).toBe(200);
    expect((await test.call('GET', '/v1/channels/demo/jobs', { token })).body).toEqual({
      jobs: [],
    });
    // Counts of viewers have no number of their own.
    const numbered = viewer.told.filter(({ type }) => type !== 'viewer.count');
    expect(new Set(numbered.map(({ seq }) => seq)).size).toBe(numbered.length);
  });

  it('BRD-8 KEY-4 who was taken down, or whose key was taken back, is dropped and refused', async () => {
    const { live, test } = await together({ interruptedMs: 1_000 });
    const { admin } = test;
    await test.makeChannel('demo');
    const ask = async (method: string, path: string, body?: unknown): Promise<unknown> =>
      (await test.call(method, `/v1/channels/demo${path}`, { token: admin, body })).body;
    const made = await ask('POST', '/stream-keys', {});
    const key = field(made, 'key');
    const viewer = await test.read('demo');
    undo.push(() => {
      viewer.close();
    });

    const first = await publish(live, key);
    await tells(viewer, LIVE);
    const { broadcasts } = (await ask('GET', '/broadcasts')) as { broadcasts: { id: string }[] };
    await ask('POST', `/broadcasts/${broadcasts[0]?.id ?? ''}/transition`, { to: 'revoked' });
    await first.exit();
    expect(await (await publish(live, key)).exit()).not.toBe(0);
    const next = field(await ask('POST', '/broadcasts', { title: 'Again' }), 'id');
    await ask('POST', `/broadcasts/${next}/transition`, { to: 'ready' });
    await until(() => live.streams().every(({ state }) => state === 'ended'), {
      what: 'the end of the stream',
    });
    const second = await publish(live, key);
    await tells(viewer, [...LIVE, 'stream.offline', 'revoked', ...LIVE]);
    await ask('DELETE', `/stream-keys/${field(made, 'id')}`);
    await second.exit();
    const third = await publish(live, key);
    expect(await third.exit()).not.toBe(0);
    await tells(viewer, [...LIVE, 'stream.offline', 'revoked', ...LIVE, ...AWAY, ...OVER]);
  });
});

it('KEY-3 BRD-4 an origin in another process asks over HTTP who publishes, and is followed over HTTP', async () => {
  const folder = makeFolder();
  const port = await freePort();
  const [url, tokens] = [`http://127.0.0.1:${port}`, new Map<string, string>()];
  const live = await origin(folder, {
    access: {
      publish: (request) =>
        createHttpGate({
          url: `${url}/v1/internal/access`,
          token: tokens.get('admin') ?? '',
        })(request),
    },
    // Longer than it takes to be asked.
    interruptedMs: 5_000,
  });
  const test = await TestService.start({
    http: { host: '127.0.0.1', port },
    originUrl: `http://127.0.0.1:${live.httpPort}`,
  });
  undo.push(() => test.close());
  tokens.set('admin', test.admin);
  await test.makeChannel('demo', 'ana');
  const token = await test.tokenOf('ana');
  const made = await test.call('POST', '/v1/channels/demo/stream-keys', { token });
  const viewer = await test.read('demo');
  expect(await (await publish(live, 'no-key-of-anybody')).exit()).not.toBe(0);
  const publisher = await publish(live, `demo?token=${field(made.body, 'key')}`);
  await tells(viewer, LIVE);
  await publisher.stop();
  await tells(viewer, [...LIVE, ...AWAY, ...OVER]);
});

it('BRD-4 BRD-7 over kill -9 of the service everything is told once, in order, and stale lives are over', async () => {
  const folder = makeFolder();
  const live = await origin(folder, { channels: [{ channel: DEMO }], interruptedMs: 25_000 });
  const options: ServiceOptions = {
    http: { host: '127.0.0.1', port: await freePort() },
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    originUrl: `http://127.0.0.1:${live.httpPort}/`,
    logLevel: 'silent',
  };
  let service = await KillableService.start(options);
  undo.push(() => service.kill());
  const again = async (): Promise<void> => {
    await service.kill();
    service = await KillableService.start(options);
  };
  const all = async (): Promise<TestReader> => {
    const url = `ws://127.0.0.1:${service.port}/v1/events?channel=demo&after=0`;
    const reader = new TestReader(new WebSocket(url));
    undo.push(() => {
      reader.close();
    });
    await reader.welcomed();
    return reader;
  };
  const key = live.streamKey(DEMO);
  const first = await publish(live, key);
  await tells(await all(), LIVE);
  // Killed while the publisher goes: the next process finds out.
  await Promise.all([first.cut(), again()]);
  await tells(await all(), [...LIVE, ...AWAY]);
  const second = await publish(live, key);
  await tells(await all(), [...LIVE, ...AWAY, ...LIVE]);
  await service.kill();
  await second.cut();
  await until(() => live.streams().every(({ state }) => state === 'ended'), {
    what: 'the end of the stream',
    timeoutMs: MEDIA_MS,
  });
  await again();
  const last = await all();
  await tells(last, [...LIVE, ...AWAY, ...LIVE, ...OVER]);
  const ids = last.told.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const playback = await fetch(`http://127.0.0.1:${service.port}/v1/channels/demo/playback`);
  expect(await playback.json()).toMatchObject({
    ...{ state: 'offline', broadcast: null },
    hls: `http://127.0.0.1:${live.httpPort}/live/demo/index.m3u8`,
  });
  // Without its origin it says so, and goes on when it is back.
  await live.close();
  const ask = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${service.port}/v1/channels/demo/playback`);
  await until(async () => (await ask()).status === 503, { what: 'that it is missed' });
  expect(await (await ask()).json()).toMatchObject({ code: 'origin-away' });
  expect(await (await fetch(`http://127.0.0.1:${service.port}/v1/channels/demo`)).json()) //
    .toMatchObject({ id: 'demo', owner: null });
});
