import { ok, type Result } from '@shoal/protocol';
import { readBoxes, viewOf } from './boxes.ts';
import { type Init } from './init.ts';
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

/** nal_unit_type of pictures of HEVC that can be decoded alone (ISO/IEC 23008-2, table 7-1). */
const CRA = 21;
const BLA = 16;

/**
 * A key frame as it is where nothing before it counts. Decoders show one of an open group of HEVC (CRA) in an order that is counted
 * on from the one before, modulo few pictures. Where streams are spliced it is called a BLA, which is the same picture.
 */
export function splicedKey({ hevcLengthBytes }: Init, key: Sample): Sample {
  if (hevcLengthBytes === undefined) return key;
  const data = Uint8Array.from(key.data);
  for (let at = 0; at + hevcLengthBytes < data.length;) {
    const length = data
      .subarray(at, at + hevcLengthBytes)
      .reduce((sum, byte) => sum * 256 + byte, 0);
    at += hevcLengthBytes;
    const head = data[at] ?? 0;
    if (((head >> 1) & 63) === CRA) data[at] = (head & 0x81) | (BLA << 1);
    at += length;
  }
  return { ...key, data };
}

/** A fragment with this key frame alone, shown for a second as the picture of that number. */
export function stillFragment(key: Sample, video: Track, number: number): Uint8Array {
  const at = number * video.timescale;
  const samples = [{ ...key, at, shownLater: 0 }];
  return writeFragment(number + 1, [
    { id: video.id, samples, end: at + video.timescale, video: true },
  ]);
}
