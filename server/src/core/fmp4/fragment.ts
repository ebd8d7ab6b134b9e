import { err, ok, type Result } from '@shoal/protocol';
import { type Box, child, readBoxes, viewOf } from './boxes.ts';
import { type Track } from './movie.ts';

/** What a movie fragment says of one of its tracks. */
export type FragmentInfo = {
  /** Decode time of its first sample, in milliseconds since the epoch's media began. */
  readonly startMs: number;
  /** How much later its first sample is shown than decoded. */
  readonly shownLaterMs: number;
  readonly durationMs: number;
  readonly samples: number;
  /** Duration of its first sample, which encoders stretch at the start of a stream. */
  readonly firstMs: number;
  /** Whether it begins with a sample that can be decoded alone. */
  readonly sync: boolean;
};

const MAX_SAMPLES = 100_000;
/** sample_is_non_sync_sample (ISO/IEC 14496-12, section 8.8.3.1). */
const NON_SYNC = 0x0001_0000;

/** Reads what a `moof` box's body has of the track that leads, the video or else the audio; undefined when that is nothing. */
export function readFragment(
  moof: Uint8Array,
  tracks: readonly Track[],
): Result<FragmentInfo | undefined, string> {
  const lead = tracks.find((track) => track.kind === 'video') ?? tracks[0];
  if (lead === undefined) return err('fragment before the initialisation section');
  const read = readFirst(moof, [lead]);
  return read.ok ? ok(read.value?.info) : read;
}

/** The first track fragment of one of these tracks. */
function readFirst(
  moof: Uint8Array,
  tracks: readonly Track[],
): Result<{ readonly track: Track; readonly info: FragmentInfo } | undefined, string> {
  const boxes = readBoxes(moof);
  if (!boxes.ok) return boxes;
  for (const box of boxes.value) {
    if (box.type !== 'traf') continue;
    const traf = readBoxes(box.body);
    if (!traf.ok) return traf;
    const tfhd = child(traf.value, 'tfhd');
    if (tfhd === undefined || tfhd.length < 8) return err('no tfhd box');
    const id = viewOf(tfhd).getUint32(4);
    const track = tracks.find((known) => known.id === id);
    if (track === undefined) continue;
    const header = readDefaults(tfhd, track);
    if (!header.ok) return header;
    const info = readTrackFragment(traf.value, track, header.value);
    if (!info.ok) return info;
    return ok(info.value === undefined ? undefined : { track, info: info.value });
  }
  return ok(undefined);
}

/** What a track fragment says of all its samples. */
export type SampleDefaults = {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
};

/** tfhd: the optional fields are there when their flag says so (section 8.8.7). */
export function readDefaults(tfhd: Uint8Array, track: Track): Result<SampleDefaults, string> {
  const view = viewOf(tfhd);
  const present = view.getUint32(0) & 0x00ff_ffff;
  let at = 8;
  if ((present & 0x01) !== 0) at += 8;
  if ((present & 0x02) !== 0) at += 4;
  const field = (flag: number, otherwise: number): number => {
    if ((present & flag) === 0) return otherwise;
    at += 4;
    return at > tfhd.length ? NaN : view.getUint32(at - 4);
  };
  const duration = field(0x08, track.defaultDuration);
  const size = field(0x10, 0);
  const flags = field(0x20, track.defaultFlags);
  return Number.isNaN(duration + size + flags)
    ? err('tfhd too short')
    : ok({ duration, size, flags });
}

function readTrackFragment(
  traf: readonly Box[],
  track: Track,
  header: SampleDefaults,
): Result<FragmentInfo | undefined, string> {
  const tfdt = child(traf, 'tfdt');
  const start = tfdt === undefined ? undefined : decodeTime(tfdt);
  if (start === undefined) return err('bad tfdt');
  let duration = 0;
  let samples = 0;
  let first = 0;
  let offset = 0;
  let firstFlags: number | undefined;
  for (const box of traf) {
    if (box.type !== 'trun') continue;
    const run = readRun(box.body, header);
    if (!run.ok) return run;
    if (samples === 0) ({ firstFlags, firstDuration: first, firstOffset: offset } = run.value);
    duration += run.value.duration;
    samples += run.value.samples;
  }
  if (samples === 0) return ok(undefined);
  return ok({
    startMs: (start * 1000) / track.timescale,
    shownLaterMs: (offset * 1000) / track.timescale,
    durationMs: (duration * 1000) / track.timescale,
    samples,
    firstMs: (first * 1000) / track.timescale,
    sync: track.kind === 'audio' || ((firstFlags ?? header.flags) & NON_SYNC) === 0,
  });
}

/** tfdt: when the first sample is decoded, in units of its track; undefined when it cannot be read (section 8.8.12). */
export function decodeTime(tfdt: Uint8Array): number | undefined {
  const view = viewOf(tfdt);
  if (tfdt.length < 8) return undefined;
  if (tfdt[0] !== 1) return view.getUint32(4);
  return tfdt.length < 12 ? undefined : view.getUint32(4) * 2 ** 32 + view.getUint32(8);
}

type Run = {
  readonly samples: number;
  readonly duration: number;
  readonly firstDuration: number;
  readonly firstOffset: number;
  readonly firstFlags: number | undefined;
};

/** trun (section 8.8.8). */
function readRun(trun: Uint8Array, header: SampleDefaults): Result<Run, string> {
  if (trun.length < 8) return err('trun too short');
  const view = viewOf(trun);
  const present = view.getUint32(0) & 0x00ff_ffff;
  const samples = view.getUint32(4);
  if (samples > MAX_SAMPLES) return err('too many samples');
  let at = 8;
  if ((present & 0x001) !== 0) at += 4;
  const firstFlagsAt = at;
  if ((present & 0x004) !== 0) at += 4;
  const fields = [0x100, 0x200, 0x400, 0x800].filter((flag) => (present & flag) !== 0);
  if (at + samples * fields.length * 4 > trun.length) return err('trun too short');
  const flagsField = fields.indexOf(0x400);
  let firstFlags: number | undefined;
  if ((present & 0x004) !== 0) firstFlags = view.getUint32(firstFlagsAt);
  else if (flagsField >= 0 && samples > 0) firstFlags = view.getUint32(at + flagsField * 4);
  const offsetField = fields.indexOf(0x800);
  // Signed in version 1; ffmpeg writes small positive ones in version 0, which read the same.
  const firstOffset = offsetField >= 0 && samples > 0 ? view.getInt32(at + offsetField * 4) : 0;
  let duration = samples * header.duration;
  let firstDuration = header.duration;
  if ((present & 0x100) !== 0) {
    duration = 0;
    firstDuration = samples > 0 ? view.getUint32(at) : 0;
    for (let i = 0; i < samples; i++) duration += view.getUint32(at + i * fields.length * 4);
  }
  return ok({ samples, duration, firstDuration, firstOffset, firstFlags });
}
