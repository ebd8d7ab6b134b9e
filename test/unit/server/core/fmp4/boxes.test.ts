import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BoxStream,
  codecsOf,
  readBoxes,
  readFragment,
  readMovie,
  type WholeBox,
} from '@shoal/server/core';
import { mediaFixture } from './media-fixtures.ts';

function wholeBoxes(bytes: Uint8Array, chunkBytes = bytes.length): readonly WholeBox[] {
  const stream = new BoxStream({ maxBytes: 1_000_000 });
  const boxes: WholeBox[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const done = stream.push(bytes.subarray(at, at + chunkBytes));
    if (!done.ok) throw new Error(done.error);
    boxes.push(...done.value);
  }
  return boxes;
}

function bodyOf(type: string, name: 'av' | 'v' | 'a'): Uint8Array {
  const found = wholeBoxes(mediaFixture(name)).find((box) => box.type === type);
  if (found === undefined) throw new Error(`no ${type}`);
  return found.bytes.subarray(8);
}

describe('the box stream', () => {
  it.each([1, 7, 8, 9, 1000, 65_536])('chunks of %i bytes give the same boxes', (chunkBytes) => {
    const bytes = mediaFixture('av');
    const boxes = wholeBoxes(bytes, chunkBytes);
    expect(Buffer.concat(boxes.map((box) => box.bytes)).equals(bytes)).toBe(true);
    expect(boxes.map(({ type }) => type).slice(0, 4)).toEqual(['ftyp', 'moov', 'moof', 'mdat']);
  });

  it.each([0, 1, 7, 1001, 0xffff_ffff])('a box of %i bytes is an error', (size) => {
    const header = Buffer.alloc(8, 'mdat');
    header.writeUInt32BE(size, 0);
    expect(new BoxStream({ maxBytes: 1000 }).push(header).ok).toBe(false);
  });
});

describe('the movie box', () => {
  it('names codecs and size as the playlist wants them', () => {
    const tracks = readMovie(bodyOf('moov', 'av'));
    expect(tracks).toMatchObject({
      ok: true,
      value: [
        { kind: 'video', width: 96, height: 54 },
        { kind: 'audio', codec: 'mp4a.40.2' },
      ],
    });
    if (tracks.ok) expect(codecsOf(tracks.value)).toBe('avc1.42D00B,mp4a.40.2');
  });

  it('other codecs, no tracks and broken boxes are errors', () => {
    const moov = Buffer.from(bodyOf('moov', 'v'));
    const other = Buffer.from(moov);
    other.write('vp09', other.indexOf('avc1'), 'latin1');
    expect(readMovie(other)).toEqual({ ok: false, error: 'unsupported sample entry vp09' });
    expect(readMovie(new Uint8Array(0))).toEqual({ ok: false, error: 'no tracks' });
    expect(readBoxes(Uint8Array.of(0, 0, 0, 9, 1, 2, 3, 4)).ok).toBe(false);
  });
});

describe('a fragment', () => {
  it('tells start, length, samples and whether it begins with a key frame', () => {
    const tracks = readMovie(bodyOf('moov', 'av'));
    const info = tracks.ok ? readFragment(bodyOf('moof', 'av'), tracks.value) : undefined;
    expect(info).toMatchObject({ ok: true, value: { startMs: 0, samples: 15, sync: true } });
    if (info?.ok === true) expect(info.value?.durationMs).toBeCloseTo(1_000, -2);
  });

  it('bytes that were changed anywhere never make a reader throw', () => {
    const bytes = mediaFixture('av').subarray(0, 4_000);
    const changes = fc.array(
      fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 })),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(changes, (list) => {
        const changed = Uint8Array.from(bytes);
        for (const [at, value] of list) changed[at] = value;
        const boxes = new BoxStream({ maxBytes: 100_000 }).push(changed);
        if (!boxes.ok) return;
        const bodies = boxes.value.map(({ type, bytes: whole }) => ({
          type,
          body: whole.subarray(8),
        }));
        const moov = bodies.find(({ type }) => type === 'moov');
        const tracks = moov === undefined ? undefined : readMovie(moov.body);
        for (const { type, body } of bodies)
          if (type === 'moof') readFragment(body, tracks?.ok === true ? tracks.value : []);
      }),
      { numRuns: 300 },
    );
  });
});
