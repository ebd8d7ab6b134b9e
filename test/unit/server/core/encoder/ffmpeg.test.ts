import { describe, expect, it } from 'vitest';
import {
  copyToFragmentedMp4,
  ffmpegVersion,
  fragmentMsFor,
  missingCapabilities,
} from '@shoal/server/core';

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
  it('is called to copy, with options and values apart', () => {
    const call = copyToFragmentedMp4({ fragmentMs: fragmentMsFor(2_000) });
    const flat = [...call.input, ...call.output].flat();
    expect(flat.filter((argument) => argument?.includes(' '))).toEqual([]);
    expect(flat).not.toContain('nobuffer');
    expect(call.output).toContainEqual(['-c', 'copy']);
    expect(call.output).toContainEqual(['-frag_duration', '2200000']);
    expect(call.output).toContainEqual([
      '-movflags',
      '+frag_keyframe+empty_moov+default_base_moof',
    ]);
    expect(call.input).toContainEqual(['-analyzeduration', '800000']);
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
