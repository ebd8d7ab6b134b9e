import { err, ok, type Result } from '@shoal/protocol';
import { descend, joined, readBoxes, viewOf } from './boxes.ts';
import { readMovie, type Track } from './movie.ts';

/** What an initialisation section says. */
export type Init = {
  readonly tracks: readonly Track[];
  /** The same bytes for two whose media can be in one track one after the other: ids, units, codecs and their configuration. */
  readonly config: Uint8Array;
  /** Of HEVC: how many bytes there are before each unit of a picture, which say how long it is. */
  readonly hevcLengthBytes?: number;
};

const FULL_BOX = 4;
const VIDEO_ENTRY = 78;
const AUDIO_ENTRY = 28;
/** Of hvcC: a byte whose last two bits are how many bytes there are before each unit, less one (ISO/IEC 14496-15, section 8.3.3.1). */
const UNIT_LENGTH_AT = 21;

/** Reads an initialisation section: ftyp and moov. */
export function readInit(bytes: Uint8Array): Result<Init, string> {
  const moov = descend(bytes, ['moov']);
  if (!moov.ok) return moov;
  const tracks = readMovie(moov.value);
  if (!tracks.ok) return tracks;
  const boxes = readBoxes(moov.value);
  if (!boxes.ok) return boxes;
  const configs: Uint8Array[] = [];
  let lengthBytes: number | undefined;
  for (const [i, box] of boxes.value.filter(({ type }) => type === 'trak').entries()) {
    const track = tracks.value[i];
    const stsd = descend(box.body, ['mdia', 'minf', 'stbl', 'stsd']);
    if (!stsd.ok) return stsd;
    if (track === undefined) return err('bad tracks');
    const head = new Uint8Array(2 * FULL_BOX);
    viewOf(head).setUint32(0, track.id);
    viewOf(head).setUint32(4, track.timescale);
    configs.push(head, ...sampleEntries(stsd.value, track.kind));
    lengthBytes ??= hevcLengthBytes(stsd.value);
  }
  const config = joined(configs);
  return ok({
    tracks: tracks.value,
    config,
    ...(lengthBytes !== undefined && { hevcLengthBytes: lengthBytes }),
  });
}

/** The sample entries (ISO/IEC 14496-12, section 8.5.2) without what says how many bits there were (`btrt`), which matters to nobody. */
function sampleEntries(stsd: Uint8Array, kind: Track['kind']): readonly Uint8Array[] {
  const entries = readBoxes(stsd.subarray(2 * FULL_BOX));
  if (!entries.ok) return [stsd];
  const fixed = kind === 'video' ? VIDEO_ENTRY : AUDIO_ENTRY;
  return entries.value.flatMap(({ type, body }) => {
    const name = Uint8Array.from(type, (letter) => letter.charCodeAt(0));
    const inner = readBoxes(body.subarray(fixed));
    if (!inner.ok) return [name, body];
    const kept = inner.value.filter((box) => box.type !== 'btrt').map((box) => box.body);
    return [name, body.subarray(0, fixed), ...kept];
  });
}

function hevcLengthBytes(stsd: Uint8Array): number | undefined {
  const entry = descend(stsd.subarray(2 * FULL_BOX), ['hvc1']);
  const record = entry.ok ? descend(entry.value.subarray(VIDEO_ENTRY), ['hvcC']) : entry;
  const byte = record.ok ? record.value[UNIT_LENGTH_AT] : undefined;
  return byte === undefined ? undefined : (byte & 3) + 1;
}

/** Whether two have the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
