import { describe, expect, it } from 'vitest';
import { runFfmpeg } from '../../support/lint/media-tools.ts';
import { until } from '../../support/until.ts';
import { bytesAt, examine, jobsOver, productsOf, recordingsOf } from './jobs-scene.ts';
import { enhancedMedia, EnhancedPublisher } from './enhanced-publisher.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';
import { DEMO } from './test-origin.ts';

const { start, publish, take, makeFolder } = scene();

/** Picture and sound are there for the first 200 ms of every second, and else black and silent. */
const FLASHES = ['-vf', "drawbox=color=black:t=fill:enable='gte(mod(t,1),0.2)'"];
const BEEPS = ['-af', "asetnsamples=n=147,volume='if(lt(mod(t+0.001,1),0.2),1,0)':eval=frame"];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-sc_threshold', '0'];
const GROUPS = 'keyint=30:min-keyint=30:scenecut=0:open-gop=0:bframes=3:log-level=error';
const MADE = {
  videoArgs: [...FLASHES, ...H264, '-bf', '2'],
  audioArgs: [...BEEPS, '-c:a', 'aac', '-b:a', '64k'],
};
/** How far the beginning of a picture, and of the sound with it, may be apart: a frame of each. Seconds. */
const TOGETHER = 1 / 30 + 1_024 / 44_100;

/** When picture and sound begin after black and silence. Seconds. */
async function beginnings(file: Buffer): Promise<readonly (readonly number[])[]> {
  const filters = ['-vf', 'blackdetect=d=0.3:pix_th=0.1', '-af', 'silencedetect=n=-35dB:d=0.3'];
  const { said } = await runFfmpeg(file, [
    '-v',
    'info',
    '-i',
    'pipe:0',
    ...filters,
    '-f',
    'null',
    '-',
  ]);
  const times = (pattern: RegExp): readonly number[] =>
    [...said.matchAll(pattern)].map(([, time]) => Number(time));
  return [times(/black_end:([\d.]+)/g), times(/silence_end: ([\d.]+)/g)];
}

/** Lengths of the tracks, each by its own packets. Seconds. */
async function lengths(file: Buffer): Promise<readonly number[]> {
  const ends: number[] = [];
  for (const track of ['0:v:0', '0:a:0']) {
    const args = ['-i', 'pipe:0', '-map', track, '-c', 'copy', '-f', 'framecrc', '-'];
    const { out } = await runFfmpeg(file, ['-v', 'error', ...args]);
    const text = Buffer.from(out).toString();
    const [, num = '1', den = '1'] = /^#tb 0: (\d+)\/(\d+)$/m.exec(text) ?? [];
    const ended = [...text.matchAll(/^0, *-?\d+, *(-?\d+), *(\d+),/gm)].map(
      ([, pts, duration]) => Number(pts) + Number(duration),
    );
    ends.push((Math.max(...ended) * Number(num)) / Number(den));
  }
  return ends;
}

