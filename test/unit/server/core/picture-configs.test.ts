import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { legacySize, readAv1Config, readHevcConfig, type VideoCodec } from '@shoal/server/core';

/** By libx265: 160×90 of Main, and 1366×768 of Main 10, which is cropped. */
const HEVC =
  '0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003001e959409210001002a' +
  '42010101600000030090000003000003001ea0142061f26595952930bc05a020000003002000000303c122000100064401c073c189';
const HEVC_10 =
  '01022000000090000000000078f000fcfdfafa00000f03200001001840010c01ffff022000000300900000030000030078959409210001002c' +
  '420101022000000300900000030000030078a002b080301cdb6595952930bc05a020000003002000000303c122000100064401c073c189';
/** By SVT-AV1 and libaom: 320×180, 1920×1080 of ten bits, and 642×362 without subsampling. */
const AV1 = '81000c000a0b000000043cfecc02f80040';
const AV1_10 = '81084c000a0b00000042abbfc3700be101';
const AV1_444 = '812100000a0b2000000cc5036936be4080';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('decoder configurations', () => {
  it.each([
    [HEVC, { width: 160, height: 90, codec: 'hvc1.1.6.L30.90' }],
    [HEVC_10, { width: 1366, height: 768, codec: 'hvc1.2.4.L120.90' }],
  ])('HEVC %#: the size and CODECS value (ISO/IEC 14496-15, annex E.3)', (hex, expected) => {
    expect(readHevcConfig(bytes(hex))).toMatchObject(expected);
  });

  it.each([
    [AV1, { width: 320, height: 180, codec: 'av01.0.00M.08' }],
    [AV1_10, { width: 1920, height: 1080, codec: 'av01.0.08M.10' }],
    [AV1_444, { width: 642, height: 362, codec: 'av01.1.01M.08' }],
  ])('AV1 %#: the size and CODECS value (AV1 in ISO media, section 5)', (hex, expected) => {
    expect(readAv1Config(bytes(hex))).toMatchObject(expected);
  });

  it('ORG-28 one that lies of profile, level and depth is put right by what decoders go by', () => {
    const hevc = bytes(HEVC);
    hevc[1] = 2;
    hevc[12] = 93;
    expect(readHevcConfig(hevc)).toMatchObject({ codec: 'hvc1.1.6.L30.90', record: bytes(HEVC) });
    const av1 = bytes(AV1_10);
    av1[1] = 0x2c;
    av1[2] = 0x80;
    expect(readAv1Config(av1)).toMatchObject({ codec: 'av01.0.08M.10' });
  });

  it('ORG-28 one that is cut off anywhere before its end of parameters is not read', () => {
    for (let length = 0; length < 70; length++)
      expect(readHevcConfig(bytes(HEVC).subarray(0, length))).toBeUndefined();
    for (let length = 0; length < 17; length++)
      expect(readAv1Config(bytes(AV1).subarray(0, length))).toBeUndefined();
  });

  it('whatever bytes come, and whichever of good ones are changed, they are read or not', () => {
    const changed = fc.tuple(
      fc.constantFrom(HEVC, HEVC_10, AV1, AV1_10),
      fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
    );
    fc.assert(
      fc.property(changed, ([hex, changes]) => {
        const record = bytes(hex);
        for (const [at, value] of changes) if (at < record.length) record[at] = value;
        for (const read of [readHevcConfig(record), readAv1Config(record)]) {
          expect(read?.width ?? 1).toBeGreaterThan(0);
          expect(read?.height ?? 1).toBeLessThanOrEqual(16_384);
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (record) => {
        readHevcConfig(record);
        readAv1Config(record);
      }),
    );
  });
});

describe('pictures without header', () => {
  it.each([
    ['H.263 of a size with a number', 'H.263', '0000840282', { width: 320, height: 240 }],
    ['H.263 of another size', 'H.263', '00008000502d00', { width: 160, height: 90 }],
    ['Screen video', 'Screen video', '30a0305a00', { width: 160, height: 90 }],
    ['VP6, of whose last rows some are cut off', 'VP6', '060036060a', { width: 160, height: 90 }],
    ['VP6 behind an offset', 'VP6', '0600300000060a', { width: 160, height: 90 }],
  ] as const)('%s', (...[, codec, hex, expected]) => {
    expect(legacySize(codec, bytes(hex))).toEqual(expected);
  });

  it('arbitrary bytes never throw', () => {
    const codecs: readonly VideoCodec[] = ['H.263', 'VP6', 'VP6 with alpha', 'Screen video'];
    fc.assert(
      fc.property(fc.constantFrom(...codecs), fc.uint8Array({ maxLength: 20 }), (codec, data) => {
        const size = legacySize(codec, data);
        expect(size?.width ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});
