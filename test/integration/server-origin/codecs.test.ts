import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { decode } from './decode.ts';
import { enhancedMedia, EnhancedPublisher } from './enhanced-publisher.ts';
import { rung } from './rungs.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const { start, publish, take } = scene();

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30:duration=12'];
const TONE = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=12'];
const HEVC = [
  ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params'],
  'log-level=error:keyint=30:min-keyint=30:scenecut=0:open-gop=0:bframes=3',
];
/** One key frame for all of it. */
const LONG_GROUPS = [...HEVC.slice(0, -1), 'log-level=error:keyint=-1:scenecut=0'];
const AV1 = ['-c:v', 'libsvtav1', '-preset', '12', '-g', '30', '-svtav1-params', 'pred-struct=1'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-sc_threshold', '0'];
const AAC = ['-c:a', 'aac', '-b:a', '32k'];

const LOW = [rung('low', 48, 60)];
const SAME = [rung('same', 90, 200), rung('low', 48, 60)];
const MADE = /^avc1\.4D....,mp4a\.40\.2$/;

async function send(test: TestOrigin, args: readonly string[]): Promise<EnhancedPublisher> {
  const media = await enhancedMedia([...PICTURE, ...TONE, ...args]);
  const at = { port: test.origin.rtmpPort, key: test.origin.streamKey(DEMO) };
  return take(EnhancedPublisher.start(at, media));
}

/** What the multivariant playlist says of each variant: its URI and codecs. */
async function variants(test: TestOrigin): Promise<readonly (readonly string[])[]> {
  const master = await test.text('/live/demo/index.m3u8');
  return [...master.matchAll(/CODECS="([^"]+)".*\n(\w+)\//g)].map(([, codecs = '', name = '']) => [
    name,
    codecs,
  ]);
}

/** Waits for so many segments; then everything that is listed is decoded as one. */
async function plays(test: TestOrigin, segments: number, rendition = 'source'): Promise<void> {
  const playlist = await test.playlistWhere(
    (p) => p.segments.length >= segments,
    `${segments} segments`,
  );
  const parts = [await test.get(`/live/demo/${rendition}/${playlist.segments[0]?.map ?? ''}`)];
  for (const { uri } of playlist.segments) parts.push(await test.verifiedSegment(uri, rendition));
  expect(await decode(Buffer.concat(parts))).toBe('');
}

/** How long it took from accepting the publisher to its first segment. */
function firstSegmentMs(test: TestOrigin): number {
  const online = test.events.find(({ type }) => type === 'stream.online');
  const ready = test.events.find(({ type }) => type === 'segment.ready');
  return (ready?.at ?? NaN) - (online?.at ?? NaN);
}

