import { describe, expect, it } from 'vitest';
import {
  type AudioCodec,
  decodable,
  ladderToFragmentedMp4,
  treat,
  type VideoCodec,
} from '@shoal/server/core';
import { renditionId } from '../../../../support/builders.ts';

const EVERYTHING = { passthrough: new Set<VideoCodec>(), canDecode: (): boolean => true };

describe('what is done with what is sent', () => {
  it.each<[VideoCodec | undefined, AudioCodec | undefined, object]>([
    ['H.264', 'AAC', { input: 'flv', video: 'copy', audio: 'copy' }],
    ['H.264', 'MP3', { input: 'flv', video: 'copy', audio: 'transcode' }],
    ['H.264', 'Opus', { input: 'mp4', video: 'copy', audio: 'transcode' }],
    ['HEVC', 'AAC', { input: 'mp4', video: 'transcode', audio: 'copy' }],
    ['HEVC', 'MP3', { input: 'mp4', video: 'transcode', audio: 'transcode' }],
    ['VP6', 'Nellymoser', { input: 'flv', video: 'transcode', audio: 'transcode' }],
    [undefined, 'AAC', { input: 'flv', audio: 'copy' }],
    ['AV1', undefined, { input: 'mp4', video: 'transcode' }],
  ])('ORG-27 ORG-29 %s with %s', (video, audio, expected) => {
    const media = { ...(video && { video }), ...(audio && { audio }) };
    expect(treat(media, EVERYTHING)).toEqual({ ok: true, value: expected });
  });

  it('ORG-27 passes what it is told to, whether it can be decoded or not', () => {
    const options = { passthrough: new Set<VideoCodec>(['AV1']), canDecode: (): boolean => false };
    expect(treat({ video: 'AV1', audio: 'AAC' }, options)).toMatchObject({
      value: { input: 'mp4', video: 'copy' },
    });
  });

  it('ORG-29 refuses by name what this ffmpeg cannot decode, and what nothing holds together', () => {
    const blind = { ...EVERYTHING, canDecode: (codec: string): boolean => codec !== 'HEVC' };
    expect(treat({ video: 'HEVC' }, blind)).toEqual({
      ok: false,
      error: 'unsupported codec: HEVC, which this ffmpeg cannot decode',
    });
    expect(treat({ video: 'HEVC', audio: 'Speex' }, EVERYTHING)).toEqual({
      ok: false,
      error: 'unsupported codecs: HEVC together with Speex',
    });
    expect(treat({ video: 'VP6', audio: 'Opus' }, EVERYTHING).ok).toBe(false);
  });

  it('an ffmpeg is asked for its decoders', () => {
    const output = [
      'Decoders:',
      ' V..... = Video',
      ' VFS..D hevc                 HEVC (High Efficiency Video Coding)',
      ' V....D av1                  Alliance for Open Media AV1',
      ' A....D mp3float             MP3 (MPEG audio layer 3) (codec mp3)',
    ].join('\n');
    expect([...decodable(output)]).toEqual(['HEVC', 'MP3']);
    expect(decodable(`${output}\n V..... libdav1d             dav1d`).has('AV1')).toBe(true);
  });
});

describe('ffmpeg', () => {
  const rungs = [{ name: renditionId('low'), lines: 360, kbps: 700 }];
  const source = { width: 1280, height: 720 };
  const common = { rungs, source, fpsMode: true };
  const maps = (output: readonly (readonly [string, string?])[]): readonly unknown[] =>
    output.filter(([name]) => name === '-map').map(([, value]) => value);

  it('ORG-27 encodes the source anew beside its rungs, all with key frames at the same times', () => {
    const top = { size: source, keyFrameMs: 2_000 };
    const transcode = { input: 'mp4', top, sound: false, picture: true } as const;
    const call = ladderToFragmentedMp4({ ...common, transcode });
    expect(call.inputFormat).toBe('mp4');
    expect(maps(call.output)).toEqual(['[out0]', '[out1]', '0:a:0?']);
    expect(call.output).toContainEqual(['-b:v:0', '2449k']);
    const key = 'expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1.990))';
    for (const stream of [0, 1])
      expect(call.output).toContainEqual([`-force_key_frames:v:${stream}`, key]);
    expect(call.output).toContainEqual(['-c:a', 'copy']);
    expect(call.output.flat()).not.toContain('-c:v:0 copy');
  });

  it('ORG-27 copies HEVC that is passed under the name that Apple wants, its rungs cut like it', () => {
    const transcode = { input: 'mp4', copied: 'HEVC', sound: true, picture: true } as const;
    const call = ladderToFragmentedMp4({ ...common, transcode });
    expect(maps(call.output)).toEqual(['0:v:0', '[out0]', '0:a:0?']);
    expect(call.output).toContainEqual(['-tag:v:0', 'hvc1']);
    expect(call.output).toContainEqual(['-force_key_frames:v:1', 'source']);
    expect(call.output).toContainEqual(['-c:a', 'aac']);
  });

  it('ORG-29 encodes sound alone', () => {
    const transcode = { input: 'flv', sound: true, picture: false } as const;
    const call = ladderToFragmentedMp4({ rungs: [], fpsMode: true, transcode });
    expect(maps(call.output)).toEqual(['0:a:0?']);
    expect(call.output.flat()).not.toContain('-filter_complex');
    expect(call.output).toContainEqual(['-ar', '48000']);
  });
});
