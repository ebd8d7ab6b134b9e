import { type StreamHealth } from '@shoal/server';
import { expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const { start, publish } = scene();

async function healthOf(test: TestOrigin): Promise<StreamHealth> {
  return JSON.parse(await test.text('/v1/streams/demo/health')) as StreamHealth;
}

/** Waits until it is as it should be. */
async function healthWhere(
  test: TestOrigin,
  condition: (health: StreamHealth) => boolean,
  what: string,
): Promise<StreamHealth> {
  let health = await healthOf(test);
  await until(
    async () => {
      health = await healthOf(test);
      return condition(health);
    },
    { what: () => `${what}: ${JSON.stringify(health)}`, timeoutMs: 60_000 },
  );
  return health;
}

it('ORG-42: a publisher with picture and sound is good, transcoded or not; its end is told', async () => {
  const test = await start({ ladder: LADDER, interruptedMs: 2_000 });
  expect(await healthOf(test)).toEqual({ status: 'good', issues: [], publishing: false });
  const publisher = await publish(test.rtmpUrl());
  const health = await healthWhere(test, ({ speed }) => speed !== undefined, 'a speed');
  expect(health).toMatchObject({ status: 'good', issues: [], publishing: true });
  expect(health.video).toMatchObject({ codec: 'H.264', width: 160, height: 90 });
  expect(health.video?.frameRate).toBeCloseTo(30, 0);
  expect(health.video?.keyframeIntervalMs).toBeCloseTo(1_000, -2);
  expect(health.audio?.codec).toBe('AAC');
  expect(health.speed).toBeGreaterThan(0.95);
  expect(health.speed).toBeLessThan(1.1);
  expect(test.origin.report(DEMO, 'health').publishing).toBe(true);
  await publisher.cut();
  await healthWhere(test, ({ issues }) => issues[0]?.type === 'interrupted', 'it to be missed');
  await healthWhere(test, ({ status }) => status === 'good', 'nobody to be missed any more');
});

it('ORG-42: a publisher without sound, whose key frames come every 8 s, is told so', async () => {
  const test = await start({ ladder: [], segmentSeconds: 2 });
  await publish(test.rtmpUrl(), { audio: false, gopFrames: 240 });
  const health = await healthWhere(
    test,
    ({ video, issues }) => (video?.keyframeIntervalMs ?? 0) >= 7_900 && issues.length >= 2,
    'both to be found',
  );
  expect(health.status).toBe('ok');
  expect(health.audio).toBeUndefined();
  expect(health.issues.map(({ type }) => type).sort()).toEqual([
    'keyframeIntervalTooLong',
    'noAudio',
  ]);
});

it('ORG-42: a publisher at three quarters of real time is told so, and one whose sound is silent', async () => {
  const test = await start({ ladder: [] });
  const videoArgs = [
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-sc_threshold',
      '0',
      '-g',
      '30',
      '-b:v',
      '200k',
    ],
    // Frames say that they last shorter than they do.
    ...['-bsf:v', 'setts=ts=TS*3/4'],
  ];
  const audioArgs = ['-af', 'volume=0', '-c:a', 'aac', '-b:a', '32k', '-bsf:a', 'setts=ts=TS*3/4'];
  await publish(test.rtmpUrl(), { videoArgs, audioArgs });
  const health = await healthWhere(
    test,
    ({ issues }) => issues.some(({ type }) => type === 'silentAudio'),
    'silence to be heard',
  );
  expect(health.speed).toBeCloseTo(0.75, 1);
  expect(health).toMatchObject({ status: 'bad', issues: [{ type: 'encoderTooSlow' }, {}] });
});
