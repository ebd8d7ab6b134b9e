import { connect, type Socket } from 'node:net';
import { type Bus, CLOSE, type OriginEvent, parseChannelId, unwrap } from '@shoal/protocol';
import { startTracker, type Tracker, type TrackerOptions, TrackerStartError } from '@shoal/tracker';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { RawClient } from './raw-client.ts';

const DEMO = unwrap(parseChannelId('demo'));
const started: Tracker[] = [];

async function start(options: Partial<TrackerOptions> = {}): Promise<Tracker> {
  const tracker = await startTracker({ host: '127.0.0.1', port: 0, ...options });
  started.push(tracker);
  return tracker;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((tracker) => tracker.close()));
});

/** A bus of which the test holds the other end. */
function openBus(): Bus & { readonly listeners: Set<(event: OriginEvent) => void> } {
  const listeners = new Set<(event: OriginEvent) => void>();
  return {
    listeners,
    publish: (event) => {
      for (const listener of listeners) listener(event);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function segmentReady(msn: number): OriginEvent {
  const rendition = 'source' as never;
  const id = { rendition, epoch: 1, msn };
  const segment = { id, size: 750_000, durationMs: 2_000, root: 'A'.repeat(43) };
  return { type: 'segment.ready', channel: DEMO, at: Date.now(), segment };
}

/** A TCP connection that writes what it is given. */
async function rawSocket(port: number, text: string): Promise<Socket & { ended: boolean }> {
  const socket = Object.assign(connect(port, '127.0.0.1'), { ended: false });
  socket.on('error', () => {});
  socket.resume();
  socket.on('close', () => {
    socket.ended = true;
  });
  await until(() => socket.readyState === 'open', { what: 'connected' });
  socket.write(text);
  return socket;
}

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

describe('two viewers', () => {
  it('TRK-4 TRK-6 TRK-11 meet, signal to each other, and learn when the other is gone', async () => {
    const { port } = await start();
    const ann = await RawClient.join(port);
    const ben = await RawClient.join(port);
    const [toAnn, toBen] = [await ann.next('introduce'), await ben.next('introduce')];
    expect(toAnn['session']).toBe(toBen['session']);
    expect([toAnn['initiator'], toBen['initiator']].sort()).toEqual([false, true]);
    const { session, peer } = toBen;
    const signal = { kind: 'offer', sdp: 'v=0\r\ns=ü' };
    ben.say({ action: 'signal', to: peer, session, signal });
    expect(await ann.next('signal')).toEqual({
      action: 'signal',
      from: toAnn['peer'],
      session,
      signal,
    });
    await ben.end();
    expect(await ann.next('gone')).toEqual({ action: 'gone', peer: toAnn['peer'] });
  });

  it('TRK-21 keep their names over sockets and restarts of the tracker by a key', async () => {
    const key = Buffer.alloc(16, 7).toString('base64url');
    const names: unknown[] = [];
    const join = async (port: number): Promise<RawClient> => {
      const client = await RawClient.open(port);
      client.say({ action: 'join', version: 1, channel: 'demo', shares: true, key });
      names.push((await client.next('welcome'))['peer']);
      return client;
    };
    const tracker = await start();
    const first = await join(tracker.port);
    await join(tracker.port);
    await until(() => first.closed !== undefined, { what: 'the earlier socket to be closed' });
    expect(first.closed?.code).toBe(CLOSE.refused);
    await tracker.close();
    await join((await start()).port);
    expect(new Set(names)).toEqual(new Set([expect.stringMatching(/^[A-Za-z0-9_-]{20}$/)]));
  });

  it('TRK-7 TRK-8 hear of each segment of the bus, and those that hold two get duties', async () => {
    const bus = openBus();
    const tracker = await start({ bus });
    const ann = await RawClient.join(tracker.port);
    const ben = await RawClient.join(tracker.port);
    ann.update({ lo: 5, hi: 9 });
    await until(() => tracker.channel(DEMO)?.renditions[0]?.holders === 1, { what: 'placed' });
    bus.publish(segmentReady(10));
    // One holder is the whole of K, so its stripe is the whole segment.
    expect(await ann.next('segment')).toMatchObject({ duties: [{ stripe: 0, of: 1, rank: 0 }] });
    expect(await ben.next('segment')).toMatchObject({ duties: [], viewers: 2 });
    await tracker.close();
    expect(bus.listeners.size).toBe(0);
  });
});

describe('bad sockets', () => {
  it.each([
    ['text that is no JSON', '{"action":'],
    ['a deep nest', '['.repeat(60_000)],
    ['an unknown action', '{"action":"welcome"}'],
    ['offers of null', '{"action":"announce","offers":[null]}'],
  ])('TRK-3 %s closes its own socket with a reason, and touches nobody else', async (_, text) => {
    const { port } = await start();
    const ann = await RawClient.join(port);
    const eve = await RawClient.open(port);
    eve.ws.send(text);
    await until(() => eve.closed !== undefined, { what: 'closed' });
    expect(eve.closed?.code).toBe(CLOSE.protocolViolation);
    expect(eve.closed?.reason).not.toBe('');
    expect(ann.closed).toBeUndefined();
  });

  it('TRK-3 binary messages, and messages above 64 KiB, close the socket', async () => {
    const { port } = await start();
    const [binary, big] = [await RawClient.join(port), await RawClient.join(port)];
    binary.ws.send(Buffer.from('{"action":"leave"}'));
    big.say({ action: 'leave', padding: 'x'.repeat(65_536) });
    await until(() => binary.closed !== undefined && big.closed !== undefined, { what: 'closed' });
    expect(binary.closed?.code).toBe(CLOSE.protocolViolation);
    expect(big.closed?.code).toBe(1009);
  });

  it('TRK-3 frames that break RFC 6455 end the connection, and its membership', async () => {
    const tracker = await start();
    const socket = await rawSocket(tracker.port, UPGRADE);
    await until(() => tracker.totals().connections === 1, { what: 'connected' });
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    await until(() => tracker.totals().connections === 0, { what: 'forgotten' });
    await until(() => socket.ended, { what: 'closed' });
  });

  it('TRK-13 a flood closes its own socket only', async () => {
    const { port } = await start();
    const ann = await RawClient.join(port);
    const eve = await RawClient.join(port);
    for (let i = 0; i < 100; i++) eve.update();
    await until(() => eve.closed !== undefined, { what: 'closed' });
    expect(eve.closed?.code).toBe(CLOSE.overload);
    expect(eve.all('error')).toMatchObject([{ code: 'too-many-messages' }]);
    expect(ann.closed).toBeUndefined();
  });

  it('TRK-13 a reader that lets 1 MiB wait is cut off (LIM-14)', async () => {
    const bus = openBus();
    const tracker = await start({ bus });
    const ann = await RawClient.join(tracker.port);
    const slow = await RawClient.join(tracker.port);
    slow.ws.pause();
    // A segment message is about 200 bytes; the kernel holds some MiB before anything waits here.
    let sent = 0;
    await until(
      () => {
        for (let i = 0; i < 1_000; i++) bus.publish(segmentReady(++sent));
        return tracker.channel(DEMO)?.shoal === 1;
      },
      { what: 'cut off' },
    );
    await ann.next('segment', sent);
    expect(ann.closed).toBeUndefined();
    slow.ws.terminate();
  });

  it('TRK-13 a stock client that reads slowly misses offers, but stays', async () => {
    const limits = { messageBurst: 1_000_000 };
    const tracker = await start({ limits });
    const hash = 'h'.repeat(20);
    const [slow, fast] = [await RawClient.open(tracker.port), await RawClient.open(tracker.port)];
    const announce = { action: 'announce', info_hash: hash, numwant: 1 };
    slow.say({ ...announce, peer_id: 's'.repeat(20) });
    await slow.next('announce');
    slow.ws.pause();
    const offer = { type: 'offer', sdp: 'v'.repeat(8_000) };
    const offers = [{ offer_id: 'o'.repeat(20), offer }];
    // 24 MB, far more than the kernel and the 1 MiB of LIM-14 hold.
    for (let i = 0; i < 3_000; i++) fast.say({ ...announce, peer_id: 'f'.repeat(20), offers });
    await fast.next('announce', 3_000);
    expect(tracker.totals().connections).toBe(2);
    slow.ws.resume();
    slow.say({ action: 'scrape', info_hash: hash });
    expect(await slow.next('scrape')).toMatchObject({ files: { [hash]: { incomplete: 2 } } });
    expect(slow.all('announce').length).toBeLessThan(3_000);
  });

  it('answers pings, and takes none for a message', async () => {
    const { port } = await start();
    const ann = await RawClient.open(port);
    let pongs = 0;
    ann.ws.on('pong', () => pongs++);
    for (let i = 0; i < 50; i++) ann.ws.ping();
    await until(() => pongs === 50, { what: 'pongs' });
    ann.say({ action: 'join', version: 1, channel: 'demo', shares: true });
    await ann.next('welcome');
  });

  it('a connection that does not finish its upgrade in 5 s is cut off, one that says nothing in 10 s as well', async () => {
    const tracker = await start();
    const before = Date.now();
    const [half, mute] = [
      await rawSocket(tracker.port, 'GET / HTTP/1.1\r\nHost:'),
      await RawClient.open(tracker.port),
    ];
    await until(() => half.ended, { what: 'half is cut off', timeoutMs: 12_000 });
    expect(Date.now() - before).toBeGreaterThan(4_000);
    await until(() => mute.closed !== undefined, { what: 'mute is closed', timeoutMs: 15_000 });
    expect(mute.closed?.code).toBe(CLOSE.timeout);
  });
});

describe('admission', () => {
  it('one address has only so many connections, and gets them back', async () => {
    const { port } = await start({ connectionsPerAddress: 2 });
    const first = await RawClient.join(port);
    await RawClient.join(port);
    await expect(RawClient.open(port)).rejects.toThrow('429');
    await first.end();
    await until(
      () =>
        RawClient.open(port).then(
          () => true,
          () => false,
        ),
      { what: 'free again' },
    );
  });

  it('a refused connection is gone, also when its client keeps its side open', async () => {
    const tracker = await start({ connectionsPerAddress: 1 });
    await RawClient.join(tracker.port);
    const socket = connect({ host: '127.0.0.1', port: tracker.port, allowHalfOpen: true });
    let answer = '';
    let gone = false;
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.on('error', () => (gone = true));
    socket.write(UPGRADE);
    await until(() => answer.includes('429'), { what: 'refused' });
    // A socket that is gone answers with a reset, one that is only half closed takes this for ever.
    await until(
      () => {
        if (!gone) socket.write('x');
        return gone;
      },
      { what: 'reset' },
    );
    await tracker.close();
  });

  it('X-Forwarded-For counts from a trusted proxy only, from the right', async () => {
    const trusting = await start({ connectionsPerAddress: 1, trustedProxies: ['127.0.0.0/8'] });
    const from = (forwarded: string) => ({ headers: { 'x-forwarded-for': forwarded } });
    await RawClient.open(trusting.port, from('192.0.2.1'));
    await RawClient.open(trusting.port, from('192.0.2.2, 127.0.0.9'));
    await expect(RawClient.open(trusting.port, from('9.9.9.9, 192.0.2.1'))).rejects.toThrow('429');
    const strict = await start({ connectionsPerAddress: 1 });
    await RawClient.open(strict.port, from('192.0.2.1'));
    await expect(RawClient.open(strict.port, from('192.0.2.2'))).rejects.toThrow('429');
  });

  it('an IPv6 /64 counts as one address, as does an IPv4 address in either of its forms', async () => {
    const { port } = await start({ connectionsPerAddress: 1, trustedProxies: ['127.0.0.1'] });
    const from = (forwarded: string) => ({ headers: { 'x-forwarded-for': forwarded } });
    await RawClient.open(port, from('2001:db8:1:2::1'));
    await expect(RawClient.open(port, from('2001:DB8:1:2:aaaa::1'))).rejects.toThrow('429');
    await expect(RawClient.open(port, from('2001:db8:0001:0002:0:0:0:9'))).rejects.toThrow('429');
    await RawClient.open(port, from('2001:db8:1:3::1'));
    await RawClient.open(port, from('192.0.2.7'));
    await expect(RawClient.open(port, from('::ffff:192.0.2.7'))).rejects.toThrow('429');
    await RawClient.open(port, from('no address'));
  });

  it('only pages of allowed origins connect', async () => {
    const { port } = await start({ allowedOrigins: ['https://shoal.example'] });
    await RawClient.open(port, { origin: 'https://shoal.example' });
    await expect(RawClient.open(port, { origin: 'https://evil.example' })).rejects.toThrow('403');
    await expect(RawClient.open(port)).rejects.toThrow('403');
  });

  it('the tracker holds only so many connections', async () => {
    const { port } = await start({ connections: 1 });
    await RawClient.open(port);
    await expect(RawClient.open(port)).rejects.toThrow('503');
  });
});

describe('status over HTTP', () => {
  it('says who watches a channel, to every origin', async () => {
    const { port } = await start({ channels: (id) => id === DEMO });
    await RawClient.join(port);
    const response = await fetch(`http://127.0.0.1:${String(port)}/v1/channels/demo?x=1`);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toMatchObject({ channel: 'demo', viewers: 1, shoal: 1 });
    const health = await fetch(`http://127.0.0.1:${String(port)}/healthz`);
    expect(await health.json()).toEqual({ status: 'ok', connections: 1, channels: 1, swarms: 0 });
  });

  it.each([
    '/',
    '/v1/channels/',
    '/v1/channels/other',
    '/v1/channels/a%20b',
    '/v1/channels/demo/x',
  ])('answers %s with a problem', async (path) => {
    const { port } = await start({ channels: (id) => id === DEMO });
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 404, title: 'Not found' });
  });

  it('answers HEAD and OPTIONS, and no other method', async () => {
    const { port } = await start();
    const ask = (method: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${String(port)}/healthz`, { method });
    expect((await ask('HEAD')).status).toBe(200);
    expect((await ask('OPTIONS')).status).toBe(204);
    expect((await ask('POST')).status).toBe(405);
  });
});

describe('life', () => {
  it('close tells everybody that the tracker goes away, and may be called again', async () => {
    const tracker = await start();
    const ann = await RawClient.join(tracker.port);
    await Promise.all([tracker.close(), tracker.close()]);
    await until(() => ann.closed !== undefined, { what: 'closed' });
    expect(ann.closed?.code).toBe(CLOSE.goingAway);
    await expect(RawClient.open(tracker.port)).rejects.toThrow('ECONNREFUSED');
    await tracker.close();
  });

  it('a connection that does not answer the close frame does not hold up the end', async () => {
    const tracker = await start();
    const socket = await rawSocket(tracker.port, UPGRADE);
    await until(() => tracker.totals().connections === 1, { what: 'connected' });
    const before = Date.now();
    await tracker.close();
    expect(Date.now() - before).toBeLessThan(5_000);
    await until(() => socket.ended, { what: 'closed' });
  });

  it('a taken port, and options that make no sense, are typed errors', async () => {
    const { port } = await start();
    const code = (options: Partial<TrackerOptions>): Promise<unknown> =>
      start(options).catch((error: unknown) =>
        error instanceof TrackerStartError ? error.code : error,
      );
    expect(await code({ port })).toBe('port-in-use');
    expect(await code({ host: '192.0.2.1' })).toBe('cannot-listen');
    expect(await code({ port: 70_000 })).toBe('bad-option');
    expect(await code({ trustedProxies: ['10.0.0.0/33'] })).toBe('bad-option');
    expect(await code({ trustedProxies: ['example.org'] })).toBe('bad-option');
    expect(await code({ connectionsPerAddress: 0 })).toBe('bad-option');
    expect(await code({ adminToken: 'short' })).toBe('bad-option');
    expect(await code({ auth: { secret: 'short' } })).toBe('bad-option');
    const cluster = { redis: 'redis://127.0.0.1:1', url: 'ws://127.0.0.1:1' };
    expect(await code({ cluster: { ...cluster, redis: 'x' } })).toBe('bad-option');
    expect(await code({ cluster: { ...cluster, url: 'http://x' } })).toBe('bad-option');
    expect(await code({ cluster: { ...cluster, id: 'a b' } })).toBe('bad-option');
    expect(await code({ cluster })).toBe('redis-unreachable');
  });
});