describe('MP4 files of broadcasts whose sound is a rendition of its own', () => {
  it.each([
    ['of a copied channel', { ladder: [] }],
    ['of a ladder in parts', { ladder: LADDER, lowLatency: true }],
  ])('ORG-24 ORG-30 %s have picture and sound, together over epochs', async (_what, choices) => {
    const store = { type: 'disk', folder: makeFolder() } as const;
    const test = await start({
      ...{ interruptedMs: 300, closeAfterMs: 3_000, audioRendition: true, ...choices },
      recording: { store, mp4: true, storyboard: true },
    });
    const http = test.url('');
    for (const seconds of [4, 5]) {
      const publisher = await publish(test.rtmpUrl(), { seconds, ...MADE });
      await publisher.exit();
      await until(async () => (await recordingsOf(http))[0]?.state === 'ended', {
        what: 'its end',
      });
    }
    expect(await jobsOver(http, 2)).toMatchObject([{ state: 'done' }, { state: 'done' }]);
    const [recorded] = await recordingsOf(http);
    const products = await productsOf(http, 'mp4');
    expect(products).toMatchObject([{ beginMs: 0, durationMs: recorded?.durationMs }]);
    const bytes = await bytesAt(test.url(products[0]?.path ?? ''));
    const mp4 = await examine(bytes);
    expect(mp4).toMatchObject({ frames: 270, said: '', tracks: ['h264 160x90', 'aac'] });
    const [picture = 0, sound = 0] = await lengths(bytes);
    expect(Math.abs(picture - sound)).toBeLessThan(TOGETHER);
    expect(Math.abs(picture - 9)).toBeLessThan(0.25);
    const [seen = [], heard = []] = await beginnings(bytes);
    expect(seen.length).toBeGreaterThanOrEqual(7);
    expect(heard).toHaveLength(seen.length);
    for (const [i, at] of seen.entries())
      expect(Math.abs((heard[i] ?? 0) - at)).toBeLessThan(TOGETHER);
    expect(await productsOf(http, 'storyboard')).toHaveLength(1);
  });

  it.each([
    ['picture alone', { audio: false }, ['h264 160x90']],
    ['sound alone', { videoArgs: ['-map', '1:a', '-t', '5'] }, ['aac']],
  ])('ORG-24 ORG-30 of %s have that', async (_what, sent, tracks) => {
    const store = { type: 'disk', folder: makeFolder() } as const;
    const test = await start({
      ...{ interruptedMs: 300, closeAfterMs: 200, audioRendition: true, ladder: [] },
      recording: { store, mp4: true },
    });
    const publisher = await publish(test.rtmpUrl(), { seconds: 5, burst: true, ...sent });
    await publisher.exit();
    await jobsOver(test.url(''), 1);
    const [product] = await productsOf(test.url(''), 'mp4');
    const mp4 = await examine(await bytesAt(test.url(product?.path ?? '')));
    expect(mp4).toMatchObject({ said: '', tracks });
    expect(Math.abs(mp4.duration - 5)).toBeLessThan(0.1);
  });

  it.each([
    ['HEVC', 'hevc', ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', GROUPS]],
    [
      'AV1',
      'av1',
      ['-c:v', 'libsvtav1', '-preset', '12', '-g', '30', '-svtav1-params', 'pred-struct=1'],
    ],
  ] as const)(
    'ORG-24 ORG-25 ORG-27 of passed %s with Opus have both, and a storyboard',
    async (...of) => {
      const [passed, codec, args] = of;
      const store = { type: 'disk', folder: makeFolder() } as const;
      const test = await start({
        ...{ interruptedMs: 300, closeAfterMs: 200, audioRendition: true, ladder: LADDER },
        ...{ passthrough: [passed], recording: { store, mp4: true, storyboard: true } },
      });
      const media = await enhancedMedia([
        ...['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30:duration=6'],
        ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=6'],
        ...[...args, '-c:a', 'libopus', '-b:a', '48k'],
      ]);
      const at = { port: test.origin.rtmpPort, key: test.origin.streamKey(DEMO) };
      const publisher = await take(EnhancedPublisher.start(at, media));
      await publisher.done();
      await publisher.close();
      const http = test.url('');
      expect(await jobsOver(http, 2)).toMatchObject([{ state: 'done' }, { state: 'done' }]);
      const [product] = await productsOf(http, 'mp4');
      const bytes = await bytesAt(test.url(product?.path ?? ''));
      const mp4 = await examine(bytes);
      expect(mp4).toMatchObject({ said: '', tracks: [`${codec} 160x90`, 'aac'] });
      expect(mp4.frames).toBeGreaterThan(150);
      const [picture = 0, sound = 0] = await lengths(bytes);
      // The last group has no end that its encoder knew of.
      expect(Math.abs(picture - sound)).toBeLessThan(2 * TOGETHER);
      expect(await productsOf(http, 'storyboard')).toHaveLength(1);
    },
  );
});
