import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { type LintedPlaylist } from '../../support/lint/playlist-linter.ts';
import { until } from '../../support/until.ts';
import { RtmpClient } from './rtmp-client.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';
import { type TestOrigin } from './test-origin.ts';

const { start, publish, connect } = scene();

function epochs(playlist: LintedPlaylist): readonly number[] {
  return [...new Set(playlist.segments.map(({ epoch }) => epoch))];
}

/** Waits for segments of a new epoch; returns the playlist that has both. */
async function nextEpoch(test: TestOrigin, before: LintedPlaylist): Promise<LintedPlaylist> {
  const old = before.segments.at(-1)?.epoch ?? 0;
  return test.playlistWhere(
    (p) => p.segments.filter(({ epoch }) => epoch > old).length >= 2,
    'two segments of a new epoch',
    25_000,
  );
}

async function reaches(test: TestOrigin, state: string, timeoutMs: number): Promise<void> {
  await until(async () => (await test.status()).state === state, { what: state, timeoutMs });
}

const TWO_SEGMENTS = (p: LintedPlaylist): boolean => p.segments.length >= 2;

describe('faults', () => {
  it('ORG-4 ORG-8 a publisher that is back after 3 s goes on in the same playlist', async () => {
    const test = await start();
    const first = await publish(test.rtmpUrl());
    await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    await first.cut();
    await reaches(test, 'interrupted', 5_000);
    const before = await test.playlistWhere(() => true, 'the playlist to stay');
    expect(before.ended).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await publish(test.rtmpUrl());
    const after = await nextEpoch(test, before);
    expect(epochs(after)).toHaveLength(2);
    expect(test.events.map(({ type }) => type).filter((type) => type !== 'segment.ready')).toEqual([
      'stream.online',
      'stream.interrupted',
      'stream.online',
    ]);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-5 ORG-8 a broadcast after the end of another runs on in numbers, and lists only itself', async () => {
    const test = await start({ interruptedMs: 1_000, closeAfterMs: 0 });
    const first = await publish(test.rtmpUrl());
    await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    await first.stop();
    await reaches(test, 'ended', 5_000);
    const ended = await test.playlistWhere((p) => p.ended, 'ENDLIST');
    await publish(test.rtmpUrl());
    const again = await test.playlistWhere((p) => !p.ended, 'a playlist without ENDLIST');
    expect(again.mediaSequence).toBe((ended.segments.at(-1)?.msn ?? 0) + 1);
    expect(epochs(again)).toHaveLength(1);
    expect(again.segments[0]?.discontinuity).toBe(1);
    expect(test.events.map(({ type }) => type)).toContain('stream.offline');
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-8 a publisher that is back soon after the end goes on in the same playlist', async () => {
    const test = await start({ interruptedMs: 500 });
    const first = await publish(test.rtmpUrl());
    await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    await first.cut();
    await reaches(test, 'ended', 5_000);
    const before = await test.playlistWhere(() => true, 'the playlist to stay');
    expect(before.ended).toBe(false);
    await publish(test.rtmpUrl());
    const after = await nextEpoch(test, before);
    expect(epochs(after)).toHaveLength(2);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-9 a killed encoder costs no picture: the next epoch goes on where it was', async () => {
    const test = await start({ ladder: LADDER });
    await publish(test.rtmpUrl());
    const before = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    const [encoder] = test.origin.processes().encoders;
    if (encoder === undefined) throw new Error('no encoder');
    process.kill(encoder.pid, 'SIGKILL');
    const after = await nextEpoch(test, before);
    const next = after.segments.findIndex(({ epoch }) => epoch > (epochs(before)[0] ?? 0));
    const last = after.segments[next - 1];
    const gapMs =
      (after.segments[next]?.programDateTime ?? 0) -
      ((last?.programDateTime ?? 0) + (last?.duration ?? 0) * 1000);
    expect(gapMs).toBeLessThan(500);
    expect(test.events.map(({ type }) => type)).not.toContain('stream.interrupted');
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-9 an encoder that hangs is replaced after three target durations', async () => {
    const test = await start({ ladder: LADDER });
    await publish(test.rtmpUrl());
    const before = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    const [encoder] = test.origin.processes().encoders;
    if (encoder === undefined) throw new Error('no encoder');
    process.kill(encoder.pid, 'SIGSTOP');
    await nextEpoch(test, before);
    expect(test.origin.processes().encoders.map(({ pid }) => pid)).not.toContain(encoder.pid);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-9 a publisher is paused while an encoder hangs, and goes on with the next', async () => {
    const test = await start({ ladder: LADDER, listedSegments: 60 });
    let stoppedAt = 0;
    test.origin.bus.subscribe((event) => {
      const [encoder] = test.origin.processes().encoders;
      if (event.type !== 'segment.ready' || stoppedAt > 0 || encoder === undefined) return;
      stoppedAt = Date.now();
      process.kill(encoder.pid, 'SIGSTOP');
    });
    const rate = ['-b:v', '8M', '-minrate', '8M', '-maxrate', '8M', '-bufsize', '1M'];
    const cbr = [...rate, '-x264-params', 'nal-hrd=cbr:filler=1'];
    // 50 MB that it could send within two seconds: more than may wait anywhere.
    const publisher = await publish(test.rtmpUrl(), {
      burst: true,
      seconds: 50,
      videoArgs: ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', ...cbr],
    });
    await publisher.exit();
    expect(Date.now() - stoppedAt).toBeGreaterThan(2_500);
    await reaches(test, 'interrupted', 10_000);
    const after = await test.playlistWhere((p) => epochs(p).length === 2, 'a second epoch');
    expect(after.segments.length).toBeGreaterThan(10);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-3 a killed ingest process is started again on the same port, and the publisher goes on', async () => {
    const test = await start();
    const first = await publish(test.rtmpUrl());
    const before = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    const { ingest } = test.origin.processes();
    if (ingest === undefined) throw new Error('no ingest process');
    const url = test.rtmpUrl();
    process.kill(ingest, 'SIGKILL');
    await reaches(test, 'interrupted', 5_000);
    await first.exit();
    const restarted = (): boolean => ![undefined, ingest].includes(test.origin.processes().ingest);
    await until(restarted, { what: 'a new ingest process', timeoutMs: 5_000 });
    // OBS tries again by itself; ffmpeg is started again until it gets through.
    await until(
      async () => {
        const retry = await publish(url);
        await Promise.race([retry.exit(), new Promise((resolve) => setTimeout(resolve, 2_000))]);
        return retry.running;
      },
      { what: 'a publisher to get through', timeoutMs: 20_000 },
    );
    const after = await nextEpoch(test, before);
    expect(epochs(after)).toHaveLength(2);
    expect((await fetch(test.url('/healthz'))).status).toBe(200);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-8 the same key takes the channel over from a publisher that still holds it', async () => {
    const test = await start();
    const first = await publish(test.rtmpUrl());
    const before = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    await publish(test.rtmpUrl());
    await first.exit();
    const after = await nextEpoch(test, before);
    expect(epochs(after)).toHaveLength(2);
    expect(test.events.map(({ type }) => type)).not.toContain('stream.interrupted');
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-8 a half-open publisher is given up after 10 s, and blocks nobody before', async () => {
    const test = await start();
    const silent = await connect(RtmpClient.connected(test.origin.rtmpPort));
    silent.publish(new URL(test.rtmpUrl()).pathname.split('/')[2] ?? '');
    await silent.hears('NetStream.Publish.Start');
    await reaches(test, 'starting', 2_000);
    const since = Date.now();
    await silent.ends(12_000);
    expect(Date.now() - since).toBeGreaterThan(8_000);
    await reaches(test, 'interrupted', 2_000);
    const frozen = await publish(test.rtmpUrl());
    const before = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    frozen.kill('SIGSTOP');
    await publish(test.rtmpUrl());
    await nextEpoch(test, before);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-5 an origin that was restarted continues the media sequence', async () => {
    const test = await start();
    const first = await publish(test.rtmpUrl());
    const before = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    const key = test.rtmpUrl().split('/').at(-1);
    await test.down();
    await first.exit();
    await test.up();
    expect(test.rtmpUrl().split('/').at(-1)).toBe(key);
    expect(await test.status()).toMatchObject({ state: 'interrupted' });
    const waiting = await fetch(test.url('/live/demo/source/index.m3u8'));
    expect(waiting.status).toBe(503);
    await publish(test.rtmpUrl());
    const after = await test.playlistWhere(TWO_SEGMENTS, 'two segments');
    expect(after.mediaSequence).toBeGreaterThan(before.segments.at(-1)?.msn ?? 0);
    expect(after.mediaSequence).toBeLessThan((before.segments.at(-1)?.msn ?? 0) + 4);
    expect(after.segments[0]?.discontinuity).toBe(1);
    expect(test.linter.problems).toEqual([]);
  });
});
