import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { decode } from './decode.ts';
import { scene } from './scene.ts';

const { start, publish } = scene();

describe('publishing', () => {
  it('SEG-3 SEG-6 SEG-8 SEG-9 a publisher appears as a verifiable, decodable stream', async () => {
    const test = await start();
    const begin = Date.now();
    await publish(test.rtmpUrl());
    const playlist = await test.playlistWhere((p) => p.segments.length >= 4, 'four segments');
    const first = test.events.find((event) => event.type === 'segment.ready');
    // A publisher needs some 300 ms to come up.
    expect((first?.at ?? 0) - begin).toBeLessThan(4_000);
    expect(playlist).toMatchObject({ targetDuration: 1, mediaSequence: 0, independent: true });
    const master = await test.text('/live/demo/index.m3u8');
    expect(master).toMatch(/^#EXT-X-INDEPENDENT-SEGMENTS$/m);
    expect(master).toMatch(
      /^#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.[0-9A-F]{6},mp4a\.40\.2",RESOLUTION=160x90,FRAME-RATE=30\.000\nsource\/index\.m3u8$/m,
    );
    const parts = [await test.get(`/live/demo/source/${playlist.segments[0]?.map ?? ''}`)];
    let bits = 0;
    for (const { uri } of playlist.segments) {
      parts.push(await test.verifiedSegment(uri));
      bits = Math.max(bits, (parts.at(-1)?.length ?? 0) * 8);
    }
    expect(await decode(Buffer.concat(parts))).toBe('');
    const [, bandwidth] = /BANDWIDTH=(\d+)/.exec(master) ?? [];
    expect(Number(bandwidth)).toBeGreaterThan(bits * 0.8);
    expect(test.linter.problems).toEqual([]);
  });

  it('EVT-1 segment.ready comes before the playlist lists the segment', async () => {
    const test = await start();
    const listedAt: Promise<boolean>[] = [];
    const silence = test.origin.bus.subscribe((event) => {
      if (event.type !== 'segment.ready') return;
      const uri = `${event.segment.id.epoch}-${event.segment.id.msn}.m4s`;
      listedAt.push(test.get(`/live/demo/source/${uri}`).then(() => true));
    });
    await publish(test.rtmpUrl());
    const playlist = await test.playlistWhere((p) => p.segments.length >= 2, 'two segments');
    silence();
    const ready = test.events.flatMap((event) =>
      event.type === 'segment.ready' ? [event.segment.id.msn] : [],
    );
    expect(ready).toEqual(expect.arrayContaining(playlist.segments.map(({ msn }) => msn)));
    expect(await Promise.all(listedAt)).not.toContain(false);
    expect(test.events[0]).toMatchObject({ type: 'stream.online', channel: 'demo' });
  });

  it('a publisher without sound starts as soon', async () => {
    const test = await start();
    await publish(test.rtmpUrl(), { audio: false });
    await test.playlistWhere((p) => p.segments.length >= 2, 'two segments', 8_000);
    const online = test.events.find((event) => event.type === 'stream.online');
    const ready = test.events.find((event) => event.type === 'segment.ready');
    expect((ready?.at ?? 0) - (online?.at ?? 0)).toBeLessThan(1_900);
    expect(await test.text('/live/demo/index.m3u8')).toMatch(/CODECS="avc1\.[0-9A-F]{6}",/);
  });

  it('ORG-6 the window slides, and what left the playlist stays fetchable for a while', async () => {
    const test = await start({ listedSegments: 6 });
    await publish(test.rtmpUrl(), { burst: true, seconds: 30 });
    const { mediaSequence } = await test.playlistWhere(
      (p) => p.mediaSequence >= 12,
      'a full window',
    );
    const status = async (msn: number): Promise<number> => {
      const ids = test.events.flatMap((event) =>
        event.type === 'segment.ready' ? [event.segment.id] : [],
      );
      const id = ids.find((segment) => segment.msn === msn);
      return (await fetch(test.url(`/live/demo/source/${id?.epoch ?? 0}-${msn}.m4s`))).status;
    };
    expect(await status(0)).toBe(404);
    const what = 'the publisher to be done';
    await until(async () => (await test.status()).state === 'interrupted', {
      what,
      timeoutMs: 15_000,
    });
    const last = await test.playlist();
    expect(last?.segments).toHaveLength(6);
    expect(await status((last?.mediaSequence ?? 0) - 5)).toBe(200);
    expect(mediaSequence).toBeGreaterThan(0);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-5 a group of pictures longer than a segment sets the target duration', async () => {
    const test = await start();
    await publish(test.rtmpUrl(), { gopFrames: 90, burst: true, seconds: 12 });
    const playlist = await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
    expect(playlist.targetDuration).toBe(3);
    expect(playlist.segments[0]?.duration).toBeCloseTo(3, 1);
    expect(playlist.independent).toBe(true);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-5 a group that grows later is cut without a key frame, and said so', async () => {
    const test = await start();
    const keys = 'expr:if(lt(n,60),not(mod(n,30)),not(mod(n,150)))';
    const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '600', '-sc_threshold', '0'];
    await publish(test.rtmpUrl(), {
      burst: true,
      seconds: 20,
      videoArgs: [...video, '-force_key_frames', keys],
    });
    await until(async () => (await test.status()).reason.includes('key frame'), {
      what: 'the streamer to be told',
    });
    const playlist = await test.playlistWhere((p) => p.segments.length >= 8, 'eight segments');
    expect(playlist.targetDuration).toBe(1);
    expect(playlist.independent).toBe(false);
    expect(test.linter.problems).toEqual([]);
  });
});
