import { err, ok, type Result } from '@shoal/protocol';
import { type Box, child, descend, joined, makeBox, readBoxes, viewOf } from './boxes.ts';
import { readMovie, type Track } from './movie.ts';

/** One initialisation section for picture and sound that are renditions of their own. */
export type JoinedInit = {
  readonly bytes: Uint8Array;
  /** What the track of the sound is called in it; its fragments are to be renamed ({@link renameTrack}). */
  readonly soundId: number;
};

/**
 * Makes one initialisation section of two: all tracks of `picture`, and the sound of `sound` (trak and trex, ISO/IEC 14496-12 sections
 * 8.3.1 and 8.8.3) under an id that none of them has. That id depends on `picture` alone.
 */
export function joinInits(picture: Uint8Array, sound: Uint8Array): Result<JoinedInit, string> {
  const [top, moov] = [readBoxes(picture), descend(picture, ['moov'])];
  if (!top.ok) return top;
  if (!moov.ok) return moov;
  const boxes = readBoxes(moov.value);
  const tracks = readMovie(moov.value);
  if (!boxes.ok) return boxes;
  if (!tracks.ok) return tracks;
  const soundId = Math.max(...tracks.value.map(({ id }) => id)) + 1;
  if (soundId >= 2 ** 32) return err('no id is left for the sound');
  const heard = soundOf(sound, soundId);
  if (!heard.ok) return heard;
  const { trak, trex } = heard.value;
  const inside = boxes.value.flatMap(({ type, body }) => {
    if (type === 'mvhd') return [makeBox(type, [withNextId(body, soundId + 1)])];
    // Tracks come before what their fragments have in common.
    return type === 'mvex' ? [trak, makeBox(type, [body, trex])] : [makeBox(type, [body])];
  });
  if (child(boxes.value, 'mvex') === undefined) return err('no mvex box');
  const whole = top.value.map(({ type, body }) => makeBox(type, type === 'moov' ? inside : [body]));
  return ok({ bytes: joined(whole), soundId });
}

/** Gives all track fragments of a segment this id (`tfhd`, section 8.8.7), where they are. */
export function renameTrack(segment: Uint8Array, id: number): Result<void, string> {
  const boxes = readBoxes(segment);
  if (!boxes.ok) return boxes;
  for (const moof of boxes.value.filter(({ type }) => type === 'moof')) {
    const inside = readBoxes(moof.body);
    if (!inside.ok) return inside;
    for (const traf of inside.value.filter(({ type }) => type === 'traf')) {
      const tfhd = descend(traf.body, ['tfhd']);
      if (!tfhd.ok) return tfhd;
      if (tfhd.value.length < 8) return err('bad tfhd box');
      viewOf(tfhd.value).setUint32(4, id);
    }
  }
  return ok(undefined);
}

/** The first sound of an initialisation section, and its defaults, under another id. */
function soundOf(
  init: Uint8Array,
  id: number,
): Result<{ readonly trak: Uint8Array; readonly trex: Uint8Array }, string> {
  const moov = descend(init, ['moov']);
  if (!moov.ok) return moov;
  const [boxes, tracks] = [readBoxes(moov.value), readMovie(moov.value)];
  if (!boxes.ok) return boxes;
  if (!tracks.ok) return tracks;
  const at = tracks.value.findIndex(({ kind }) => kind === 'audio');
  const track = tracks.value[at];
  const box = boxes.value.filter(({ type }) => type === 'trak')[at];
  if (track === undefined || box === undefined) return err('no sound');
  const trak = makeBox('trak', [box.body]);
  const tkhd = descend(trak, ['trak', 'tkhd']);
  if (!tkhd.ok) return tkhd;
  viewOf(tkhd.value).setUint32(tkhd.value[0] === 1 ? 20 : 12, id);
  const defaults = defaultsOf(boxes.value, track);
  if (!defaults.ok) return defaults;
  const trex = makeBox('trex', [defaults.value]);
  viewOf(trex).setUint32(TREX_ID, id);
  return ok({ trak, trex });
}

/** Box header, version and flags stand before it. */
const TREX_ID = 12;

function defaultsOf(moov: readonly Box[], { id }: Track): Result<Uint8Array, string> {
  const boxes = readBoxes(child(moov, 'mvex') ?? new Uint8Array(0));
  if (!boxes.ok) return boxes;
  const found = boxes.value.find(
    ({ type, body }) => type === 'trex' && viewOf(body).getUint32(4) === id,
  );
  return found === undefined ? err('no trex box') : ok(found.body);
}

/** mvhd (section 8.2.2) ends with the id of a track that would come next. */
function withNextId(mvhd: Uint8Array, id: number): Uint8Array {
  const changed = Uint8Array.from(mvhd);
  if (changed.length >= 4) viewOf(changed).setUint32(changed.length - 4, id);
  return changed;
}
