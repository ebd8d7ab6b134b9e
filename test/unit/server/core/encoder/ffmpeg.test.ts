import { describe, expect, it } from 'vitest';
import {
  DEFAULT_LADDER,
  ffmpegVersion,
  formatLadder,
  hasFpsMode,
  hasProtocol,
  ladderToFragmentedMp4,
  missingCapabilities,
  parseLadder,
  rungSize,
  rungsFor,
  srtToFlv,
} from '@shoal/server/core';
import { renditionId } from '../../../../support/builders.ts';

const ENCODERS = `Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10 (codec h264)
 A....D aac                  AAC (Advanced Audio Coding)
`;
const FORMATS = `File formats:
 D. = Demuxing supported
 .E = Muxing supported
 --
 DE flv             FLV (Flash Video)
  E mp4             MP4 (MPEG-4 Part 14)
 D  mov,mp4,m4a,3gp,3g2,mj2 QuickTime / MOV
`;

describe('ffmpeg', () => {
  const rung = (name: string, lines: number, kbps: number) => ({
    name: renditionId(name),
    ...{ lines, kbps },
  });
  const ladder = [rung('360p', 360, 700), rung('720p', 720, 2_500), rung('480p', 480, 1_200)];

  it('is called to make the rungs beside the source, with options and values apart', () => {
    const source = { width: 1280, height: 720 };
    const rungs = rungsFor(ladder, source);
    const call = ladderToFragmentedMp4({ source, rungs, fpsMode: true });
    const flat = [...call.input, ...call.output].flat();
    expect(flat.filter((argument) => argument?.includes(' '))).toEqual([]);
    expect(call.output).toContainEqual([
      '-filter_complex',
      '[0:v:0]split=2[in0][in1];' +
        '[in0]scale=854:480:flags=bicubic,format=yuv420p[out0];' +
        '[in1]scale=640:360:flags=bicubic,format=yuv420p[out1]',
    ]);
    expect(flat).not.toContain('nobuffer');
    expect(call.output).toContainEqual(['-frag_duration', '1']);
    expect(call.input).toContainEqual(['-analyzeduration', '800000']);
    const maps = call.output.filter(([name]) => name === '-map').map(([, value]) => value);
    expect(maps).toEqual(['0:v:0', '[out0]', '[out1]', '0:a:0?']);
    expect(call.output).toContainEqual(['-c:v:0', 'copy']);
    expect(call.output).toContainEqual(['-b:v:1', '1200k']);
    expect(call.output).toContainEqual(['-b:v:2', '700k']);
    expect(call.output).toContainEqual(['-force_key_frames:v:2', 'source']);
    expect(call.output).toContainEqual(['-fps_mode', 'passthrough']);
    const older = ladderToFragmentedMp4({ source, rungs, fpsMode: false });
    expect(older.output).toContainEqual(['-vsync', 'passthrough']);
  });

  it('the ladder is read as it is written, and refused with a reason', () => {
    for (const written of [DEFAULT_LADDER, ladder, []])
      expect(parseLadder(formatLadder(written))).toEqual({ ok: true, value: written });
    for (const [text, reason] of [
      ['480p', /NAME:LINES:KBPS/],
      ['', /NAME:LINES:KBPS/],
      ['a/b:480:900', /NAME:LINES:KBPS/],
      ['a:480:900,a:360:700', /there twice/],
      ['source:480:900', /there twice/],
      ['audio:480:900', /there twice/],
      ['a:481:900', /even number/],
      ['a:480:1', /kbit\/s/],
      [Array.from({ length: 7 }, (_, i) => `r${i}:480:900`).join(','), /more than 6/],
    ] as const) {
      const read = parseLadder(text);
      expect(read.ok ? '' : read.error).toMatch(reason);
    }
  });

  it('makes only rungs with fewer lines than the source, upright ones too, in even numbers', () => {
    const names = (width: number, height: number): readonly string[] =>
      rungsFor(ladder, { width, height }).map(({ name }) => name);
    expect(names(1920, 1080)).toEqual(['720p', '480p', '360p']);
    expect(names(720, 1280)).toEqual(['480p', '360p']);
    expect(names(640, 360)).toEqual([]);
    const low = rung('low', 360, 700);
    expect(rungSize(low, { width: 1080, height: 1920 })).toEqual({ width: 360, height: 640 });
    expect(rungSize(low, { width: 1366, height: 768 })).toEqual({ width: 640, height: 360 });
    expect(rungSize(low, { width: 160, height: 90 })).toEqual({ width: 160, height: 90 });
  });

  it.each([
    ['5.1.9-0+deb12u1', true],
    ['7.0.2', true],
    ['n6.1', true],
    ['5.0.3', false],
    ['4.2.2', false],
    ['N-92253-g0c8ec0a4b5', false],
  ])('%s has -fps_mode: %s', (version, has) => {
    expect(hasFpsMode(version)).toBe(has);
  });

  it('is called to listen for SRT, an IPv6 address in brackets', () => {
    const call = srtToFlv({ host: '::1', port: 9000, passphrase: 'the-stream-key' });
    expect(call.from).toMatch(/^srt:\/\/\[::1\]:9000\?mode=listener&/);
    expect(call.from).toMatch(/&pbkeylen=16&passphrase=the-stream-key$/);
    expect([call.inputFormat, call.outputFormat]).toEqual(['mpegts', 'flv']);
    expect(hasProtocol('Input:\n  rtmp\n  srt\nOutput:\n', 'srt')).toBe(true);
    expect(hasProtocol('Input:\n  srtp\nOutput:\n', 'srt')).toBe(false);
  });

  it('is known by its version line', () => {
    expect(ffmpegVersion('ffmpeg version 5.1.6-0+deb12u1 Copyright (c)')).toBe('5.1.6-0+deb12u1');
    expect(ffmpegVersion('ffmpeg version N-47683-g0e8eb07980-static https://x')).toMatch(
      /^N-47683/,
    );
    expect(ffmpegVersion('avconv version 11')).toBeUndefined();
  });

  it('says what it lacks', () => {
    expect(missingCapabilities({ encoders: ENCODERS, formats: FORMATS })).toEqual([]);
    expect(
      missingCapabilities({
        encoders: ENCODERS.replace('libx264 ', 'h264_omx '),
        formats: FORMATS.replace('  E mp4', ' D  mp4').replace('DE flv', ' E flv'),
      }),
    ).toEqual(['encoder libx264', 'demuxer flv', 'muxer mp4']);
    expect(missingCapabilities({ encoders: '', formats: '' })).toHaveLength(5);
  });
});
