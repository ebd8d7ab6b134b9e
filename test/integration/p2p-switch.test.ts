import { createNodePeer, type NodePeer } from '@shoal/client-sdk/node';
import { startTracker, type Tracker } from '@shoal/tracker';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pause, until } from '../support/until.ts';
import { Publisher } from './server-origin/publisher.ts';
import { DEMO, TestOrigin } from './server-origin/test-origin.ts';

const SECRET = 'the secret of a site, which signs tokens';
const SEGMENT_MS = 2_000;

let origin: TestOrigin;
let tracker: Tracker;
let publisher: Publisher;
const peers: NodePeer[] = [];
let signed = 0;

beforeAll(async () => {
  origin = await TestOrigin.start({ segmentSeconds: SEGMENT_MS / 1000 });
  tracker = await startTracker({
    ...{ host: '127.0.0.1', port: 0, bus: origin.origin.bus, auth: { secret: SECRET } },
    // So that renewals happen while the test runs: tokens live for 20 s and 30 s of tolerance.
    limits: { renewAheadMs: 45_000 },
  });
  publisher = await Publisher.start(origin.rtmpUrl());
  await origin.playlistWhere(({ segments }) => segments.length >= 4, 'four segments', 40_000);
});

afterAll(async () => {
  for (const peer of peers) peer.close();
  await publisher.cut();
  await tracker.close();
  await origin.close();
});

function sign(viewer: string): Promise<string> {
  signed += 1;
  return new SignJWT({ channel: DEMO })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(viewer)
    .setExpirationTime('20 s')
    .sign(Buffer.from(SECRET));
}

const p2p = (): number => peers.reduce((sum, peer) => sum + peer.stats().bytes.p2p, 0);
const neighbours = (): readonly number[] => peers.map((peer) => peer.stats().peers);

it('TRK-22 TRK-23 TRK-25 viewers with tokens share; switched off, a channel goes over HTTP within a segment, and nobody stalls', async () => {
  for (const name of ['a', 'b', 'c', 'd'])
    peers.push(
      await createNodePeer({
        playlist: origin.url(`/live/${DEMO}/index.m3u8`),
        tracker: `ws://127.0.0.1:${String(tracker.port)}/`,
        trackerToken: () => sign(name),
        userAgent: `switch/${name}`,
      }),
    );
  await until(() => p2p() > 0 && neighbours().every((count) => count === 3), {
    what: 'all to share',
    timeoutMs: 40_000,
  });
  await until(() => signed >= 8, { what: 'tokens to be renewed', timeoutMs: 40_000 });
  expect(neighbours()).toEqual([3, 3, 3, 3]);

  await tracker.setP2P(DEMO, false);
  await until(() => neighbours().every((count) => count === 0), {
    what: 'no links',
    timeoutMs: SEGMENT_MS,
  });
  const [shared, played] = [p2p(), peers.map((peer) => peer.stats().playedSegments)];
  await pause(5 * SEGMENT_MS);
  expect(p2p()).toBe(shared);
  for (const [i, peer] of peers.entries()) {
    expect(peer.stats().playedSegments - (played[i] ?? 0)).toBeGreaterThanOrEqual(4);
    expect(peer.stats().stalls).toBe(0);
  }

  await tracker.setP2P(DEMO, true);
  await until(() => p2p() > shared, { what: 'to share again', timeoutMs: 60_000 });

  await tracker.revoke(DEMO, 'a');
  await until(() => neighbours()[0] === 0, { what: 'the revoked viewer leaves' });
  await pause(3 * SEGMENT_MS);
  expect(neighbours()[0]).toBe(0);
  expect(peers.map((peer) => peer.stats().stalls)).toEqual([0, 0, 0, 0]);
});
