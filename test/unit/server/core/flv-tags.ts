import { FLV_TAG, sealTag, TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES } from '@shoal/server/core';

function make(
  type: number,
  body: readonly number[],
  { at = 0, size = 0 }: { readonly at?: number; readonly size?: number } = {},
): Uint8Array {
  const length = Math.max(body.length, size);
  const bytes = new Uint8Array(length + TAG_OVERHEAD_BYTES);
  bytes.set(body, TAG_HEAD_BYTES);
  return sealTag(bytes, type, at);
}

const LARGE = Buffer.from(
  '1700000000014d401fffe10019674d401feca02802dd8088000003000800000301e078c18cb001000568ebe3cb20',
  'hex',
);

const HEVC = Buffer.from(
  '90687663310101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003001e959409' +
    '210001002a42010101600000030090000003000003001ea0142061f26595952930bc05a020000003002000000303c122000100064401c073c189',
  'hex',
);

/** FLV tags as a publisher sends them; timestamps in milliseconds, optionally a body of `size` bytes. */
export const flvTag = {
  videoHeader: (profile = 66): Uint8Array => make(FLV_TAG.video, [0x17, 0, 0, 0, 0, 1, profile]),
  /** Main profile of 1280×720. */
  largeHeader: (): Uint8Array => make(FLV_TAG.video, [...LARGE]),
  audioHeader: (rate = 18): Uint8Array => make(FLV_TAG.audio, [0xaf, 0, rate, 16]),
  script: (): Uint8Array => make(FLV_TAG.script, [2, 0, 10]),
  key: (at: number, size = 0): Uint8Array =>
    make(FLV_TAG.video, [0x17, 1, 0, 0, 0, 5], { at, size }),
  frame: (at: number, size = 0): Uint8Array =>
    make(FLV_TAG.video, [0x27, 1, 0, 0, 0, 1], { at, size }),
  audio: (at: number, size = 0): Uint8Array => make(FLV_TAG.audio, [0xaf, 1, 33, 0], { at, size }),
  /** H.263 of 160×90, key frame or not. */
  legacy: (at: number, key = true): Uint8Array =>
    make(FLV_TAG.video, [key ? 0x12 : 0x22, ...Buffer.from('00008000502d00', 'hex')], { at }),
  mp3: (at: number): Uint8Array =>
    make(FLV_TAG.audio, [0x2f, ...Buffer.from('fffb54c4000000', 'hex')], { at }),
  /** A header of Enhanced RTMP that can be read: 160×90. */
  hevcHeader: (): Uint8Array => make(FLV_TAG.video, [...HEVC]),
  hevcKey: (at: number): Uint8Array =>
    make(FLV_TAG.video, [0x93, ...Buffer.from('hvc1'), 0, 0, 0, 1, 38], { at }),
  hevc: (): Uint8Array => make(FLV_TAG.video, [0x90, ...Buffer.from('hvc1'), 0]),
};
