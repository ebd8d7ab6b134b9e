import { type ChannelId, CLOSE, parseChannelId, unwrap } from '@shoal/protocol';
import {
  publishEvents,
  startTracker,
  type Tracker,
  type TrackerOptions,
  TrackerStartError,
} from '@shoal/tracker';
import { ownerOf } from '@shoal/tracker/core';
import Client, { type StockPeer } from 'bittorrent-tracker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pause, until } from '../../support/until.ts';
import { RawClient } from './raw-client.ts';
import { RedisServer } from '../../support/redis-server.ts';

const ADMIN = 'token-of-the-operator';
const IDS = ['a', 'b', 'c'];
const HASH = '00ff7f80c3a9e282ac0a0d225c0001fefdfcfbfa';

type Node = { readonly id: string; readonly tracker: Tracker; readonly url: string };

let redis: RedisServer;
let nodes: Node[];
let basePort: number;

beforeEach(async () => {
  redis = await RedisServer.start();
  nodes = [];
  basePort = redis.port;
});

afterEach(async () => {
  await Promise.all(nodes.map(({ tracker }) => tracker.close()));
  await redis.close();
});

/** Starts a node; its URL has to be known before its port, so the port is chosen here. */
async function start(id: string, options: Partial<TrackerOptions> = {}): Promise<Node> {
  for (;;) {
    basePort += 1;
    const url = `ws://127.0.0.1:${String(basePort)}/`;
    try {
      const tracker = await startTracker({
        ...{ host: '127.0.0.1', port: basePort, adminToken: ADMIN },
        cluster: { redis: redis.url, id, url },
        ...options,
      });
      const node = { id, tracker, url };
      nodes.push(node);
      return node;
    } catch (error) {
      if (!(error instanceof TrackerStartError && error.code === 'port-in-use')) throw error;
    }
  }
}

async function startAll(options: Partial<TrackerOptions> = {}): Promise<readonly Node[]> {
  for (const id of IDS) await start(id, options);
  await until(async () => (await Promise.all(nodes.map(knows))).every((count) => count === 3), {
    what: 'all nodes know each other',
  });
  return nodes;
}

/** How many nodes a node knows, by what becomes of channels that hash to different ones. */
async function knows({ tracker, url }: Node): Promise<number> {
  const homes = new Set<string>();
  for (const id of IDS) {
    const client = await RawClient.open(tracker.port);
    client.say({ action: 'join', version: 1, channel: channelOf(id), shares: false });
    await until(() => client.received.length > 0, { what: 'an answer' });
    homes.add(client.received[0]?.['action'] === 'moved' ? String(client.received[0]['url']) : url);
    await client.end();
  }
  return homes.size;
}

/** A channel that is at the node of this id while all three are there. */
function channelOf(id: string): ChannelId {
  for (let i = 0; ; i++) {
    const channel = unwrap(parseChannelId(`channel-${String(i)}`));
    const owner = ownerOf(
      channel,
      IDS.map((known) => ({ id: known, url: '' })),
    );
    if (owner?.id === id) return channel;
  }
}

function nodeOf(id: string): Node {
  const node = nodes.find((known) => known.id === id);
  if (node === undefined) throw new Error(`no node ${id}`);
  return node;
}

async function join(at: Node, channel: ChannelId): Promise<RawClient> {
  return RawClient.join(at.tracker.port, channel);
}

/** The form of a root and of its signature. */
const SIGNED = { root: 'A'.repeat(43), signature: 'A'.repeat(86) };

