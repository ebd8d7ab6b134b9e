/** What a publisher may send as its picture, as it is called for people. */
export type VideoCodec =
  'H.264' | 'HEVC' | 'AV1' | 'H.263' | 'VP6' | 'VP6 with alpha' | 'Screen video' | 'Screen video 2';

/** What a publisher may send as its sound, as it is called for people. */
export type AudioCodec =
  | 'AAC'
  | 'Opus'
  | 'AC-3'
  | 'E-AC-3'
  | 'FLAC'
  | 'MP3'
  | 'PCM'
  | 'ADPCM'
  | 'Nellymoser'
  | 'G.711'
  | 'Speex';

/** CodecID of the Adobe FLV specification 10.1, section E.4.3.1. */
export const VIDEO_IDS: Readonly<Record<number, VideoCodec>> = {
  2: 'H.263',
  3: 'Screen video',
  4: 'VP6',
  5: 'VP6 with alpha',
  6: 'Screen video 2',
  7: 'H.264',
};

/** SoundFormat of the same, section E.4.2.1. */
export const AUDIO_IDS: Readonly<Record<number, AudioCodec>> = {
  0: 'PCM',
  1: 'ADPCM',
  2: 'MP3',
  3: 'PCM',
  4: 'Nellymoser',
  5: 'Nellymoser',
  6: 'Nellymoser',
  7: 'G.711',
  8: 'G.711',
  10: 'AAC',
  11: 'Speex',
  14: 'MP3',
};

/** FourCC of Enhanced RTMP v2 that are taken. */
export const VIDEO_FOUR_CC: ReadonlyMap<string, VideoCodec> = new Map([
  ['avc1', 'H.264'],
  ['hvc1', 'HEVC'],
  ['av01', 'AV1'],
]);
export const AUDIO_FOUR_CC: ReadonlyMap<string, AudioCodec> = new Map([
  ['mp4a', 'AAC'],
  ['Opus', 'Opus'],
  ['ac-3', 'AC-3'],
  ['ec-3', 'E-AC-3'],
  ['fLaC', 'FLAC'],
  ['.mp3', 'MP3'],
]);

/** What is refused by its name, not by bytes that a stranger wrote. */
export const REFUSED_NAMES: Readonly<Record<string, string>> = {
  vp09: 'VP9',
  vp08: 'VP8',
  vvc1: 'VVC',
};

/** Sound that has a header before its first frame. */
export const SOUND_WITH_HEADER: ReadonlySet<AudioCodec> = new Set(['AAC', 'Opus', 'FLAC']);
/** Codecs that FLV of the Adobe specification cannot hold: those of Enhanced RTMP alone. */
export const ENHANCED_ONLY: ReadonlySet<VideoCodec | AudioCodec> = new Set([
  ...(['HEVC', 'AV1'] as const),
  ...(['Opus', 'AC-3', 'E-AC-3', 'FLAC'] as const),
]);
