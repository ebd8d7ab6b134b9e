import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readSwarmTags, type SegmentInfo } from '@shoal/protocol';
import { type PlaybackInfo } from '@shoal/server';
import { describe, expect, it } from 'vitest';
import { signedBy } from '../../support/signing.ts';
import { until } from '../../support/until.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const { start, publish, makeFolder } = scene();

async function playback(origin: TestOrigin): Promise<PlaybackInfo> {
  return JSON.parse(await origin.text('/v1/streams/demo/playback')) as PlaybackInfo;
}

async function listed(origin: TestOrigin, playlist = 'index'): Promise<readonly SegmentInfo[]> {
  const text = await origin.text(`/live/demo/source/${playlist}.m3u8`);
  return (readSwarmTags(text)?.segments ?? []).map(({ info }) => info);
}

/** The states of the keys that segments are signed with, each once and in order. */
function signers(info: PlaybackInfo, segments: readonly SegmentInfo[]): readonly string[] {
  const { keys } = info.signing;
  const texts = keys.map(({ publicKey }) => publicKey);
  const states = segments.map((segment) => {
    const [by, ...others] = signedBy(texts, DEMO, segment);
    expect(others).toEqual([]);
    return keys.find(({ publicKey }) => publicKey === by)?.state ?? 'nobody';
  });
  return [...new Set(states)];
}

describe('a channel signs what it makes', () => {
  it('ORG-22 SEG-15 live, in events, over a rotation and a restart, in DVR and VOD playlists', async () => {
    const folder = makeFolder();
    const origin = await start({
      ...{ recording: { store: { type: 'disk', folder } }, lowLatency: true },
      ...{ interruptedMs: 200, closeAfterMs: 500 },
    });
    const first = await publish(origin.rtmpUrl());
    await origin.playlistWhere(({ segments }) => segments.length >= 3, 'three segments');

    const before = await playback(origin);
    expect(before).toMatchObject({
      channel: 'demo',
      hls: '/live/demo/index.m3u8',
      lowLatency: '/live/demo/ll.m3u8',
      dvr: '/live/demo/dvr.m3u8',
      signing: { algorithm: 'Ed25519', keys: [{ state: 'current' }, { state: 'next' }] },
    });
    expect(signers(before, await listed(origin))).toEqual(['current']);
    const announced = origin.events.flatMap((event) =>
      event.type === 'segment.ready' ? [event.segment] : [],
    );
    expect(signers(before, announced)).toEqual(['current']);

    const rotated = origin.origin.rotateSigningKey(DEMO);
    expect((await playback(origin)).signing.keys).toEqual(rotated);
    expect(rotated[0]?.publicKey).toBe(before.signing.keys[1]?.publicKey);
    const at = (await listed(origin)).length;
    await origin.playlistWhere(({ segments }) => segments.length >= at + 2, 'two more');
    expect(signers(await playback(origin), await listed(origin))).toEqual(['retired', 'current']);
    // Who has the keys of before knows them all.
    expect(signers(before, await listed(origin))).toEqual(['current', 'next']);

    await origin.down();
    expect(statSync(join(origin.dataDir, 'signing-keys.json')).mode & 0o777).toBe(0o600);
    await origin.up();
    expect((await playback(origin)).signing.keys).toEqual(rotated);
    expect(signers(await playback(origin), await listed(origin))).toEqual(['retired', 'current']);
    expect(signers(await playback(origin), await listed(origin, 'dvr'))).toEqual([
      ...['retired', 'current'],
    ]);
    await first.cut();
    let vod = '';
    await until(
      async () => {
        const text = await origin.text('/v1/streams/demo/recordings');
        vod = /"playlist":"\/live\/demo\/(\d+-vod)\.m3u8"/.exec(text)?.[1] ?? '';
        return vod !== '';
      },
      { what: 'a VOD', timeoutMs: 20_000 },
    );
    const recorded = await listed(origin, vod);
    expect(recorded.length).toBeGreaterThanOrEqual(at);
    expect(signers(await playback(origin), recorded)).toEqual(['retired', 'current']);
  });

  it('ORG-22 after a leak the keys are others at once, and playback information of no channel is none', async () => {
    const origin = await start();
    const before = await playback(origin);
    expect(before.lowLatency).toBeUndefined();
    expect(before.dvr).toBeUndefined();
    const leaked = origin.origin.rotateSigningKey(DEMO, { leaked: true });
    const known = before.signing.keys.map(({ publicKey }) => publicKey);
    for (const { publicKey } of leaked) expect(known).not.toContain(publicKey);
    expect((await playback(origin)).signing.keys).toEqual(leaked);
    for (const channel of ['other', '..%2F', 'x'.repeat(65)])
      expect((await fetch(origin.url(`/v1/streams/${channel}/playback`))).status).toBe(404);
    const answer = await fetch(origin.url('/v1/streams/demo/playback'));
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});
