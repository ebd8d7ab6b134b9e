import { type ChannelId, parseChannelId, unwrap } from '@shoal/protocol';
import { startTracker, type Tracker } from '@shoal/tracker';
import Client, { type StockPeer } from 'bittorrent-tracker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { RawClient } from './raw-client.ts';

const DEMO: ChannelId = unwrap(parseChannelId('demo'));
// Bytes of every kind, so that a wrong text encoding would show.
const INFO_HASH = '00ff7f80c3a9e282ac0a0d225c0001fefdfcfbfa';

let tracker: Tracker;
let clients: Client[];
let warnings: string[];

beforeEach(async () => {
  tracker = await startTracker({ host: '127.0.0.1', port: 0 });
  clients = [];
  warnings = [];
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await tracker.close();
});

/** An unmodified client; the path keeps it from sharing a socket with the other ones of this process. */
function stockClient(name: string, query = ''): Client {
  const client = new Client({
    infoHash: INFO_HASH,
    peerId: Buffer.from(`-XX0001-${name}`.padEnd(20, '\u00e9'), 'latin1'),
    announce: [`ws://127.0.0.1:${String(tracker.port)}/${name}${query}`],
    port: 6881,
    rtcConfig: { iceServers: [] },
  });
  client.on('warning', (warning: Error) => warnings.push(warning.message));
  clients.push(client);
  return client;
}

function counts(client: Client, event: 'update' | 'scrape'): readonly number[] {
  const seen: number[] = [];
  client.on(event, (data: { readonly incomplete: number }) => seen.push(data.incomplete));
  return seen;
}

describe('an unmodified bittorrent-tracker 11 client', () => {
  it('TRK-1 meets another through the tracker, and data passes between them over WebRTC', async () => {
    const [ann, ben] = [stockClient('ann'), stockClient('ben')];
    const got: string[] = [];
    for (const [name, client] of [
      ['ann', ann],
      ['ben', ben],
    ] as const)
      client.on('peer', (peer: StockPeer) => {
        peer.on('error', () => {});
        peer.on('connect', () => {
          peer.send(`hello from ${name}`);
        });
        peer.on('data', (data: Uint8Array) => got.push(Buffer.from(data).toString()));
      });
    const updates = counts(ben, 'update');
    ann.start();
    await until(() => tracker.totals().swarms === 1, {
      what: 'ann is in the swarm',
      timeoutMs: 20_000,
    });
    ben.start();
    await until(() => new Set(got).size === 2, {
      what: 'both heard each other',
      timeoutMs: 60_000,
    });
    expect(updates[0]).toBe(2);
    expect(warnings).toEqual([]);
  });

  it('TRK-11 is counted by scrape until it says stopped, beside viewers of the Shoal dialect', async () => {
    const viewer = await RawClient.join(tracker.port);
    const [ann, ben] = [stockClient('ann'), stockClient('ben', '?channel=demo')];
    const [updates, scrapes] = [counts(ann, 'update'), counts(ben, 'scrape')];
    ann.start();
    await until(() => updates.length === 1, { what: 'ann is in the swarm', timeoutMs: 20_000 });
    ben.scrape();
    await until(() => scrapes.length === 1, { what: 'first scrape' });
    expect(tracker.channel(DEMO)).toMatchObject({ viewers: 2, webTorrent: 1, shoal: 1 });
    ann.stop();
    await until(() => updates.length === 2, { what: 'ann has left' });
    ben.scrape();
    await until(() => scrapes.length === 2, { what: 'second scrape' });
    expect(scrapes).toEqual([1, 0]);
    expect(warnings).toEqual([]);
    expect(viewer.received.map(({ action }) => action)).toEqual(['welcome']);
    await viewer.end();
  });
});
