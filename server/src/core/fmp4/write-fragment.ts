import { joined, makeBox } from './boxes.ts';
import { full, words } from './write-movie.ts';

/** A frame or packet as it is written. Times in units of its track. */
export type Sample = {
  readonly data: Uint8Array;
  /** Decode time. */
  readonly at: number;
  /** By how much it is shown later. */
  readonly shownLater: number;
  /** Whether it can be decoded alone. */
  readonly sync: boolean;
};

/** What one fragment has of a track. */
export type TrackSamples = {
  readonly id: number;
  readonly samples: readonly Sample[];
  /** Decode time of the sample that follows. */
  readonly end: number;
  readonly video: boolean;
};

const DEFAULT_BASE_IS_MOOF = 0x02_0000;
/** trun: data offset, and for each sample duration and size, for pictures flags and composition offset too (section 8.8.8). */
const RUN = 0x301;
const PICTURE_RUN = 0xf01;
/** sample_depends_on 2 for key frames; 1 and no sync sample for the others (section 8.8.3.1). */
const KEY_FLAGS = 0x0200_0000;
const OTHER_FLAGS = 0x0101_0000;
const HEADER_BYTES = 8;

/** Writes a movie fragment (ISO/IEC 14496-12, section 8.8): moof and mdat. */
export function writeFragment(sequence: number, tracks: readonly TrackSamples[]): Uint8Array {
  const moof = (offsets: readonly number[]): Uint8Array =>
    makeBox('moof', [
      full('mfhd', words(sequence)),
      ...tracks.map((track, i) => trackFragment(track, offsets[i] ?? 0)),
    ]);
  // Its length does not depend on the offsets, which count from its beginning.
  let at = moof([]).length + HEADER_BYTES;
  const offsets = tracks.map(({ samples }) => {
    const from = at;
    for (const { data } of samples) at += data.length;
    return from;
  });
  const media = tracks.flatMap(({ samples }) => samples.map(({ data }) => data));
  return joined([moof(offsets), makeBox('mdat', media)]);
}

function trackFragment({ id, samples, end, video }: TrackSamples, offset: number): Uint8Array {
  const start = samples[0]?.at ?? end;
  const fields = samples.flatMap(({ data, at, shownLater, sync }, i) => {
    const duration = (samples[i + 1]?.at ?? end) - at;
    const common = [duration, data.length];
    return video ? [...common, sync ? KEY_FLAGS : OTHER_FLAGS, shownLater] : common;
  });
  return makeBox('traf', [
    full('tfhd', words(id), { flags: DEFAULT_BASE_IS_MOOF }),
    full('tfdt', words(Math.floor(start / 2 ** 32), start % 2 ** 32), { version: 1 }),
    full('trun', words(samples.length, offset, ...fields), {
      // Composition offsets are signed.
      version: 1,
      flags: video ? PICTURE_RUN : RUN,
    }),
  ]);
}
