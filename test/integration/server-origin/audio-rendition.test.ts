import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { decode, play } from './decode.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';
import type { TestOrigin } from './test-origin.ts';

const { start, publish } = scene();

const SOUND =
  /^#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="audio\/index\.m3u8"$/m;

/** Decodes everything that is listed of a rendition; returns how many bytes its segments have. */
async function decoded(test: TestOrigin, rendition: string): Promise<number> {
  const playlist = await test.playlistWhere((p) => p.segments.length >= 4, 'four segments');
  const parts = [await test.get(`/live/demo/${rendition}/${playlist.segments[0]?.map ?? ''}`)];
  for (const { uri } of playlist.segments) parts.push(await test.verifiedSegment(uri, rendition));
  expect(await decode(Buffer.concat(parts))).toBe('');
  return parts.reduce((sum, { length }) => sum + length, 0);
}

describe('sound as a rendition of its own', () => {
  it.each([
    ['of a copied channel', { ladder: [] }, ['source']],
    ['of a ladder', { ladder: LADDER }, ['source', 'low']],
    ['in parts', { ladder: [], lowLatency: true }, ['source']],
    ['of a ladder in parts', { ladder: LADDER, lowLatency: true }, ['source', 'low']],
  ])('ORG-30 %s: pictures are without it, and it is cut where they are', async (...of) => {
    const [, choices, names] = of;
    const test = await start({ ...choices, audioRendition: true });
    await publish(test.rtmpUrl());
    for (const name of [...names, 'audio']) expect(await decoded(test, name)).toBeGreaterThan(0);
    const master = await test.text('/live/demo/index.m3u8');
    expect(master).toMatch(SOUND);
    const variants = [...master.matchAll(/CODECS="([^"]+)".*,AUDIO="audio"\n(\w+)\//g)];
    expect(variants.map(([, , name]) => name)).toEqual(names);
    for (const [, codecs] of variants) expect(codecs).toMatch(/^avc1\.[0-9A-F]{6},mp4a\.40\.2$/);
  });

  it('ORG-30 there is none where there is no sound, or no picture', async () => {
    for (const [options, codecs] of [
      [{ audio: false }, /CODECS="avc1\.[0-9A-F]{6}",/],
      [{ videoArgs: ['-vn'] }, /CODECS="mp4a\.40\.2"\n/],
    ] as const) {
      const test = await start({ ladder: [], audioRendition: true });
      await publish(test.rtmpUrl(), options);
      await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
      const master = await test.text('/live/demo/index.m3u8');
      expect(master).not.toMatch(/EXT-X-MEDIA/);
      expect(master).toMatch(codecs);
    }
  });

  it('ORG-30 goes on as silence when its publisher comes back without sound', async () => {
    const test = await start({ ladder: LADDER, audioRendition: true });
    const first = await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
    await first.stop();
    await publish(test.rtmpUrl(), { audio: false });
    const playlist = await test.playlistWhere(
      ({ segments }) => segments.filter(({ epoch }) => epoch !== segments[0]?.epoch).length >= 4,
      'four segments of another epoch',
    );
    const last = playlist.segments.at(-1);
    const parts = [await test.get(`/live/demo/audio/${last?.map ?? ''}`)];
    for (const { uri, map } of playlist.segments)
      if (map === last?.map) parts.push(await test.verifiedSegment(uri, 'audio'));
    expect(await decode(Buffer.concat(parts))).toBe('');
  });

  it('ORG-30 ORG-15 is in the DVR and the VOD as it was live', async () => {
    const test = await start({
      ...{ ladder: LADDER, audioRendition: true, interruptedMs: 0, closeAfterMs: 0 },
      recording: { store: { type: 'memory', maxBytes: 50_000_000 }, keepHours: 1 },
    });
    const publisher = await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 4, 'four segments');
    const dvr = await test.text('/live/demo/dvr.m3u8');
    expect(dvr).toMatch(/URI="audio\/dvr\.m3u8"/);
    await publisher.stop();
    const listed = async (): Promise<string | undefined> => {
      const response = await fetch(test.url('/v1/streams/demo/recordings'));
      const { recordings } = (await response.json()) as {
        readonly recordings: readonly { readonly playlist?: string }[];
      }; // the recordings API
      return recordings[0]?.playlist;
    };
    await until(async () => (await listed()) !== undefined, { what: 'the VOD', timeoutMs: 20_000 });
    const { frames, said } = await play(test.url((await listed()) ?? ''));
    expect(said).toBe('');
    expect(frames).toBeGreaterThan(100);
  });
});
