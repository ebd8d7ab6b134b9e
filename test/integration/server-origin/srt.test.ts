import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { decode } from './decode.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const { start, publish } = scene();

/** A UDP port that is free at the moment: ffmpeg cannot say which one it was given. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

async function startWithSrt(): Promise<TestOrigin> {
  return start({ srt: { host: '127.0.0.1', port: await freePort() } });
}

function url(test: TestOrigin, passphrase: string = test.origin.streamKey(DEMO)): string {
  const port = String(test.origin.srtPort(DEMO));
  return `srt://127.0.0.1:${port}?passphrase=${passphrase}&pbkeylen=16`;
}

const published = (test: TestOrigin, type: string): number =>
  test.events.filter((event) => event.type === type).length;

describe('SRT', () => {
  it('ORG-12 EVT-2 ORG-4 a publisher is as one of RTMP: live, interrupted, and live again in another epoch', async () => {
    const test = await startWithSrt();
    const first = await publish(url(test));
    const playlist = await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
    const parts = [await test.get(`/live/demo/source/${playlist.segments[0]?.map ?? ''}`)];
    for (const { uri } of playlist.segments) parts.push(await test.verifiedSegment(uri));
    expect(await decode(Buffer.concat(parts))).toBe('');
    await first.stop();
    await until(() => published(test, 'stream.interrupted') === 1, { what: 'an interruption' });
    await publish(url(test));
    const again = await test.playlistWhere(
      (p) => new Set(p.segments.map(({ epoch }) => epoch)).size === 2,
      'another epoch',
    );
    expect(again.segments[0]?.epoch).toBe(playlist.segments[0]?.epoch);
    expect(published(test, 'stream.online')).toBe(2);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-12 ORG-1 a wrong passphrase gets nothing in, and keeps nobody out', async () => {
    const test = await startWithSrt();
    const wrong = await publish(url(test, 'another-passphrase'));
    expect(await wrong.exit()).not.toBe(0);
    expect(wrong.log).toMatch(/passphrase|Input\/output error/i);
    expect(published(test, 'stream.online')).toBe(0);
    await publish(url(test));
    await test.playlistWhere((p) => p.segments.length >= 2, 'two segments');
  });

  it('ORG-12 ORG-8 who publishes by RTMP replaces the one of SRT, and the other way round', async () => {
    const test = await startWithSrt();
    const srt = await publish(url(test));
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    const rtmp = await publish(test.rtmpUrl());
    await srt.exit();
    const epochs = (count: number): Promise<unknown> =>
      test.playlistWhere(
        (p) => new Set(p.segments.map(({ epoch }) => epoch)).size === count,
        `${count} epochs`,
      );
    await epochs(2);
    await publish(url(test));
    await rtmp.exit();
    await epochs(3);
    expect(published(test, 'stream.interrupted')).toBe(0);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-3 a receiver that is killed interrupts the channel, and another one listens', async () => {
    const test = await startWithSrt();
    const before = await publish(url(test));
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    const { srt } = test.origin.processes();
    process.kill(srt[0]?.pid ?? NaN, 'SIGKILL');
    await before.exit();
    await publish(url(test));
    await test.playlistWhere(
      (p) => new Set(p.segments.map(({ epoch }) => epoch)).size === 2,
      'another epoch',
    );
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-12 ORG-29 sound of MP3 is transcoded', async () => {
    const test = await startWithSrt();
    await publish(url(test), { audioArgs: ['-c:a', 'libmp3lame', '-b:a', '64k'] });
    const playlist = await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
    const parts = [await test.get(`/live/demo/source/${playlist.segments[0]?.map ?? ''}`)];
    for (const { uri } of playlist.segments) parts.push(await test.verifiedSegment(uri));
    expect(await decode(Buffer.concat(parts))).toBe('');
    expect(await test.text('/live/demo/index.m3u8')).toMatch(/CODECS="avc1\.\w{6},mp4a\.40\.2"/);
  });

  it('ORG-12 ORG-29 HEVC is refused by its name, and another publisher is welcome', async () => {
    const test = await startWithSrt();
    const videoArgs = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'keyint=30'];
    const hevc = await publish(url(test), { videoArgs });
    await hevc.exit();
    await until(async () => (await test.status()).reason.includes('hevc'), { what: 'a reason' });
    expect((await test.status()).reason).toMatch(/^unsupported codec over SRT: hevc/);
    await publish(url(test));
    await test.playlistWhere((p) => p.segments.length >= 2, 'two segments');
  });
});
