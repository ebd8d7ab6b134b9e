import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFfmpeg, type OriginOptions } from '@shoal/server';
import { describe, expect, it } from 'vitest';
import { startS3Server } from '../../support/s3/s3-server.ts';
import {
  bytesAt,
  examine,
  jobsOf,
  jobsOver,
  pictureSizeOf,
  productsOf,
  recordingsOf,
  spritesOf,
} from './jobs-scene.ts';
import { runTool } from '../../support/lint/media-tools.ts';
import { until } from '../../support/until.ts';
import { joinFlv, makeFlv } from './flv-files.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';

const { start, publish, makeFolder, atEnd } = scene();

type StoreOptions = NonNullable<OriginOptions['recording']>['store'];

async function openBucket(): Promise<StoreOptions> {
  const { port, bucket, accessKeyId, secretAccessKey, close } = await startS3Server();
  atEnd(close);
  const endpoint = `http://127.0.0.1:${port}`;
  const keys = { accessKeyId, secretAccessKey, pathStyle: true };
  return { type: 's3', endpoint, region: 'eu-1', bucket, ...keys };
}

const BOTH = { mp4: true, storyboard: true } as const;
/** A broadcast is closed half a second after its publisher left. */
const SOON = { interruptedMs: 300, closeAfterMs: 200, ladder: [] } as const;

