import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FLV_TAG,
  plainTag,
  sealTag,
  TAG_HEAD_BYTES,
  TAG_OVERHEAD_BYTES,
  tagKind,
} from '@shoal/server/core';

function tag(type: number, body: readonly number[], timestampMs = 0): Uint8Array {
  const bytes = new Uint8Array(body.length + TAG_OVERHEAD_BYTES);
  bytes.set(body, TAG_HEAD_BYTES);
  return sealTag(bytes, type, timestampMs);
}

describe('FLV tags', () => {
  it('a tag is framed as the FLV specification says', () => {
    const bytes = tag(FLV_TAG.video, [1, 2, 3], 0x89abcdef);
    expect([...bytes]).toEqual([9, 0, 0, 3, 0xab, 0xcd, 0xef, 0x89, 0, 0, 0, 1, 2, 3, 0, 0, 0, 14]);
  });

  it.each([
    ['an AVC key frame', FLV_TAG.video, [0x17, 1, 0, 0, 0, 9], 'key-frame'],
    ['an AVC frame', FLV_TAG.video, [0x27, 1, 0, 0, 0, 9], 'video'],
    ['an AVC sequence header', FLV_TAG.video, [0x17, 0, 0, 0, 0, 9], 'video-header'],
    ['an AVC end of sequence', FLV_TAG.video, [0x17, 2, 0, 0, 0], 'ignored'],
    ['a video command', FLV_TAG.video, [0x57, 1, 0, 0, 0], 'ignored'],
    ['a zero-length video message', FLV_TAG.video, [], 'ignored'],
    ['a cut-off video message', FLV_TAG.video, [0x17, 1], 'ignored'],
    ['an AAC header', FLV_TAG.audio, [0xaf, 0, 18, 16], 'audio-header'],
    ['an AAC frame', FLV_TAG.audio, [0xaf, 1, 33], 'audio'],
    ['metadata', FLV_TAG.script, [2, 0, 0], 'script'],
    ['an unknown type', 15, [2, 0, 0], 'ignored'],
  ])('%s is told apart', (...[, type, body, expected]) => {
    expect(tagKind(tag(type, body)).type).toBe(expected);
  });

  const hvc1 = [...Buffer.from('hvc1')];
  const opus = [...Buffer.from('Opus')];
  it.each([
    ['a header of HEVC', FLV_TAG.video, [0x90, ...hvc1, 1], 'video-header', 'HEVC', 0],
    ['a frame of HEVC', FLV_TAG.video, [0xa1, ...hvc1, 0, 0, 40, 9], 'video', 'HEVC', 40],
    ['one shown earlier', FLV_TAG.video, [0xa1, ...hvc1, 255, 255, 250, 9], 'video', 'HEVC', -6],
    ['a frame without time', FLV_TAG.video, [0x93, ...hvc1, 9], 'key-frame', 'HEVC', 0],
    [
      ...(['a frame of AV1', FLV_TAG.video] as const),
      ...([[0x91, ...Buffer.from('av01'), 9], 'key-frame', 'AV1', 0] as const),
    ],
    [
      ...(['H.264 by FourCC', FLV_TAG.video] as const),
      ...([[0x91, ...Buffer.from('avc1'), 0, 0, 7, 9], 'key-frame', 'H.264', 7] as const),
    ],
    ['H.263', FLV_TAG.video, [0x22, 9], 'video', 'H.263', 0],
    ['MP3', FLV_TAG.audio, [0x2f, 9], 'audio', 'MP3', undefined],
    ['a header of Opus', FLV_TAG.audio, [0x90, ...opus, 9], 'audio-header', 'Opus', undefined],
    ['Opus', FLV_TAG.audio, [0x91, ...opus, 9], 'audio', 'Opus', undefined],
    [
      ...(['a frame behind nanoseconds', FLV_TAG.video] as const),
      ...([[0x97, 2, 0, 0, 1, 0x03, ...hvc1, 9], 'key-frame', 'HEVC', 0] as const),
    ],
    [
      ...(['the first of two tracks', FLV_TAG.video] as const),
      ...([[0x96, 0x13, ...hvc1, 1, 0, 0, 1, 8, 0, 0, 0, 1, 9], 'key-frame', 'HEVC', 0] as const),
    ],
  ] as const)('%s is read', (...[, type, body, kind, codec, shownLaterMs]) => {
    expect(tagKind(tag(type, body))).toMatchObject({
      ...{ type: kind, codec, data: Uint8Array.of(body.at(-1) ?? 0) },
      ...(shownLaterMs !== undefined && { shownLaterMs }),
    });
  });

  it.each([
    ['VP9', FLV_TAG.video, [0x91, ...Buffer.from('vp09'), 9], 'VP9'],
    ['MPEG-4', FLV_TAG.video, [0x19, 0, 0], 'unknown video'],
    ['a FourCC of control characters', FLV_TAG.video, [0x90, 10, 10, 10, 10], 'unknown codec'],
  ])('%s is unsupported, by name', (...[, type, body, codec]) => {
    expect(tagKind(tag(type, body))).toEqual({ type: 'unsupported', codec });
  });

  it.each([
    ['a frame of HEVC without data', [0x91, ...hvc1, 0, 0, 0]],
    ['a cut-off FourCC', [0x91, 0x68, 0x76]],
    ['an end of sequence', [0x92, ...hvc1]],
    ['metadata of colours', [0x94, ...hvc1, 2, 0, 0]],
    ['a command', [0xd1, 1]],
    ['another track than the first', [0x96, 0x03, ...hvc1, 1, 9]],
    ['a track longer than its message', [0x96, 0x13, ...hvc1, 0, 0, 1, 1, 9]],
    ['nanoseconds without end', [0x97, ...Array.from({ length: 60 }, () => [0, 0, 7]).flat()]],
  ])('%s of Enhanced RTMP is ignored', (_what, body) => {
    expect(tagKind(tag(FLV_TAG.video, body))).toEqual({ type: 'ignored' });
  });

  it('what only Enhanced RTMP puts before H.264, AAC and MP3 is taken off', () => {
    const plain = (type: number, body: readonly number[]): readonly number[] => {
      const enhanced = tag(type, body, 0x01020304);
      const made = plainTag(enhanced, tagKind(enhanced));
      expect([...made.subarray(4, 8)]).toEqual([2, 3, 4, 1]);
      return [...made.subarray(TAG_HEAD_BYTES, made.length - 4)];
    };
    const avc1 = [...Buffer.from('avc1')];
    expect(plain(FLV_TAG.video, [0x90, ...avc1, 1, 2])).toEqual([0x17, 0, 0, 0, 0, 1, 2]);
    expect(plain(FLV_TAG.video, [0xa1, ...avc1, 0, 1, 2, 9])).toEqual([0x27, 1, 0, 1, 2, 9]);
    expect(plain(FLV_TAG.audio, [0x90, ...Buffer.from('mp4a'), 18, 16])).toEqual([
      ...[0xaf, 0, 18, 16],
    ]);
    expect(plain(FLV_TAG.audio, [0x91, ...Buffer.from('.mp3'), 9])).toEqual([0x2f, 9]);
    expect(plain(FLV_TAG.video, [0x93, ...hvc1, 9])).toEqual([0x93, ...hvc1, 9]);
  });

  it('arbitrary bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        tagKind(bytes);
      }),
    );
    const enhanced = fc.tuple(
      fc.constantFrom(FLV_TAG.video, FLV_TAG.audio),
      fc.integer({ min: 0, max: 15 }),
      fc.uint8Array({ maxLength: 64 }),
    );
    fc.assert(
      fc.property(enhanced, ([type, packet, rest]) => {
        const whole = tag(type, [0x90 | packet, ...rest]);
        const kind = tagKind(whole);
        plainTag(whole, kind);
        if ('data' in kind) expect(kind.data.length).toBeLessThanOrEqual(rest.length);
      }),
    );
  });
});
