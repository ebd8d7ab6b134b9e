import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AudioCodec, soundOfFrame, soundOfHeader } from '@shoal/server/core';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const OPUS = `${Buffer.from('OpusHead').toString('hex')}0102380180bb0000000000`;
/** Of 48 kHz, two channels, blocks of 4,096 samples. */
const FLAC = `664c614380000022${'1000'.repeat(2)}${'00'.repeat(6)}0bb802f0${'00'.repeat(20)}`;

describe('sound', () => {
  it.each<[AudioCodec, string, object]>([
    ['AAC', '1190', { sampleRate: 48_000, channels: 2, frame: 1_024 }],
    ['Opus', OPUS, { sampleRate: 48_000, channels: 2, frame: 960 }],
    ['FLAC', FLAC, { sampleRate: 48_000, channels: 2, frame: 4_096 }],
  ])('ORG-29 of %s is known by its header', (codec, hex, expected) => {
    expect(soundOfHeader(codec, bytes(hex))).toMatchObject(expected);
    for (let length = 0; length < hex.length / 2; length++)
      expect(soundOfHeader(codec, bytes(hex).subarray(0, length))).toBeUndefined();
  });

  it('the header of Opus is written as MP4 has it, the highest byte first', () => {
    expect(soundOfHeader('Opus', bytes(OPUS))?.entry).toEqual({
      type: 'Opus',
      config: bytes('000201380000bb80000000'),
    });
  });

  it.each<[AudioCodec, string, object]>([
    ['MP3', 'fffb54c400', { sampleRate: 48_000, channels: 1, frame: 1_152 }],
    ['MP3', 'fff340c400', { sampleRate: 22_050, channels: 1, frame: 576 }],
    ['AC-3', '0b77000000', { sampleRate: 48_000, frame: 1_536 }],
    ['E-AC-3', '0b7700ff34', { sampleRate: 48_000, frame: 1_536 }],
    ['E-AC-3', '0b7700ffc4', { sampleRate: 24_000, frame: 1_536 }],
  ])('ORG-29 of %s is known by its first frame: %s', (codec, hex, expected) => {
    expect(soundOfFrame(codec, bytes(hex))).toMatchObject(expected);
  });

  it('arbitrary bytes are read or not, and never throw', () => {
    const codecs = fc.constantFrom<AudioCodec>('AAC', 'Opus', 'FLAC', 'MP3', 'AC-3', 'E-AC-3');
    const start = fc.constantFrom('', OPUS, FLAC, 'fffb', '0b77').map(bytes);
    fc.assert(
      fc.property(codecs, start, fc.uint8Array({ maxLength: 40 }), (codec, begin, rest) => {
        const data = Uint8Array.from([...begin, ...rest]);
        for (const read of [soundOfHeader(codec, data), soundOfFrame(codec, data)]) {
          expect(read?.sampleRate ?? 1).toBeGreaterThan(0);
          expect(read?.frame ?? 1).toBeGreaterThan(0);
        }
      }),
    );
  });
});
