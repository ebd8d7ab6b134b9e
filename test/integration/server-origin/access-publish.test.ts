import { type ChannelId, parseChannelId, unwrap } from '@shoal/protocol';
import { type AccessGate, type AccessRequest, startDelivery, startOrigin } from '@shoal/server';
import { expect, it } from 'vitest';
import { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { Publisher } from './publisher.ts';
import { LADDER } from './rungs.ts';
import { RtmpClient } from './rtmp-client.ts';
import { scene } from './scene.ts';
import { DEMO } from './test-origin.ts';

const { start, publish, makeFolder, atEnd } = scene();

const id = (name: string): ChannelId => unwrap(parseChannelId(name));

/** Lets those with the right token publish to the channel after which their stream name is called. */
function gate(asked: AccessRequest[] = []): AccessGate {
  return (request) => {
    asked.push(request);
    if (request.token !== 'good') return Promise.resolve({ allowed: false, reason: 'not you' });
    return Promise.resolve({ allowed: true, channel: id(request.path.replace('live/', '')) });
  };
}

async function refusal(port: number, name: string, app = 'live'): Promise<RtmpClient> {
  const client = await RtmpClient.connected(port, app);
  atEnd(() => {
    client.destroy();
  });
  client.publish(name);
  await client.hears('NetStream.Publish.BadName');
  return client;
}

it('ORG-37 ORG-38: a channel comes into being with its publisher, works in every way, and is there again after a restart', async () => {
  const asked: AccessRequest[] = [];
  const folder = makeFolder();
  const test = await start({
    ...{ channels: [], access: { publish: gate(asked) }, lowLatency: true },
    ...{ ladder: LADDER, closeAfterMs: 1_000, interruptedMs: 500 },
    recording: { store: { type: 'disk', folder } },
  });
  expect(test.origin.streams()).toEqual([]);
  const publisher = await publish(test.rtmpUrl('demo?user=ana&pass=secret&token=good'));
  await test.playlistWhere(({ segments }) => segments.length >= 3, 'three segments');
  expect(asked).toMatchObject([
    { action: 'publish', protocol: 'rtmp', ip: '127.0.0.1', path: 'live/demo', token: 'good' },
  ]);
  expect(asked).toMatchObject([
    { user: 'ana', password: 'secret', query: 'user=ana&pass=secret&token=good' },
  ]);
  expect(test.origin.streams()).toMatchObject([{ channel: 'demo', state: 'live' }]);
  expect(await test.text('/live/demo/index.m3u8')).toContain('low/index.m3u8');
  await test.get('/live/demo/source/ll.m3u8');
  const keys = test.origin.report(DEMO, 'playback').signing.keys;
  expect(keys).not.toEqual([]);
  expect(() => test.origin.streamKey(DEMO)).toThrow(RangeError);
  expect(() => test.origin.report(id('other'), 'playback')).toThrow(RangeError);
  // Whose permission is taken back.
  test.origin.drop(DEMO, 'taken back');
  await until(async () => (await test.status()).state === 'ended', { what: 'its end' });
  expect((await test.status()).reason).toBe('taken back');
  await publisher.exit();
  await until(async () => (await test.text('/v1/streams/demo/recordings')).includes('m3u8'), {
    what: 'a VOD',
  });

  await test.down();
  await test.up();
  expect(test.origin.streams()).toMatchObject([{ channel: 'demo' }]);
  expect(test.origin.report(DEMO, 'playback').signing.keys).toEqual(keys);
  expect(await test.text('/v1/streams/demo/recordings')).toContain('m3u8');
  await publish(test.rtmpUrl('demo?token=good'));
  await until(async () => (await test.status()).state === 'live', { what: 'it to be live again' });
});

it('ORG-37: own keys go first; a gate that refuses, rejects, or does not answer lets nobody in, and never hinders others', async () => {
  let asked = 0;
  const test = await start({
    access: {
      publish: ({ path, token }) => {
        asked += 1;
        if (path.endsWith('rejects')) return Promise.reject(new Error('it is broken'));
        if (path.endsWith('silent')) return new Promise(() => undefined);
        if (token === 'good') return Promise.resolve({ allowed: true, channel: DEMO });
        return Promise.resolve({ allowed: false, reason: 'no such key' });
      },
    },
  });
  const { rtmpPort } = test.origin;
  const silent = refusal(rtmpPort, 'silent');
  expect((await refusal(rtmpPort, 'wrong')).heard('no such key')).toBe(true);
  expect((await refusal(rtmpPort, 'rejects')).heard('cannot be asked now')).toBe(true);
  expect((await refusal(rtmpPort, 'any', 'other')).heard('wrong application')).toBe(true);
  expect(asked).toBe(3);
  // One that left before it was answered publishes nothing.
  const gone = await RtmpClient.connected(rtmpPort);
  gone.publish('silent');
  await until(() => Promise.resolve(asked === 4), { what: 'the question' });
  gone.destroy();
  await publish(test.rtmpUrl());
  await until(async () => (await test.status()).state === 'live', { what: 'it to be live' });
  expect(asked).toBe(4);
  const client = await silent.catch(() => undefined);
  expect(client?.heard('cannot be asked now')).toBe(true);
});

it('ORG-37: the query of the application counts as well', async () => {
  const asked: AccessRequest[] = [];
  const test = await start({
    channels: [],
    access: {
      publish: (request) => {
        asked.push(request);
        return new Promise(() => undefined);
      },
    },
  });
  const { rtmpPort } = test.origin;
  const first = await RtmpClient.connected(rtmpPort, 'live?user=ana&pass=x');
  atEnd(() => {
    first.destroy();
  });
  first.publish('key?token=t');
  await until(() => Promise.resolve(asked.length === 1), { what: 'the question' });
  expect(asked).toMatchObject([
    { path: 'live/key', query: 'token=t&user=ana&pass=x', user: 'ana', password: 'x', token: 't' },
  ]);
});

it('ORG-38: a delivery process serves a channel that came into being', async () => {
  const redis = await RedisServer.start({ forgets: true });
  atEnd(() => redis.close());
  const origin = await startOrigin({
    http: { host: '127.0.0.1', port: 0 },
    rtmp: { host: '127.0.0.1', port: 0 },
    dataDir: makeFolder(),
    channels: [],
    access: { publish: gate() },
    segmentSeconds: 1,
    ladder: [],
    redis: redis.url,
    logLevel: 'silent',
  });
  atEnd(origin.close);
  const delivery = await startDelivery({
    ...{ http: { host: '127.0.0.1', port: 0 }, redis: redis.url, logLevel: 'silent' },
  });
  atEnd(delivery.close);
  const url = `http://127.0.0.1:${delivery.httpPort}`;
  const rtmp = `rtmp://127.0.0.1:${origin.rtmpPort}/live`;
  const publisher = await Publisher.start(`${rtmp}/new?token=good`);
  atEnd(() => publisher.cut());
  await until(async () => (await fetch(`${url}/live/new/source/index.m3u8`)).ok, {
    ...{ what: 'its playlist', timeoutMs: 20_000 },
  });
  await until(
    async () => (await (await fetch(`${url}/v1/streams`)).text()).includes('"channel":"new"'),
    { what: 'its status' },
  );
  const health = await fetch(`${url}/v1/streams/new/health`);
  expect(await health.json()).toMatchObject({ publishing: true });
  const playback = await fetch(`${url}/v1/streams/new/playback`);
  expect(await playback.json()).toEqual(origin.report(id('new'), 'playback'));
});
