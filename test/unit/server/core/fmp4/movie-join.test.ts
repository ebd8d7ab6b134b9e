import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { unwrap } from '@shoal/protocol';
import {
  firstKeyFrame,
  type Init,
  MovieJoin,
  readFragment,
  readInit,
  type Sample,
  sameBytes,
  splicedKey,
  stillFragment,
  type Track,
} from '@shoal/server/core';
import { describe, expect, it } from 'vitest';

const FILE = readFileSync(new URL('../../../../fixtures/server-media/av.mp4', import.meta.url));

/** The initialisation section of a file, and its fragments, each with its media. */
function parts(file: Buffer): { readonly init: Buffer; readonly segments: readonly Buffer[] } {
  let init = Buffer.alloc(0);
  const segments: Buffer[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    const box = file.subarray(at, at + file.readUInt32BE(at));
    const type = box.toString('latin1', 4, 8);
    if (type === 'ftyp' || type === 'moov') init = Buffer.concat([init, box]);
    if (type === 'moof') segments.push(Buffer.from(box));
    if (type === 'mdat') segments.push(Buffer.concat([segments.pop() ?? box, box]));
  }
  return { init, segments };
}

const { init: INIT, segments: SEGMENTS } = parts(FILE);
const { tracks, config }: Init = unwrap(readInit(INIT));

/** When a track begins and ends in a segment, ms; undefined where it is not in there. */
function span(
  segment: Buffer,
  track: Track,
): { readonly from: number; readonly to: number } | undefined {
  const info = unwrap(readFragment(segment.subarray(8, segment.readUInt32BE(0)), [track]));
  return info && { from: info.startMs, to: info.startMs + info.durationMs };
}

describe('a movie of several epochs', () => {
  it('ORG-24 each goes on where the one before ended, in no track does time go back, and media stay as they are', () => {
    const join = new MovieJoin(tracks);
    const ends = new Map<number, number>();
    for (const epoch of [1, 2, 3])
      for (const original of SEGMENTS) {
        const segment = Buffer.from(original);
        unwrap(join.add([segment], { epoch, missingMs: 0 }));
        for (const track of tracks) {
          const of = span(segment, track);
          if (of === undefined) continue;
          expect(of.from).toBeGreaterThanOrEqual((ends.get(track.id) ?? 0) - 0.1);
          ends.set(track.id, of.to);
        }
        const media = (bytes: Buffer): Buffer => bytes.subarray(bytes.readUInt32BE(0));
        expect(media(segment).equals(media(original))).toBe(true);
      }
    expect(join.durationMs).toBeCloseTo(Math.max(...ends.values()), 0);
    // Three times as long as once.
    const once = new MovieJoin(tracks);
    for (const segment of SEGMENTS)
      unwrap(once.add([Buffer.from(segment)], { epoch: 1, missingMs: 0 }));
    expect(Math.abs(join.durationMs - 3 * once.durationMs)).toBeLessThan(150);
  });

  it('ORG-24 what is missing between epochs is time that passes', () => {
    const [first, last] = [SEGMENTS[0], SEGMENTS.at(-1)];
    if (first === undefined || last === undefined) return expect.unreachable();
    const lengths = [0, 7_000].map((missingMs) => {
      const join = new MovieJoin(tracks);
      unwrap(join.add([Buffer.from(first)], { epoch: 1, missingMs: 0 }));
      unwrap(join.add([Buffer.from(last)], { epoch: 2, missingMs }));
      return join.durationMs;
    });
    expect((lengths[1] ?? 0) - (lengths[0] ?? 0)).toBeCloseTo(7_000, 0);
  });

  it('ORG-24 two with the same configuration are alike, however many bits they had', () => {
    const other = Buffer.from(INIT);
    const at = other.indexOf('btrt');
    if (at > 0) other.writeUInt32BE(123_456, at + 8);
    expect(sameBytes(unwrap(readInit(other)).config, config)).toBe(true);
    const avcc = other.indexOf('avcC');
    other.writeUInt8(other.readUInt8(avcc + 6) ^ 1, avcc + 6);
    expect(sameBytes(unwrap(readInit(other)).config, config)).toBe(false);
  });

  it('ORG-25 the first key frame of a segment makes a fragment of its own', () => {
    const video = tracks.find(({ kind }) => kind === 'video') ?? expect.unreachable();
    const whole = Buffer.concat(SEGMENTS);
    const key = unwrap(firstKeyFrame(whole, video)) ?? expect.unreachable();
    const still = Buffer.from(stillFragment(key, video, 7));
    expect(span(still, video)).toEqual({ from: 7_000, to: 8_000 });
    expect(unwrap(firstKeyFrame(still, video))?.data).toEqual(key.data);
  });

  it('ORG-25 a key frame of an open group of HEVC is called what it is where streams are spliced', () => {
    const key = (...units: readonly number[][]): Sample => ({
      ...{ data: Uint8Array.from(units.flat()), at: 0, shownLater: 0, sync: true },
    });
    // A message before the picture, and slices of a CRA picture, of type 21.
    const message = [0, 0, 0, 3, 39 << 1, 1, 42];
    const picture = (type: number): number[] => [0, 0, 0, 4, type << 1, 1, 21 << 1, 7];
    const init = { tracks, config, hevcLengthBytes: 4 };
    const open = key(message, picture(21), picture(21));
    expect(splicedKey(init, open)).toEqual(key(message, picture(16), picture(16)));
    expect(open).toEqual(key(message, picture(21), picture(21)));
    const closed = key(message, picture(19));
    expect(splicedKey(init, closed)).toEqual(closed);
    expect(splicedKey({ tracks, config }, open)).toBe(open);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (data, bytes) => {
          const torn = splicedKey({ tracks, config, hevcLengthBytes: bytes }, { ...open, data });
          expect(torn.data).toHaveLength(data.length);
        },
      ),
    );
  });

  it('ORG-24 what is damaged is an error, and never throws', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(255), fc.nat(5_000), (at, value, cut) => {
        const [segment = Buffer.alloc(0)] = SEGMENTS;
        const broken = Buffer.from(segment.subarray(0, segment.length - (cut % segment.length)));
        if (at < broken.length) broken[at] = value;
        const join = new MovieJoin(tracks);
        join.add([broken], { epoch: 1, missingMs: 0 });
        const init = Buffer.from(INIT);
        init[(at * 7) % init.length] = value;
        readInit(init);
        for (const track of tracks) firstKeyFrame(broken, track);
      }),
      { numRuns: 500 },
    );
  });
});
