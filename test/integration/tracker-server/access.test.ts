import { CLOSE, parseChannelId, unwrap } from '@shoal/protocol';
import { startTracker, type Tracker, type TrackerOptions } from '@shoal/tracker';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { RawClient } from './raw-client.ts';

const DEMO = unwrap(parseChannelId('demo'));
const SECRET = 'the secret of a site, which signs tokens';
const ADMIN = 'token-of-the-operator';
const started: Tracker[] = [];

async function start(options: Partial<TrackerOptions> = {}): Promise<Tracker> {
  const tracker = await startTracker({
    ...{ host: '127.0.0.1', port: 0, auth: { secret: SECRET }, adminToken: ADMIN },
    ...options,
  });
  started.push(tracker);
  return tracker;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((tracker) => tracker.close()));
});

function sign(viewer: string, channel = 'demo', seconds = 300): Promise<string> {
  return new SignJWT({ channel })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(viewer)
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(Buffer.from(SECRET));
}

async function join(port: number, viewer: string): Promise<RawClient> {
  const client = await RawClient.open(port, { path: `/?token=${await sign(viewer)}` });
  client.say({ action: 'join', version: 1, channel: 'demo', shares: true });
  await client.next('welcome');
  return client;
}

function ask(
  { port }: Tracker,
  path: string,
  { method = 'GET', token = ADMIN }: { readonly method?: string; readonly token?: string } = {},
): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${String(port)}${path}`, { method, headers });
}

describe('tokens', () => {
  it('TRK-22 without one that verifies there is no WebSocket', async () => {
    const { port } = await start();
    const expired = await sign('ann', 'demo', -60);
    for (const path of ['/', '/?token=', '/?token=a.b.c', `/?token=${expired}`])
      await expect(RawClient.open(port, { path })).rejects.toThrow('401');
    await join(port, 'ann');
  });

  it('TRK-22 refused upgrades give their place back', async () => {
    const tracker = await start({ connectionsPerAddress: 1 });
    for (let i = 0; i < 5; i++)
      await expect(RawClient.open(tracker.port, { path: '/?token=x' })).rejects.toThrow('401');
    await join(tracker.port, 'ann');
    await expect(RawClient.open(tracker.port)).rejects.toThrow('429');
  });

  it('TRK-23 are renewed on the socket; a wrong one ends it', async () => {
    // Asked for at once: everything is within the last five minutes.
    const { port } = await start({ limits: { renewAheadMs: 330_000 } });
    const ann = await join(port, 'ann');
    ann.say({ action: 'renew', token: await sign('ann') });
    ann.say({ action: 'update', ...PLACE });
    const other = await sign('ben');
    // One is checked at a time; what comes meanwhile is not looked at.
    await until(
      () => {
        if (ann.closed === undefined) ann.say({ action: 'renew', token: other });
        return ann.closed !== undefined;
      },
      { what: 'closed for the token of another' },
    );
    expect(ann.closed?.code).toBe(CLOSE.unauthorized);
    expect(await ann.next('error')).toMatchObject({ code: 'unauthorized' });
  });

  it('a tracker that goes down while one is checked refuses', async () => {
    const tracker = await start();
    const opening = RawClient.open(tracker.port, { path: `/?token=${await sign('ann')}` });
    const closed = tracker.close();
    await opening.then(
      (client) => client.end(),
      () => {},
    );
    await closed;
    expect(tracker.totals().connections).toBe(0);
  });
});

const PLACE = {
  ...{ rendition: 'source', epoch: 1, lo: 5, hi: 9, next: 10, neighbours: 1, want: 8 },
  ...{ shares: true, received: [], bad: [] },
};

describe('operators', () => {
  it('TRK-24 revoke a viewer', async () => {
    const tracker = await start();
    const ann = await join(tracker.port, 'ann@example.org');
    const ben = await join(tracker.port, 'ben');
    const path = '/v1/channels/demo/viewers/ann%40example.org';
    expect((await ask(tracker, path, { method: 'DELETE' })).status).toBe(204);
    expect(await ann.next('error')).toMatchObject({ code: 'revoked' });
    await until(() => ann.closed !== undefined, { what: 'closed' });
    await expect(join(tracker.port, 'ann@example.org')).rejects.toThrow();
    expect(ben.closed).toBeUndefined();
  });

  it('TRK-25 switch the P2P of a channel off and on', async () => {
    const tracker = await start();
    const ann = await join(tracker.port, 'ann');
    const path = '/v1/channels/demo/p2p';
    expect((await ask(tracker, path, { method: 'DELETE' })).status).toBe(204);
    expect(await ann.next('error')).toMatchObject({ code: 'p2p-off' });
    expect(await (await ask(tracker, '/v1/channels/demo/swarm')).json()).toMatchObject({
      p2p: false,
    });
    expect((await ask(tracker, path, { method: 'PUT' })).status).toBe(204);
    await join(tracker.port, 'ann');
  });

  it('see the swarm: who is there, who met whom, who had which stripe', async () => {
    const tracker = await start();
    const ann = await join(tracker.port, 'ann');
    const ben = await join(tracker.port, 'ben');
    ann.say({ action: 'update', ...PLACE });
    await until(() => tracker.channel(DEMO)?.renditions[0]?.holders === 1, { what: 'placed' });
    const peers = [(await ann.next('welcome'))['peer'], (await ben.next('welcome'))['peer']];
    const response = await ask(tracker, '/v1/channels/demo/swarm');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const view = (await response.json()) as Record<string, readonly object[]>;
    expect(view).toMatchObject({ channel: 'demo', p2p: true, viewers: 2, duties: [] });
    expect(view['peers']).toMatchObject([
      { peer: peers[0], holder: true, position: { rendition: 'source', lo: 5, hi: 9, next: 10 } },
      { peer: peers[1], holder: false },
    ]);
    expect(view['links']).toMatchObject([{ state: 'settling' }]);
    expect(view['windows']).toEqual([{ rendition: 'source', from: 8, viewers: 1 }]);
  });

  it.each([
    ['GET', '/v1/channels/demo/swarm'],
    ['PUT', '/v1/channels/demo/p2p'],
    ['DELETE', '/v1/channels/demo/p2p'],
    ['DELETE', '/v1/channels/demo/viewers/ann'],
  ])('nobody else may %s %s', async (method, path) => {
    const tracker = await start();
    const refused = await ask(tracker, path, { method, token: 'guess' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    const none = await startTracker({ host: '127.0.0.1', port: 0 });
    started.push(none);
    expect((await ask(none, path, { method })).status).toBe(403);
  });

  it.each([
    ['/v1/channels/demo/viewers/%00', 'DELETE', 404],
    ['/v1/channels/demo/viewers/%zz', 'DELETE', 404],
    ['/v1/channels/a%20b/p2p', 'PUT', 404],
    ['/v1/channels/demo/p2p', 'POST', 405],
    ['/v1/channels/other/swarm', 'GET', 404],
    ['/readyz', 'PUT', 405],
  ])('%s %s is answered %i', async (path, method, status) => {
    const tracker = await start({ channels: (id) => id === DEMO });
    expect((await ask(tracker, path, { method })).status).toBe(status);
  });

  it('are ready to serve, and say what they count', async () => {
    const tracker = await start();
    await join(tracker.port, 'ann');
    expect(await (await ask(tracker, '/readyz')).json()).toEqual({ status: 'ready' });
    const metrics = await ask(tracker, '/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const text = await metrics.text();
    expect(text).toContain('shoal_tracker_connections 1');
    expect(text).toContain('shoal_tracker_messages_received_total{kind="text"} 1');
    expect(text).toContain('shoal_tracker_messages_sent_total{action="welcome"} 1');
  });
});
