import { HealthMeter, healthReport, healthWithout, type StreamHealth } from '@shoal/server/core';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { flvTag } from '../flv-tags.ts';

const T0 = 1_700_000_000_000;
const FPS = 25;
const MEDIA = { video: 'H.264', picture: { width: 640, height: 360 }, audio: 'AAC' } as const;

type Sends = {
  readonly seconds: number;
  /** Seconds from key frame to key frame. */
  readonly gop?: number;
  readonly fps?: number;
  readonly frameBytes?: (second: number) => number;
  /** Of each 40 ms; 0 for none. */
  readonly soundBytes?: number;
  readonly picture?: boolean;
  /** How much media in a second. */
  readonly speed?: number;
  /** Whether the server makes segments of 2 s, and how much media in a second. */
  readonly makes?: number;
};

/** A publisher with a clock of its own. */
class Scene {
  readonly clock: ManualClock = new ManualClock(T0);
  readonly meter: HealthMeter = new HealthMeter(T0);
  media = 0;
  #made = 0;
  #segments = 0;

  send(what: Sends): void {
    const { seconds, gop = 2, fps = FPS, frameBytes = () => 5_000, soundBytes = 600 } = what;
    const { picture = true, speed = 1, makes = 1 } = what;
    const step = 1_000 / fps;
    for (let i = 0; i < Math.round((seconds * 1_000 * speed) / step); i++) {
      const at = Math.round(this.media);
      const bytes = frameBytes(Math.floor(this.media / 1_000));
      const isKey = Math.round(this.media / step) % Math.round((gop * 1_000) / step) === 0;
      if (picture) this.#tag(isKey ? flvTag.key(at, bytes) : flvTag.frame(at, bytes));
      if (soundBytes > 0) this.#tag(flvTag.audio(at, soundBytes));
      this.media += step;
      this.clock.advance(step / speed);
      this.#made += (step / speed) * makes;
      if (makes > 0 && this.#made >= (this.#segments + 1) * 2_000) {
        this.#segments += 1;
        this.meter.segment(2_000, this.clock.now);
      }
    }
  }

  report(): StreamHealth {
    return healthReport(this.meter, { media: MEDIA, segmentMs: 2_000, now: this.clock.now });
  }

  types(): readonly string[] {
    return this.report().issues.map(({ type }) => type);
  }

  #tag(tag: Uint8Array): void {
    this.meter.tag(tag, this.clock.now);
  }
}

