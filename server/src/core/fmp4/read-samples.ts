import { err, ok, type Result } from '@shoal/protocol';
import { type Box, child, readBoxes, viewOf } from './boxes.ts';
import { decodeTime, readDefaults, type SampleDefaults } from './fragment.ts';
import { type Track } from './movie.ts';
import { type Sample } from './write-fragment.ts';

const MAX_SAMPLES = 10_000;
const HEADER_BYTES = 8;
/** sample_is_non_sync_sample (ISO/IEC 14496-12, section 8.8.3.1). */
const NON_SYNC = 0x0001_0000;

/**
 * Reads the samples that a movie fragment has of one of `tracks`, the first that it has any of; undefined when it has none. `moof` and
 * `mdat` are whole boxes; the data are parts of `mdat`, nothing is copied.
 */
export function readSamples(
  { moof, mdat }: { readonly moof: Uint8Array; readonly mdat: Uint8Array },
  tracks: readonly Track[],
): Result<{ readonly track: Track; readonly samples: readonly Sample[] } | undefined, string> {
  const boxes = readBoxes(moof.subarray(HEADER_BYTES));
  if (!boxes.ok) return boxes;
  for (const { type, body } of boxes.value) {
    if (type !== 'traf') continue;
    const traf = readBoxes(body);
    if (!traf.ok) return traf;
    const tfhd = child(traf.value, 'tfhd');
    if (tfhd === undefined || tfhd.length < 8) return err('no tfhd box');
    const track = tracks.find(({ id }) => id === viewOf(tfhd).getUint32(4));
    if (track === undefined) continue;
    const samples = readTrack({ traf: traf.value, tfhd, track }, { moof, mdat });
    return samples.ok ? ok({ track, samples: samples.value }) : samples;
  }
  return ok(undefined);
}

function readTrack(
  of: { readonly traf: readonly Box[]; readonly tfhd: Uint8Array; readonly track: Track },
  { moof, mdat }: { readonly moof: Uint8Array; readonly mdat: Uint8Array },
): Result<readonly Sample[], string> {
  const { traf, tfhd, track } = of;
  const defaults = readDefaults(tfhd, track);
  if (!defaults.ok) return defaults;
  const start = decodeTime(child(traf, 'tfdt') ?? new Uint8Array(0));
  if (start === undefined) return err('bad tfdt');
  const samples: Sample[] = [];
  let at = start;
  for (const box of traf) {
    if (box.type !== 'trun') continue;
    const run = readRun(box, { track, at, defaults: defaults.value, moof, mdat });
    if (!run.ok) return run;
    samples.push(...run.value.samples);
    at = run.value.end;
  }
  return ok(samples);
}

/** trun (section 8.8.8). Data offsets count from the beginning of the moof, which mdat follows. */
function readRun(
  { body }: Box,
  of: {
    readonly track: Track;
    readonly at: number;
    readonly defaults: SampleDefaults;
    readonly moof: Uint8Array;
    readonly mdat: Uint8Array;
  },
): Result<{ readonly samples: readonly Sample[]; readonly end: number }, string> {
  if (body.length < 8) return err('trun too short');
  const { track, defaults, moof, mdat } = of;
  const view = viewOf(body);
  const present = view.getUint32(0) & 0x00ff_ffff;
  const count = view.getUint32(4);
  if (count > MAX_SAMPLES) return err('too many samples');
  const fields = [0x100, 0x200, 0x400, 0x800].filter((flag) => (present & flag) !== 0).length;
  const head = ((present & 0x001) !== 0 ? 4 : 0) + ((present & 0x004) !== 0 ? 4 : 0);
  if (8 + head + 4 * fields * count > body.length) return err('trun too short');
  let read = 8;
  const next = (flag: number, otherwise: number): number => {
    if ((present & flag) === 0) return otherwise;
    read += 4;
    return view.getUint32(read - 4);
  };
  let from = next(0x001, moof.length + HEADER_BYTES) - moof.length;
  const firstFlags = next(0x004, defaults.flags);
  const samples: Sample[] = [];
  let { at } = of;
  for (let i = 0; i < count; i++) {
    const duration = next(0x100, defaults.duration);
    const size = next(0x200, defaults.size);
    const flags = next(0x400, i === 0 ? firstFlags : defaults.flags);
    // Signed in version 1; ffmpeg writes small positive ones in version 0, which read the same.
    const shownLater = next(0x800, 0) | 0;
    if (from < HEADER_BYTES || from + size > mdat.length) return err('a sample outside its mdat');
    const sync = track.kind === 'audio' || (flags & NON_SYNC) === 0;
    samples.push({ data: mdat.subarray(from, from + size), at, shownLater, sync });
    from += size;
    at += duration;
  }
  return ok({ samples, end: at });
}
