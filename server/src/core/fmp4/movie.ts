import { err, ok, type Result } from '@shoal/protocol';
import { readAudioConfig } from '../aac/audio-config.ts';
import { av1Codec } from '../av1/av1-config.ts';
import { hevcCodec } from '../hevc/hevc-config.ts';
import { child, descend, readBoxes, viewOf } from './boxes.ts';

/** A track of an initialisation section. */
export type Track = {
  readonly id: number;
  /** Units per second. */
  readonly timescale: number;
  /** As in the CODECS attribute (RFC 6381): `avc1.64001F`, `hvc1.1.6.L93.B0`, `av01.0.04M.08`, `mp4a.40.2`. */
  readonly codec: string;
  /** Defaults of the fragments' samples (trex box). */
  readonly defaultDuration: number;
  readonly defaultFlags: number;
} & (
  | { readonly kind: 'video'; readonly width: number; readonly height: number }
  | { readonly kind: 'audio'; readonly channels: number; readonly sampleRate: number }
);

const MAX_TRACKS = 8;

/** Reads the tracks of a `moov` box's body. Codecs other than H.264, HEVC, AV1 and AAC are errors. */
export function readMovie(moov: Uint8Array): Result<readonly Track[], string> {
  const boxes = readBoxes(moov);
  if (!boxes.ok) return boxes;
  const extends_ = child(boxes.value, 'mvex');
  const defaults = extends_ === undefined ? ok(new Map()) : readDefaults(extends_);
  if (!defaults.ok) return defaults;
  const tracks: Track[] = [];
  for (const box of boxes.value) {
    if (box.type !== 'trak') continue;
    if (tracks.length >= MAX_TRACKS) return err('too many tracks');
    const track = readTrack(box.body, defaults.value);
    if (!track.ok) return track;
    tracks.push(track.value);
  }
  return tracks.length === 0 ? err('no tracks') : ok(tracks);
}

type Defaults = ReadonlyMap<number, { readonly duration: number; readonly flags: number }>;

function readDefaults(mvex: Uint8Array): Result<Defaults, string> {
  const boxes = readBoxes(mvex);
  if (!boxes.ok) return boxes;
  const defaults = new Map<number, { duration: number; flags: number }>();
  for (const box of boxes.value) {
    if (box.type !== 'trex') continue;
    if (box.body.length < 24) return err('trex too short');
    const view = viewOf(box.body);
    defaults.set(view.getUint32(4), { duration: view.getUint32(12), flags: view.getUint32(20) });
  }
  return ok(defaults);
}

function readTrack(trak: Uint8Array, defaults: Defaults): Result<Track, string> {
  const tkhd = descend(trak, ['tkhd']);
  if (!tkhd.ok) return tkhd;
  const mdhd = descend(trak, ['mdia', 'mdhd']);
  if (!mdhd.ok) return mdhd;
  const stsd = descend(trak, ['mdia', 'minf', 'stbl', 'stsd']);
  if (!stsd.ok) return stsd;
  const id = longField(tkhd.value, { short: 12, long: 20 });
  const timescale = longField(mdhd.value, { short: 12, long: 20 });
  if (id === undefined || timescale === undefined || timescale === 0)
    return err('bad track header');
  const entries = readBoxes(stsd.value.subarray(8));
  if (!entries.ok) return entries;
  const entry = entries.value[0];
  if (entry === undefined) return err('no sample entry');
  const trex = defaults.get(id);
  const common = {
    id,
    timescale,
    defaultDuration: trex?.duration ?? 0,
    defaultFlags: trex?.flags ?? 0,
  };
  const picture = PICTURES.get(entry.type);
  if (picture !== undefined) return readPicture(entry.body, picture, common);
  if (entry.type === 'mp4a') return readAac(entry.body, common);
  return err(`unsupported sample entry ${entry.type}`);
}