describe('Enhanced RTMP', () => {
  it.each([
    ['HEVC with pictures out of order', [...HEVC, ...AAC]],
    ['HEVC in groups longer than all segments', [...LONG_GROUPS, ...AAC]],
    ['AV1', [...AV1, ...AAC]],
    ['HEVC without sound', [...HEVC, '-an']],
  ])('ORG-27 %s is transcoded to H.264 in its own size, rungs beside it', async (_w, args) => {
    const test = await start({ ladder: LOW });
    await send(test, args);
    await plays(test, 5);
    const made = args.includes('-an') ? /^avc1\.4D....$/ : MADE;
    expect(await variants(test)).toEqual([
      ['source', expect.stringMatching(made)],
      ['low', expect.stringMatching(made)],
    ]);
    expect(firstSegmentMs(test)).toBeLessThan(1_900);
  });

  it.each([
    ['HEVC', HEVC, /^hvc1\.1\.6\.L30\.90,mp4a\.40\.2$/],
    ['AV1', AV1, /^av01\.0\.00M\.08,mp4a\.40\.2$/],
  ] as const)('ORG-27 %s is passed where that is wanted, with H.264 beside it', async (...of) => {
    const [codec, args, codecs] = of;
    const test = await start({ ladder: SAME, passthrough: [codec] });
    await send(test, [...args, ...AAC]);
    await plays(test, 5);
    expect(await variants(test)).toEqual([
      ['source', expect.stringMatching(codecs)],
      ['same', expect.stringMatching(MADE)],
      ['low', expect.stringMatching(MADE)],
    ]);
  });

  it.each([
    ['HEVC', HEVC],
    ['AV1', AV1],
  ] as const)('ORG-27 %s is passed alone where there is no ladder', async (codec, args) => {
    const test = await start({ ladder: [], passthrough: [codec] });
    await send(test, [...args, ...AAC]);
    await plays(test, 4);
    expect(test.origin.processes().encoders).toEqual([]);
  });

  it.each([
    ['Opus', ['-c:a', 'libopus', '-b:a', '48k']],
    ['FLAC', ['-c:a', 'flac']],
    ['AC-3', ['-c:a', 'ac3', '-ac', '2']],
    ['E-AC-3', ['-c:a', 'eac3', '-ac', '2']],
    ['MP3', ['-c:a', 'libmp3lame', '-b:a', '64k']],
  ])('ORG-29 of H.264 with %s the sound alone is transcoded', async (_what, sound) => {
    const test = await start({ ladder: [] });
    await send(test, [...H264, ...sound]);
    await plays(test, 4);
    // Constrained Baseline, as it was sent.
    expect(await variants(test)).toEqual([
      ['source', expect.stringMatching(/^avc1\.42....,mp4a\.40\.2$/)],
    ]);
  });

  it('ORG-27 H.264 and AAC by FourCC are copied', async () => {
    const test = await start({ ladder: [] });
    await send(test, [...H264, ...AAC]);
    await plays(test, 4);
    expect(test.origin.processes().encoders).toEqual([]);
  });

  it('ORG-11 ORG-27 a publisher that changes from H.264 to HEVC goes on in a new epoch', async () => {
    const test = await start({ ladder: [] });
    const first = await enhancedMedia([...PICTURE, ...TONE, ...H264, ...AAC, '-t', '3']);
    const second = await enhancedMedia([...PICTURE, ...TONE, ...HEVC, ...AAC]);
    const at = { port: test.origin.rtmpPort, key: test.origin.streamKey(DEMO) };
    const publisher = await take(EnhancedPublisher.start(at, first));
    publisher.play(second);
    const playlist = await test.playlistWhere(({ segments }) => {
      const epochs = new Set(segments.map(({ epoch }) => epoch));
      return epochs.size === 2 && segments.length >= 6;
    }, 'two epochs');
    expect(playlist.segments.length).toBeLessThan(9);
  });
});

describe('codecs of the older RTMP', () => {
  it.each([
    ['H.263 and MP3', ['-c:v', 'flv1', '-b:v', '300k'], ['-c:a', 'libmp3lame']],
    ['Screen video and Speex', ['-c:v', 'flashsv'], ['-c:a', 'libspeex', '-ar', '16000']],
    ['H.264 and G.711', H264, ['-c:a', 'pcm_alaw', '-ar', '8000']],
    ['H.264 and Nellymoser', H264, ['-c:a', 'nellymoser', '-ar', '22050']],
  ])('ORG-29 %s are transcoded', async (_what, video, sound) => {
    const test = await start({ ladder: LOW });
    const [videoArgs, audioArgs] = [
      [...video, '-g', '30'],
      [...sound, '-ac', '1'],
    ];
    await publish(test.rtmpUrl(), { videoArgs, audioArgs });
    await plays(test, 4);
    expect(await variants(test)).toEqual([
      ['source', expect.stringMatching(/^avc1\.4[2D]....,mp4a\.40\.2$/)],
      ['low', expect.stringMatching(MADE)],
    ]);
  });

  it('ORG-29 sound alone is transcoded too', async () => {
    const test = await start({ ladder: LOW });
    const media = await enhancedMedia([...TONE, '-c:a', 'libopus']);
    const at = { port: test.origin.rtmpPort, key: test.origin.streamKey(DEMO) };
    await take(EnhancedPublisher.start(at, media));
    await test.playlistWhere((p) => p.segments.length >= 4, 'four segments');
    expect(await variants(test)).toEqual([['source', 'mp4a.40.2']]);
    await until(async () => (await test.status()).state === 'live', { what: 'the channel' });
  });
});
