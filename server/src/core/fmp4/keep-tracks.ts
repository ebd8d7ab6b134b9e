import { err, ok, type Result } from '@shoal/protocol';
import { type Box, child, makeBox, readBoxes, viewOf } from './boxes.ts';
import { type Track } from './movie.ts';

/** A `moov` box, header included, with these tracks of the one whose body is `moov`; their ids stay. */
export function keepTracks(moov: Uint8Array, tracks: readonly Track[]): Result<Uint8Array, string> {
  const boxes = readBoxes(moov);
  if (!boxes.ok) return boxes;
  const ids = new Set(tracks.map(({ id }) => id));
  const kept: Uint8Array[] = [];
  for (const box of boxes.value) {
    if (box.type === 'trak') {
      const id = trackId(box);
      if (!id.ok) return id;
      if (!ids.has(id.value)) continue;
    }
    if (box.type === 'mvex') {
      const defaults = keepDefaults(box, ids);
      if (!defaults.ok) return defaults;
      kept.push(defaults.value);
    } else kept.push(makeBox(box.type, [box.body]));
  }
  return ok(makeBox('moov', kept));
}

/** tkhd (ISO/IEC 14496-12, section 8.3.2): the id stands after the times, whose width the version says. */
function trackId(trak: Box): Result<number, string> {
  const boxes = readBoxes(trak.body);
  if (!boxes.ok) return boxes;
  const tkhd = child(boxes.value, 'tkhd');
  const at = tkhd?.[0] === 1 ? 20 : 12;
  if (tkhd === undefined || tkhd.length < at + 4) return err('bad track header');
  return ok(viewOf(tkhd).getUint32(at));
}

/** mvex (section 8.8.1) with the defaults of these tracks alone. */
function keepDefaults(mvex: Box, ids: ReadonlySet<number>): Result<Uint8Array, string> {
  const boxes = readBoxes(mvex.body);
  if (!boxes.ok) return boxes;
  const kept = boxes.value.filter(
    ({ type, body }) => type !== 'trex' || (body.length >= 8 && ids.has(viewOf(body).getUint32(4))),
  );
  return ok(
    makeBox(
      'mvex',
      kept.map(({ type, body }) => makeBox(type, [body])),
    ),
  );
}
