import { type PictureSize } from '../h264/picture-size.ts';
import { joined, makeBox } from './boxes.ts';
import { type SoundEntry, type SoundSource } from './sound-source.ts';

/** A picture of H.264, HEVC or AV1. */
export type VideoSource = PictureSize & {
  readonly entry: keyof typeof CONFIG_BOXES;
  /** Its decoder configuration record (ISO/IEC 14496-15, sections 5.3.3.1 and 8.3.3.1; AV1 in ISO media, section 2.3.3). */
  readonly config: Uint8Array;
};

/** The box of the decoder configuration in each sample entry. */
const CONFIG_BOXES = { avc1: 'avcC', hvc1: 'hvcC', av01: 'av1C' } as const;

/** Ids and units of the tracks. */
export const VIDEO_TRACK = { id: 1, timescale: 90_000 } as const;
export const AUDIO_TRACK_ID = 2;

/** The identity matrix of a header (ISO/IEC 14496-12, section 6.2.2). */
const MATRIX = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
const MOVIE_TIMESCALE = 1_000;

/** The initialisation section for fragments that follow: ftyp and moov (ISO/IEC 14496-12, section 8.2). */
export function writeInit(
  video: VideoSource | undefined,
  audio: SoundSource | undefined,
): Uint8Array {
  const tracks = [
    ...(video === undefined ? [] : [videoTrack(video)]),
    ...(audio === undefined ? [] : [audioTrack(audio)]),
  ];
  const defaults = [
    ...(video === undefined ? [] : [full('trex', words(VIDEO_TRACK.id, 1, 0, 0, 0))]),
    ...(audio === undefined ? [] : [full('trex', words(AUDIO_TRACK_ID, 1, audio.frame, 0, 0))]),
  ];
  const rateAndVolume = [0x1_0000, 0x100_0000, 0, 0];
  const header = full(
    'mvhd',
    words(
      ...[0, 0, MOVIE_TIMESCALE, 0, ...rateAndVolume, ...MATRIX],
      ...[0, 0, 0, 0, 0, 0, AUDIO_TRACK_ID + 1],
    ),
  );
  return joined([
    makeBox('ftyp', [text('iso6'), words(0), text('iso6'), text('mp41')]),
    makeBox('moov', [header, ...tracks, makeBox('mvex', defaults)]),
  ]);
}

function videoTrack({ width, height, entry: type, config }: VideoSource): Uint8Array {
  const entry = makeBox(type, [
    words(0, 1, 0, 0, 0, 0),
    halves(width, height),
    words(0x48_0000, 0x48_0000, 0),
    halves(1),
    new Uint8Array(32),
    halves(24, 0xffff),
    makeBox(CONFIG_BOXES[type], [config]),
  ]);
  return track({
    ...VIDEO_TRACK,
    size: [width * 0x1_0000, height * 0x1_0000],
    volume: 0,
    handler: 'vide',
    media: full('vmhd', words(0, 0), { flags: 1 }),
    entry,
  });
}

function audioTrack({ sampleRate, channels, entry: described }: SoundSource): Uint8Array {
  const rate = sampleRate < 0x1_0000 ? sampleRate * 0x1_0000 : 0;
  const entry = makeBox(described.type, [
    words(0, 1, 0, 0),
    halves(channels, 16),
    words(0, rate),
    ...soundBoxes(described),
  ]);
  return track({
    id: AUDIO_TRACK_ID,
    timescale: sampleRate,
    size: [0, 0],
    volume: 0x100,
    handler: 'soun',
    media: full('smhd', words(0)),
    entry,
  });
}

/** What describes the sound to its decoder; AC-3 describes itself in each frame. */
function soundBoxes(entry: SoundEntry): readonly Uint8Array[] {
  switch (entry.type) {
    case 'mp4a':
      return [full('esds', elementaryStream(entry))];
    case 'Opus':
      return [makeBox('dOps', [entry.config])];
    case 'fLaC':
      return [full('dfLa', entry.config)];
    case 'ac-3':
    case 'ec-3':
      return [];
  }
}

/** ES descriptor, decoder config and the AudioSpecificConfig in it, if there is one (ISO/IEC 14496-1, section 7.2.6). */
function elementaryStream({ object, config }: SoundEntry & { readonly type: 'mp4a' }): Uint8Array {
  const described = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const body = joined(parts);
    // All of them are short.
    return joined([Uint8Array.of(tag, body.length), body]);
  };
  const decoder = described(
    0x04,
    // An audio stream; buffer size and bit rates are not known.
    Uint8Array.of(object, 0x15, 0, 0, 0),
    words(0, 0),
    ...(config.length === 0 ? [] : [described(0x05, config)]),
  );
  return described(
    0x03,
    Uint8Array.of(0, AUDIO_TRACK_ID, 0),
    decoder,
    described(0x06, Uint8Array.of(2)),
  );
}

function track(of: {
  readonly id: number;
  readonly timescale: number;
  readonly size: readonly [number, number];
  readonly volume: number;
  readonly handler: string;
  readonly media: Uint8Array;
  readonly entry: Uint8Array;
}): Uint8Array {
  const header = full(
    'tkhd',
    joined([
      words(0, 0, of.id, 0, 0, 0, 0),
      halves(0, 0, of.volume, 0),
      words(...MATRIX, ...of.size),
    ]),
    // Enabled and in the movie.
    { flags: 3 },
  );
  const samples = makeBox('stbl', [
    full('stsd', joined([words(1), of.entry])),
    full('stts', words(0)),
    full('stsc', words(0)),
    full('stsz', words(0, 0)),
    full('stco', words(0)),
  ]);
  const source = makeBox('dinf', [
    full('dref', joined([words(1), full('url ', new Uint8Array(0), { flags: 1 })])),
  ]);
  return makeBox('trak', [
    header,
    makeBox('mdia', [
      // Of no language.
      full('mdhd', joined([words(0, 0, of.timescale, 0), halves(0x55c4, 0)])),
      full('hdlr', joined([words(0), text(of.handler), words(0, 0, 0), Uint8Array.of(0)])),
      makeBox('minf', [of.media, source, samples]),
    ]),
  ]);
}

/** A box with version and flags before its body (section 4.2). */
export function full(
  type: string,
  body: Uint8Array,
  { version = 0, flags = 0 }: { readonly version?: number; readonly flags?: number } = {},
): Uint8Array {
  return makeBox(type, [words(version * 0x100_0000 + flags), body]);
}

/** 32-bit integers, big-endian. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value);
  return bytes;
}

/** 16-bit integers, big-endian. */
function halves(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint16(i * 2, value);
  return bytes;
}

function text(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