describe('what is made of a broadcast that is over', () => {
  it.each([
    [
      'on a disk',
      (): Promise<StoreOptions> => Promise.resolve({ type: 'disk', folder: makeFolder() }),
    ],
    ['in a bucket', openBucket],
  ])('ORG-23 ORG-24 ORG-25 %s an MP4 and a storyboard are there, and play', async (_, open) => {
    const recording = { store: await open(), ...BOTH };
    const test = await start({ ...SOON, recording });
    const http = test.url('');
    const publisher = await publish(test.rtmpUrl(), { burst: true, seconds: 12, size: '320x180' });
    await publisher.exit();
    const jobs = await jobsOver(http, 2);
    expect(jobs).toMatchObject([
      { type: 'mp4', state: 'done', attempts: 1, progress: 100 },
      { type: 'storyboard', state: 'done', attempts: 1, progress: 100 },
    ]);
    const [recorded] = await recordingsOf(http);
    const id = recorded?.broadcast ?? 0;
    expect(recorded?.products?.map(({ path }) => path)).toEqual([
      `/live/demo/${id}.mp4`,
      `/live/demo/${id}-storyboard-1.jpg`,
      `/live/demo/${id}-poster.jpg`,
      `/live/demo/${id}-storyboard.vtt`,
    ]);
    const index: unknown = JSON.parse(await test.text('/live/demo/recordings.json'));
    expect(index).toEqual({ recordings: [recorded] });
    const bytes = await bytesAt(test.url(`/live/demo/${id}.mp4`));
    expect(bytes.length).toBe(recorded?.products?.[0]?.size);
    const mp4 = await examine(bytes);
    expect(mp4).toMatchObject({ frames: 360, said: '', tracks: ['h264 320x180', 'aac'] });
    expect(mp4.duration).toBeGreaterThan(11.9);
    expect(mp4.duration).toBeLessThan(12.2);
    expect(mp4.boxes.indexOf('moov')).toBeLessThan(mp4.boxes.indexOf('mdat'));
    const vtt = await test.text(`/live/demo/${id}-storyboard.vtt`);
    expect(vtt).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:02\.000\n/);
    expect(vtt.match(/ --> /g)).toHaveLength(6);
    expect(vtt).toContain(`\n${id}-storyboard-1.jpg#xywh=800,0,160,90\n`);
    const sheet = await bytesAt(test.url(`/live/demo/${id}-storyboard-1.jpg`));
    expect(await pictureSizeOf(sheet)).toBe('mjpeg,960,90');
    // Each shows something else, the last one too.
    expect(new Set(await spritesOf(sheet, { width: 160, height: 90 })).size).toBe(6);
    const poster = await bytesAt(test.url(`/live/demo/${id}-poster.jpg`));
    expect(await pictureSizeOf(poster)).toBe('mjpeg,320,180');
  });

  it('ORG-24 ORG-25 of a channel with a ladder and low latency the MP4 is the source', async () => {
    const recording = { store: { type: 'disk', folder: makeFolder() }, ...BOTH } as const;
    const test = await start({
      ...SOON,
      interruptedMs: 2_000,
      ladder: LADDER,
      lowLatency: true,
      recording,
    });
    const publisher = await publish(test.rtmpUrl(), { seconds: 7 });
    await publisher.exit();
    await jobsOver(test.url(''), 2);
    const [product] = await productsOf(test.url(''), 'mp4');
    const mp4 = await examine(await bytesAt(test.url(product?.path ?? '')));
    expect(mp4).toMatchObject({ frames: 210, said: '', tracks: ['h264 160x90', 'aac'] });
    expect(Math.abs(mp4.duration * 1000 - (product?.durationMs ?? 0))).toBeLessThan(200);
    expect(await productsOf(test.url(''), 'storyboard')).toHaveLength(1);
  });

  it('ORG-24 a publisher that came back is in the same MP4, one after the other', async () => {
    const recording = { store: { type: 'disk', folder: makeFolder() }, mp4: true } as const;
    const test = await start({ ...SOON, closeAfterMs: 3_000, recording });
    const http = test.url('');
    const first = await publish(test.rtmpUrl(), { burst: true, seconds: 3 });
    await first.exit();
    await until(async () => (await recordingsOf(http))[0]?.state === 'ended', { what: 'its end' });
    const again = await publish(test.rtmpUrl(), { burst: true, seconds: 4 });
    await again.exit();
    await jobsOver(http, 1);
    const [recorded] = await recordingsOf(http);
    const products = recorded?.products ?? [];
    expect(products).toMatchObject([{ kind: 'mp4', beginMs: 0, durationMs: recorded?.durationMs }]);
    const mp4 = await examine(await bytesAt(test.url(products[0]?.path ?? '')));
    expect(mp4).toMatchObject({ frames: 210, said: '' });
    expect(Math.abs(mp4.duration * 1000 - (recorded?.durationMs ?? 0))).toBeLessThan(200);
  });

  it('ORG-24 another picture size is another MP4, and both are in the storyboard', async () => {
    const recording = { store: { type: 'disk', folder: makeFolder() }, ...BOTH } as const;
    const test = await start({ ...SOON, recording });
    const file = join(test.dataDir, 'changing.flv');
    writeFileSync(file, joinFlv([await makeFlv('160x90', 4), await makeFlv('90x160', 4)]));
    const publisher = await publish(test.rtmpUrl(), { file, burst: true });
    await publisher.exit();
    await jobsOver(test.url(''), 2);
    const files = await productsOf(test.url(''), 'mp4');
    const [recorded] = await recordingsOf(test.url(''));
    const id = recorded?.broadcast ?? 0;
    expect(files.map(({ path }) => path)).toEqual([
      `/live/demo/${id}.mp4`,
      `/live/demo/${id}-2.mp4`,
    ]);
    const sizes = ['h264 160x90', 'h264 90x160'];
    for (const [i, { path, durationMs }] of files.entries()) {
      const mp4 = await examine(await bytesAt(test.url(path)));
      expect(mp4.tracks).toContain(sizes[i]);
      expect(mp4.said).toBe('');
      expect(Math.abs(mp4.duration * 1000 - durationMs)).toBeLessThan(200);
      expect(mp4.frames / 30).toBeCloseTo(mp4.duration, 0);
    }
    const sheet = await bytesAt(test.url(`/live/demo/${id}-storyboard-1.jpg`));
    expect(await pictureSizeOf(sheet)).toBe('mjpeg,640,90');
    expect(new Set(await spritesOf(sheet, { width: 160, height: 90 })).size).toBe(4);
  });

  it('ORG-24 ORG-25 of sound alone there is an MP4 and no storyboard', async () => {
    const recording = { store: { type: 'disk', folder: makeFolder() }, ...BOTH } as const;
    const test = await start({ ...SOON, recording });
    const file = join(test.dataDir, 'sound.flv');
    const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=6'];
    const { path } = await findFfmpeg();
    await runTool(path, ['-v', 'error', ...sound, '-c:a', 'aac', file], new Uint8Array(0));
    const publisher = await publish(test.rtmpUrl(), { file });
    await publisher.exit();
    const jobs = await jobsOver(test.url(''), 2);
    expect(jobs.map(({ state }) => state)).toEqual(['done', 'done']);
    const [recorded] = await recordingsOf(test.url(''));
    expect(recorded?.products?.map(({ kind }) => kind)).toEqual(['mp4']);
    const mp4 = await examine(await bytesAt(test.url(recorded?.products?.[0]?.path ?? '')));
    expect(mp4).toMatchObject({ tracks: ['aac'], said: '' });
    expect(mp4.duration).toBeGreaterThan(4);
    expect(Math.abs(mp4.duration * 1000 - (recorded?.durationMs ?? 0))).toBeLessThan(200);
  });

  it('ORG-26 products are served with types, tags, ranges and HEAD, and may be kept for an hour', async () => {
    const recording = { store: { type: 'disk', folder: makeFolder() }, ...BOTH } as const;
    const test = await start({ ...SOON, recording });
    const publisher = await publish(test.rtmpUrl(), { burst: true, seconds: 4 });
    await publisher.exit();
    await jobsOver(test.url(''), 2);
    const [recorded] = await recordingsOf(test.url(''));
    const types: Record<string, string> = {
      ...{ mp4: 'video/mp4', poster: 'image/jpeg', sprites: 'image/jpeg', storyboard: 'text/vtt' },
    };
    for (const { kind, path, size } of recorded?.products ?? []) {
      const url = test.url(path);
      const head = await fetch(url, { method: 'HEAD' });
      expect(head.status, path).toBe(200);
      expect(head.headers.get('content-type')).toBe(types[kind]);
      expect(head.headers.get('content-length')).toBe(String(size));
      expect(head.headers.get('cache-control')).toBe('public, max-age=3600');
      expect(head.headers.get('access-control-allow-origin')).toBe('*');
      expect(head.headers.get('content-disposition')).toBeNull();
      const etag = head.headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]+"$/);
      const same = await fetch(url, { headers: { 'If-None-Match': etag } });
      expect(same.status).toBe(304);
      const part = await fetch(url, { headers: { Range: 'bytes=10-19' } });
      expect([part.status, part.headers.get('content-range')]).toEqual([
        206,
        `bytes 10-19/${size}`,
      ]);
      const whole = await bytesAt(url);
      expect(whole).toHaveLength(size);
      expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(10, 20))).toBe(true);
    }
    const none = ['1.mp4', '1-poster.jpg', `${recorded?.broadcast ?? 0}-2.mp4`];
    for (const name of none)
      expect((await fetch(test.url(`/live/demo/${name}`))).status, name).toBe(404);
  });

  it('ORG-26 retention deletes what was made with its broadcast, counts it, and nothing is left', async () => {
    const folder = makeFolder();
    const store = { type: 'disk', folder } as const;
    const test = await start({ ...SOON, recording: { store, ...BOTH, keepBytes: 600_000 } });
    const http = test.url('');
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      const publisher = await publish(test.rtmpUrl(), { burst: true, seconds: 5 });
      await publisher.exit();
      await until(
        async () => {
          const closed = (await recordingsOf(http)).filter(
            ({ products }) => products?.length === 4,
          );
          const fresh = closed.find(({ broadcast }) => !seen.includes(broadcast));
          if (fresh !== undefined) seen.push(fresh.broadcast);
          return fresh !== undefined;
        },
        { what: `products of broadcast ${i}`, timeoutMs: 40_000 },
      );
    }
    await until(async () => (await recordingsOf(http)).length < 3, { what: 'a deletion' });
    const kept = (await recordingsOf(http)).map(({ broadcast }) => broadcast);
    const gone = seen.filter((id) => !kept.includes(id));
    expect(gone).toContain(seen[0]);
    const left = (): readonly string[] =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
        gone.some((id) => name.includes(String(id))),
      );
    await until(() => left().length === 0, { what: 'its files to be gone' });
    const remembered = (): readonly string[] =>
      readdirSync(join(test.dataDir, 'jobs'), { recursive: true, encoding: 'utf8' });
    await until(() => !remembered().some((name) => gone.some((id) => name.includes(String(id)))), {
      what: 'its jobs to be forgotten',
    });
    for (const { id } of await jobsOf(http))
      expect(gone.some((of) => id.startsWith(String(of)))).toBe(false);
    for (const id of kept)
      expect((await examine(await bytesAt(test.url(`/live/demo/${id}.mp4`)))).frames).toBe(150);
  });

  it('ORG-26 a job whose broadcast is deleted is stopped, and leaves nothing', async () => {
    const folder = makeFolder();
    const { path } = await findFfmpeg();
    const slow = join(folder, 'ffmpeg');
    const hang = 'for last; do :; done; echo half > "${last#file:}"; exec sleep 600';
    writeFileSync(slow, `#!/bin/sh\ncase "$*" in *faststart*) ${hang};; esac\nexec ${path} "$@"\n`);
    chmodSync(slow, 0o755);
    const media = join(folder, 'media');
    const recording = { store: { type: 'disk', folder: media }, mp4: true } as const;
    const test = await start({
      ...{ ...SOON, ffmpegPath: slow },
      recording: { ...recording, keepBytes: 250_000 },
    });
    const http = test.url('');
    const first = await publish(test.rtmpUrl(), { burst: true, seconds: 5 });
    await first.exit();
    await until(async () => (await jobsOf(http))[0]?.state === 'running', { what: 'the job' });
    const id = (await jobsOf(http))[0]?.broadcast ?? 0;
    const below = (of: string): readonly string[] =>
      readdirSync(of, { recursive: true, encoding: 'utf8' });
    await until(() => below(test.dataDir).some((name) => name.endsWith('.mp4')), { what: 'half' });
    const second = await publish(test.rtmpUrl(), { burst: true, seconds: 9 });
    await second.exit();
    await until(async () => (await recordingsOf(http)).every(({ broadcast }) => broadcast !== id), {
      what: 'the deletion',
      timeoutMs: 30_000,
    });
    await until(() => !below(media).some((name) => name.includes(String(id))), {
      what: 'its files to be gone',
    });
    expect((await jobsOf(http)).filter(({ broadcast }) => broadcast === id)).toEqual([]);
    const left = below(join(test.dataDir, 'jobs')).filter((name) => name.includes(`/${id}`));
    expect(left).toEqual([]);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-23 an origin that ends in the middle of a job does so at once, and goes on with it later', async () => {
    const folder = makeFolder();
    const { path } = await findFfmpeg();
    const slow = join(folder, 'ffmpeg');
    const once = `[ -e ${folder}/begun ] || { touch ${folder}/begun; exec sleep 600; }`;
    writeFileSync(slow, `#!/bin/sh\ncase "$*" in *faststart*) ${once};; esac\nexec ${path} "$@"\n`);
    chmodSync(slow, 0o755);
    const recording = {
      store: { type: 'disk', folder: join(folder, 'media') },
      mp4: true,
    } as const;
    const test = await start({ ...SOON, ffmpegPath: slow, recording });
    const publisher = await publish(test.rtmpUrl(), { burst: true, seconds: 4 });
    await publisher.exit();
    await until(() => existsSync(join(folder, 'begun')), { what: 'the job', timeoutMs: 30_000 });
    const begun = performance.now();
    await test.down();
    expect(performance.now() - begun).toBeLessThan(5_000);
    await test.up();
    expect(await jobsOver(test.url(''), 1)).toMatchObject([{ state: 'done', attempts: 1 }]);
    const [product] = await productsOf(test.url(''), 'mp4');
    expect((await examine(await bytesAt(test.url(product?.path ?? '')))).frames).toBe(120);
  });

  it('ORG-23 an ffmpeg that fails is tried again later, with the reason told, and live goes on', async () => {
    const folder = makeFolder();
    const { path } = await findFfmpeg();
    const failing = join(folder, 'ffmpeg');
    writeFileSync(
      failing,
      `#!/bin/sh\ncase "$*" in *faststart*) echo "no luck today" >&2; exit 3;; esac\nexec ${path} "$@"\n`,
    );
    chmodSync(failing, 0o755);
    const store = { type: 'disk', folder: join(folder, 'media') } as const;
    const test = await start({ ...SOON, recording: { store, mp4: true }, ffmpegPath: failing });
    const first = await publish(test.rtmpUrl(), { burst: true, seconds: 3 });
    await first.exit();
    await until(async () => (await jobsOf(test.url('')))[0]?.reason !== undefined, {
      what: 'a reason',
    });
    expect(await jobsOf(test.url(''))).toMatchObject([
      { state: 'waiting', attempts: 1, reason: 'ffmpeg failed (3): no luck today' },
    ]);
    const second = await publish(test.rtmpUrl(), { burst: true, seconds: 3 });
    await second.exit();
    const is = (playlist: { readonly segments: readonly unknown[] }): boolean =>
      playlist.segments.length >= 3;
    await test.playlistWhere(is, 'a live playlist');
    expect(test.linter.problems).toEqual([]);
  });
});
