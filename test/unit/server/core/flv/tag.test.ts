import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLV_TAG, sealTag, TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES, tagKind } from '@shoal/server/core';

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

  it.each([
    ['HEVC in enhanced RTMP', FLV_TAG.video, [0x90, ...Buffer.from('hvc1'), 1], 'HEVC'],
    ['AV1 in enhanced RTMP', FLV_TAG.video, [0x90, ...Buffer.from('av01'), 1], 'AV1'],
    ['H.263', FLV_TAG.video, [0x22, 0, 0], 'H.263'],
    ['MP3', FLV_TAG.audio, [0x2f, 0, 0], 'MP3'],
    ['Opus in enhanced RTMP', FLV_TAG.audio, [0x90, ...Buffer.from('Opus')], 'Opus'],
    ['a FourCC of control characters', FLV_TAG.video, [0x90, 10, 10, 10, 10], 'unknown codec'],
  ])('%s is unsupported, by name', (...[, type, body, codec]) => {
    expect(tagKind(tag(type, body))).toEqual({ type: 'unsupported', codec });
  });

  it('arbitrary bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        tagKind(bytes);
      }),
    );
  });
});