describe('ORG-42: health', () => {
  it('is good with a picture and sound in real time, and tells what was measured', () => {
    const scene = new Scene();
    scene.send({ seconds: 90 });
    const health = scene.report();
    expect(health).toMatchObject({ status: 'good', issues: [], publishing: true, since: T0 });
    expect(health.video).toMatchObject({
      ...{ codec: 'H.264', width: 640, height: 360, frameRate: FPS, keyframeIntervalMs: 2_000 },
    });
    expect(health.video?.bitrate).toBeCloseTo(5_000 * 8 * FPS, -4);
    expect(health.audio?.bitrate).toBeCloseTo(600 * 8 * FPS, -4);
    expect(health.video?.bitrateSpread).toBeLessThan(0.05);
    expect(health.speed).toBeCloseTo(1, 1);
  });

  it('says nothing too early', () => {
    const scene = new Scene();
    expect(scene.types()).toEqual([]);
    scene.clock.advance(3_000);
    scene.send({ seconds: 1 });
    expect(scene.report()).toMatchObject({ status: 'good', issues: [] });
    scene.send({ seconds: 12 });
    expect(scene.report()).toMatchObject({ status: 'good', issues: [] });
  });

  it('misses sound, and the picture, after five seconds', () => {
    const scene = new Scene();
    scene.send({ seconds: 4, soundBytes: 0 });
    expect(scene.types()).toEqual([]);
    scene.send({ seconds: 2, soundBytes: 0 });
    expect(scene.report()).toMatchObject({
      status: 'ok',
      issues: [{ type: 'noAudio', severity: 'warning' }],
    });
    scene.send({ seconds: 6, picture: false });
    expect(scene.types()).toEqual(['noVideo']);
    const alone = new Scene();
    alone.send({ seconds: 40, picture: false });
    expect(alone.report()).toMatchObject({
      status: 'good',
      issues: [{ type: 'noVideo', severity: 'info' }],
    });
    expect(alone.report().speed).toBeCloseTo(1, 1);
    scene.send({ seconds: 2 });
    expect(scene.types()).not.toContain('noVideo');
  });

  it('hears silence, of plain AAC', () => {
    const scene = new Scene();
    scene.send({ seconds: 35, soundBytes: 6 });
    expect(scene.types()).toEqual(['silentAudio']);
    scene.send({ seconds: 35 });
    expect(scene.types()).toEqual([]);
  });

  it('finds key frames too far apart, while the first are still awaited, too', () => {
    const scene = new Scene();
    scene.send({ seconds: 5, gop: 8 });
    expect(scene.types()).toEqual(['keyframeIntervalTooLong']);
    scene.send({ seconds: 30, gop: 8 });
    const [issue] = scene.report().issues;
    expect(issue).toMatchObject({ type: 'keyframeIntervalTooLong', severity: 'warning' });
    expect(issue?.description).toContain(
      'every 8 s. Set the key frame interval of your encoder to 2 s',
    );
    expect(scene.report().video?.keyframeIntervalMs).toBe(8_000);
    scene.send({ seconds: 25, gop: 20 });
    expect(scene.report()).toMatchObject({ status: 'bad', issues: [{ severity: 'error' }] });
  });

  it('finds a bit rate that is unstable, and not one that varies with key frames', () => {
    const scene = new Scene();
    scene.send({ seconds: 60, frameBytes: (second) => (second % 2 === 0 ? 9_000 : 2_000) });
    expect(scene.types()).toEqual([]);
    scene.send({ seconds: 60, frameBytes: (second) => (second % 30 < 10 ? 16_000 : 2_000) });
    expect(scene.types()).toEqual(['bitrateUnstable']);
  });

  it('finds a publisher slower than real time, and says whose fault it is', () => {
    const scene = new Scene();
    scene.send({ seconds: 20 });
    scene.send({ seconds: 35, speed: 0.9 });
    expect(scene.report()).toMatchObject({
      status: 'ok',
      issues: [{ type: 'encoderTooSlow', severity: 'warning' }],
    });
    scene.send({ seconds: 40, speed: 0.6 });
    expect(scene.report()).toMatchObject({
      status: 'bad',
      issues: [{ type: 'encoderTooSlow', severity: 'error' }],
    });
    // The server does not read it: that is why it is slow.
    scene.meter.held(true, scene.clock.now);
    scene.send({ seconds: 4, speed: 0.1 });
    expect(scene.report().issues[0]).toMatchObject({ type: 'segmentsLate' });
    scene.meter.held(false, scene.clock.now);
    scene.send({ seconds: 90 });
    expect(scene.types()).toEqual([]);
  });

  it('finds that the server is behind', () => {
    const scene = new Scene();
    scene.send({ seconds: 70 });
    expect(scene.types()).toEqual([]);
    scene.send({ seconds: 70, makes: 0.5 });
    expect(scene.report()).toMatchObject({ status: 'bad', issues: [{ type: 'segmentsLate' }] });
  });

  it('finds timestamps that jump, and no jump where the publisher was away', () => {
    const scene = new Scene();
    scene.send({ seconds: 20 });
    scene.media += 60_000;
    scene.send({ seconds: 5 });
    expect(scene.types()).toEqual(['timestampsJump']);
    expect(scene.report().issues[0]?.description).toContain('2 times');
    scene.send({ seconds: 62 });
    expect(scene.types()).toEqual([]);
    scene.clock.advance(4_000);
    scene.media += 4_000;
    scene.send({ seconds: 5 });
    expect(scene.types()).toEqual([]);
    scene.media -= 4_000;
    scene.send({ seconds: 1 });
    expect(scene.types()).toEqual(['timestampsJump']);
  });

  it('hints at few frames, and at few bits for a large picture', () => {
    const scene = new Scene();
    scene.send({ seconds: 40, fps: 10, frameBytes: () => 100, soundBytes: 2_000 });
    expect(scene.report().status).toBe('good');
    expect(scene.types()).toEqual(['frameRateTooLow', 'bitrateTooLow']);
  });

  it('counts one track of Enhanced RTMP, and no headers', () => {
    const meter = new HealthMeter(T0);
    for (const tag of [
      flvTag.hevcHeader(),
      flvTag.videoHeader(),
      flvTag.audioHeader(),
      flvTag.script(),
    ])
      meter.tag(tag, T0);
    expect(meter.measure(T0).sinceVideoMs).toBeUndefined();
    meter.tag(flvTag.hevcKey(0), T0);
    expect(meter.measure(T0 + 5)).toMatchObject({ sinceVideoMs: 5, sinceAudioMs: undefined });
  });

  it('is that of nobody while nobody publishes, and bad while a publisher is missed', () => {
    expect(healthWithout(false)).toEqual({ status: 'good', issues: [], publishing: false });
    expect(healthWithout(true)).toMatchObject({ status: 'bad', issues: [{ type: 'interrupted' }] });
  });

  it('a clock that stands, goes back or leaps breaks nothing', () => {
    const scene = new Scene();
    scene.send({ seconds: 10 });
    for (const now of [T0 - 100_000, T0, T0 + 10 ** 9]) {
      scene.meter.tag(flvTag.key(0), now);
      const { bitrate } = healthReport(scene.meter, { media: MEDIA, segmentMs: 2_000, now });
      expect(bitrate).toBeGreaterThanOrEqual(0);
    }
  });
});