/** A 32-bit field whose place depends on the full box's version. */
function longField(
  body: Uint8Array,
  at: { readonly short: number; readonly long: number },
): number | undefined {
  const offset = body[0] === 1 ? at.long : at.short;
  return body.length < offset + 4 ? undefined : viewOf(body).getUint32(offset);
}

type Common = Pick<Track, 'id' | 'timescale' | 'defaultDuration' | 'defaultFlags'>;

type PictureEntry = {
  readonly box: string;
  /** Bytes that its record has at least. */
  readonly least: number;
  readonly codec: (record: Uint8Array) => string;
};

/** Sample entries of pictures, and what their decoder configuration says. */
const PICTURES: ReadonlyMap<string, PictureEntry> = new Map([
  ['avc1', { box: 'avcC', least: 4, codec: avcCodec }],
  ['hvc1', { box: 'hvcC', least: 23, codec: hevcCodec }],
  ['av01', { box: 'av1C', least: 4, codec: av1Codec }],
]);

/** VisualSampleEntry (ISO/IEC 14496-12, 12.1.3): 78 bytes, then boxes with the decoder configuration among them. */
function readPicture(
  entry: Uint8Array,
  { box, least, codec }: PictureEntry,
  common: Common,
): Result<Track, string> {
  if (entry.length < 78) return err('sample entry too short');
  const record = descend(entry.subarray(78), [box]);
  if (!record.ok) return record;
  if (record.value.length < least) return err(`${box} too short`);
  const view = viewOf(entry);
  const size = { width: view.getUint16(24), height: view.getUint16(26) };
  return ok({ ...common, kind: 'video', codec: codec(record.value), ...size });
}

function avcCodec(record: Uint8Array): string {
  return `avc1.${[...record.subarray(1, 4)].map(hex).join('')}`;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** AudioSampleEntry (ISO/IEC 14496-12, 12.2.3): 28 bytes, then boxes with `esds` among them. */
function readAac(entry: Uint8Array, common: Common): Result<Track, string> {
  if (entry.length < 28) return err('mp4a too short');
  const esds = descend(entry.subarray(28), ['esds']);
  if (!esds.ok) return esds;
  const specific = specificConfig(esds.value.subarray(4));
  const config = specific && readAudioConfig(specific);
  if (specific === undefined || config === undefined) return err('bad esds');
  const { channels, sampleRate } = config;
  const codec = `mp4a.40.${objectTypeOf(specific)}`;
  return ok({ ...common, kind: 'audio', codec, channels, sampleRate });
}

/** ES descriptor → decoder config → AudioSpecificConfig (ISO/IEC 14496-1 section 7.2.6, 14496-3 section 1.6.2.1). */
function specificConfig(descriptors: Uint8Array): Uint8Array | undefined {
  const es = descriptor(descriptors, 0x03);
  if (es === undefined || es.length < 3 || ((es[2] ?? 0) & 0xe0) !== 0) return undefined;
  const config = descriptor(es.subarray(3), 0x04);
  if (config === undefined || config.length < 13 || config[0] !== 0x40) return undefined;
  return descriptor(config.subarray(13), 0x05);
}

function objectTypeOf(specific: Uint8Array): number {
  const type = (specific[0] ?? 0) >> 3;
  if (type !== 31) return type;
  return 32 + (((specific[0] ?? 0) & 7) << 3) + ((specific[1] ?? 0) >> 5);
}

/** Body of the descriptor that stands first in `bytes`, if it has this tag and fits. */
function descriptor(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  if (bytes[0] !== tag) return undefined;
  let length = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length = (length << 7) | (byte & 0x7f);
    if (byte < 0x80)
      return length <= bytes.length - at - 1 ? bytes.subarray(at + 1, at + 1 + length) : undefined;
  }
  return undefined;
}

/** The value of a CODECS attribute for these tracks, video first. */
export function codecsOf(tracks: readonly Track[]): string {
  const video = tracks.filter((track) => track.kind === 'video');
  const audio = tracks.filter((track) => track.kind === 'audio');
  return [...video, ...audio].map((track) => track.codec).join(',');
}
