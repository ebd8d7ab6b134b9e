import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { enhancedMedia, EnhancedPublisher, type MediaMessage } from './enhanced-publisher.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const { start, publish, take } = scene();

const HEVC = [
  ...['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30:duration=20', '-c:v', 'libx265'],
  ...['-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=30:scenecut=0'],
];

const at = (test: TestOrigin) => ({
  port: test.origin.rtmpPort,
  key: test.origin.streamKey(DEMO),
});
const video = (...body: readonly (Buffer | number)[]): MediaMessage => ({
  ...{ type: 'video', at: 0 },
  body: Buffer.concat(body.map((part) => (typeof part === 'number' ? Buffer.of(part) : part))),
});
const hvc1 = Buffer.from('hvc1');

/** Waits until the publisher was dropped; what the streamer is told. */
async function told(test: TestOrigin, timeoutMs = 5_000): Promise<string> {
  await until(async () => (await test.status()).state === 'interrupted', {
    what: 'the publisher to be dropped',
    timeoutMs,
  });
  return (await test.status()).reason;
}

describe('what cannot be played', () => {
  it.each<[string, MediaMessage, RegExp]>([
    ['a header that is cut off', video(0x90, hvc1, Buffer.alloc(20, 1)), /header of the HEVC/],
    ['a header of zeros', video(0x90, Buffer.from('av01'), Buffer.alloc(40)), /header of the AV1/],
    ['VP9', video(0x91, Buffer.from('vp09'), 1), /unsupported codec: VP9/],
    ['a name of control characters', video(0x91, Buffer.from([7, 27, 10, 0]), 1), /unknown codec/],
    ['H.263 without its size', video(0x12, Buffer.alloc(30)), /size of the H\.263/],
    [
      'Opus without channels',
      {
        ...{ type: 'audio', at: 0 },
        body: Buffer.concat([Buffer.of(0x90), Buffer.from('OpusOpusHead'), Buffer.alloc(11)]),
      },
      /header of the Opus/,
    ],
  ])('ORG-28 %s: the publisher is dropped and told why', async (_what, message, reason) => {
    const test = await start();
    const publisher = await take(EnhancedPublisher.start(at(test), [message]));
    expect(await told(test)).toMatch(reason);
    await publisher.client.ends();
  });

  it('ORG-28 pictures of no bytes, of other tracks and of other codecs harm nobody', async () => {
    const test = await start({ ladder: [] });
    const media = await enhancedMedia(HEVC);
    const [header, ...frames] = media;
    const noise = [
      video(0x91, hvc1, Buffer.alloc(3)),
      video(0x93, hvc1),
      video(0x96, 0x03, hvc1, 5, Buffer.alloc(9, 7)),
      video(0x17, 1, 0, 0, 0, 0, 0, 0, 1, 9),
      video(0x94, hvc1, Buffer.alloc(30, 2)),
      video(0x97, 255, 255),
    ];
    const mixed = frames.flatMap((frame, i) => {
      const one = noise[i % noise.length];
      return one === undefined ? [frame] : [{ ...one, at: frame.at }, frame];
    });
    const sent = header === undefined ? mixed : [header, ...mixed];
    await take(EnhancedPublisher.start(at(test), sent));
    await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
  });

  it('ORG-29 HEVC of noise behind a good header ends its publisher, after a bounded number of encoders', async () => {
    const test = await start({ ladder: [] });
    const [header] = await enhancedMedia(HEVC);
    if (header === undefined) throw new Error('no header');
    const noise = Array.from({ length: 2_000 }, (_, i) => {
      const body = Buffer.alloc(400, (i * 37) & 255);
      body.writeUInt32BE(396, 0);
      return { ...video(i % 30 === 0 ? 0x93 : 0xa3, hvc1, body), at: i * 33 };
    });
    const encoders = new Set<number>();
    const watch = setInterval(() => {
      for (const { pid } of test.origin.processes().encoders) encoders.add(pid);
    }, 50);
    await take(EnhancedPublisher.start(at(test), [header, ...noise]));
    const reason = await told(test, 60_000).finally(() => {
      clearInterval(watch);
    });
    expect(reason).toMatch(/^HEVC cannot be transcoded: /);
    expect(encoders.size).toBe(3);
    // Another one is welcome.
    const good = await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 2, 'two segments');
    await good.stop();
  });
});
