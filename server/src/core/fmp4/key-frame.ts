import { ok, type Result } from '@shoal/protocol';
import { viewOf, readBoxes } from './boxes.ts';
import { type Track } from './movie.ts';
import { readSamples } from './read-samples.ts';
import { type Sample, writeFragment } from './write-fragment.ts';

/** The first key frame in a segment; undefined where there is none. */
export function firstKeyFrame(
  segment: Uint8Array,
  video: Track,
): Result<Sample | undefined, string> {
  const boxes = readBoxes(segment);
  if (!boxes.ok) return boxes;
  const view = viewOf(segment);
  let moof: Uint8Array | undefined;
  let at = 0;
  for (const { type } of boxes.value) {
    const whole = segment.subarray(at, at + view.getUint32(at));
    at += whole.length;
    if (type === 'moof') moof = whole;
    if (type !== 'mdat' || moof === undefined) continue;
    const read = readSamples({ moof, mdat: whole }, [video]);
    if (!read.ok) return read;
    const key = read.value?.samples.find(({ sync }) => sync);
    if (key !== undefined) return ok(key);
  }
  return ok(undefined);
}

/** A fragment with this key frame alone, shown for a second as the picture of that number. */
export function stillFragment(key: Sample, video: Track, number: number): Uint8Array {
  const at = number * video.timescale;
  const samples = [{ ...key, at, shownLater: 0 }];
  return writeFragment(number + 1, [
    { id: video.id, samples, end: at + video.timescale, video: true },
  ]);
}