describe('TRK-26 three nodes with a real Redis', () => {
  it('each channel is at one of them, and segments, switches and revocations reach it from anywhere', async () => {
    await startAll();
    const channel = channelOf('b');
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    const lost = await RawClient.open(a.tracker.port);
    lost.say({ action: 'join', version: 1, channel, shares: true });
    expect(await lost.next('moved')).toEqual({ action: 'moved', url: b.url });
    await until(() => lost.closed !== undefined, { what: 'closed' });
    expect(lost.closed?.code).toBe(CLOSE.moved);

    const ann = await join(b, channel);
    const sink = await publishEvents(redis.url);
    await until(
      () => {
        const id = { rendition: 'source' as never, epoch: 1, msn: 7 };
        const segment = { ...{ id, size: 750_000, durationMs: 2_000 }, ...SIGNED };
        sink.publish({ type: 'segment.ready', channel, at: Date.now(), segment });
        return ann.all('segment').length > 0;
      },
      { what: 'the origin is heard' },
    );
    sink.close();
    // SEG-15: with its signature.
    expect(ann.all('segment')[0]).toMatchObject({ segment: SIGNED });

    await a.tracker.setP2P(channel, false);
    expect(await ann.next('error')).toMatchObject({ code: 'p2p-off' });
    // A node that starts later knows, too.
    await b.tracker.close();
    nodes = nodes.filter((node) => node !== b);
    const again = await start('b');
    const ben = await RawClient.open(again.tracker.port);
    ben.say({ action: 'join', version: 1, channel, shares: true });
    expect(await ben.next('error')).toMatchObject({ code: 'p2p-off' });
    await a.tracker.setP2P(channel, true);
    await until(() => again.tracker.swarm(channel)?.p2p === true, { what: 'on again' });
    expect((await join(again, channel)).closed).toBeUndefined();
  });

  it('unmodified stock clients meet whichever nodes they connect to', async () => {
    await startAll();
    const channel = channelOf('c');
    const warnings: string[] = [];
    const clients = ['a', 'b', 'c'].map((id) => {
      const client = new Client({
        infoHash: HASH,
        peerId: Buffer.from(`-XX0001-${id}`.padEnd(20, 'x'), 'latin1'),
        announce: [`${nodeOf(id).url}${id}?channel=${channel}`],
        port: 6881,
        rtcConfig: { iceServers: [] },
      });
      client.on('warning', (warning: Error) => warnings.push(warning.message));
      return client;
    });
    try {
      const met = new Set<string>();
      clients.forEach((client, i) => {
        client.on('peer', (peer: StockPeer) => {
          peer.on('error', () => {});
          peer.on('connect', () => met.add(String(i)));
        });
        client.start();
      });
      await until(() => nodeOf('c').tracker.channel(channel)?.webTorrent === 3, {
        what: 'all three are counted at the node of the channel',
        timeoutMs: 30_000,
      });
      expect(nodeOf('a').tracker.totals().swarms).toBe(0);
      for (const client of clients) client.update();
      await until(() => met.size >= 2, { what: 'they met', timeoutMs: 60_000 });
      expect(warnings).toEqual([]);
    } finally {
      for (const client of clients) client.destroy();
    }
    await until(() => nodeOf('c').tracker.totals().swarms === 0, { what: 'all have gone' });
  });

  it('a node that is drained sends its viewers to the others, and says that it is not ready', async () => {
    await startAll();
    const channel = channelOf('a');
    const a = nodeOf('a');
    const viewers = await Promise.all(Array.from({ length: 20 }, () => join(a, channel)));
    const drained = a.tracker.drain();
    await until(async () => (await fetch(`${a.url.replace('ws', 'http')}readyz`)).status === 503, {
      what: 'not ready',
    });
    await drained;
    const others = IDS.slice(1).map((id) => ({ id, url: nodeOf(id).url }));
    const next = ownerOf(channel, others);
    for (const viewer of viewers)
      expect(await viewer.next('moved')).toMatchObject({ url: next?.url });
    await a.tracker.close();
    const at = nodeOf(next?.id ?? '');
    await until(
      async () => {
        const client = await RawClient.open(at.tracker.port);
        client.say({ action: 'join', version: 1, channel, shares: true });
        await until(() => client.received.length > 0, { what: 'an answer' });
        return client.received[0]?.['action'] === 'welcome';
      },
      { what: 'the next node takes the channel' },
    );
  });

  it('while Redis is away everybody stays where they are, and when it is back, too', async () => {
    await startAll();
    const channel = channelOf('b');
    const [ann, ben] = [await join(nodeOf('b'), channel), await join(nodeOf('b'), channel)];
    await redis.stop();
    await until(
      async () => (await fetch(`${nodeOf('b').url.replace('ws', 'http')}readyz`)).status === 503,
      { what: 'the nodes notice' },
    );
    // Who comes meanwhile is served as before, and a switch that cannot be told to all says so.
    const cid = await join(nodeOf('b'), channel);
    const headers = { authorization: `Bearer ${ADMIN}` };
    const path = `${nodeOf('b').url.replace('ws', 'http')}v1/channels/other/p2p`;
    expect((await fetch(path, { method: 'DELETE', headers })).status).toBe(503);
    await pause(10_000);
    await redis.start();
    await until(
      async () => (await fetch(`${nodeOf('b').url.replace('ws', 'http')}readyz`)).status === 200,
      { what: 'the nodes are back' },
    );
    // Longer than nodes take to expire, and than they wait before they look.
    await pause(5_000);
    for (const viewer of [ann, ben, cid]) {
      expect(viewer.closed).toBeUndefined();
      expect(viewer.all('moved')).toEqual([]);
    }
    expect(await Promise.all(nodes.map(knows))).toEqual([3, 3, 3]);
  });
});

it('a tracker whose Redis is not there does not start, and says why', async () => {
  await redis.stop();
  await expect(start('a')).rejects.toMatchObject({ code: 'redis-unreachable' });
});
