import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { unwrap } from '@shoal/protocol';
import {
  codecsOf,
  joinInits,
  MovieJoin,
  readBoxes,
  readFragment,
  readInit,
  renameTrack,
  sameBytes,
  type Sample,
  type Track,
  writeFragment,
} from '@shoal/server/core';
import { describe, expect, it } from 'vitest';
import { keepTracks } from '../../../../../server/src/core/fmp4/keep-tracks.ts';
import { silentInit } from '../../../../../server/src/core/fmp4/silence.ts';

const FILE = readFileSync(new URL('../../../../fixtures/server-media/av.mp4', import.meta.url));

/** The initialisation section of a file, with these tracks of it alone. */
function initOf(kind?: Track['kind']): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < FILE.length; at += FILE.readUInt32BE(at)) {
    const box = FILE.subarray(at, at + FILE.readUInt32BE(at));
    const type = box.toString('latin1', 4, 8);
    if (type === 'ftyp') parts.push(box);
    if (type !== 'moov') continue;
    const tracks = TRACKS.filter((track) => kind === undefined || track.kind === kind);
    parts.push(unwrap(keepTracks(box.subarray(8), tracks)));
  }
  return Buffer.concat(parts);
}

const at = FILE.indexOf('moov') - 4;
const TRACKS = unwrap(readInit(FILE.subarray(0, at + FILE.readUInt32BE(at)))).tracks;
const [PICTURE, SOUND] = [initOf('video'), initOf('audio')];
const VIDEO = TRACKS.find(({ kind }) => kind === 'video') ?? expect.unreachable();
const AUDIO = TRACKS.find(({ kind }) => kind === 'audio') ?? expect.unreachable();

/** A fragment of a track, from and to so many seconds. */
function fragment(track: Track, from: number, to: number): Uint8Array {
  const video = track.kind === 'video';
  const step = video ? track.timescale / 30 : 1_024;
  const samples: Sample[] = [];
  const end = Math.round(to * track.timescale);
  for (let time = Math.round(from * track.timescale); time < end; time += step)
    samples.push({ data: Uint8Array.of(1, 2, 3), at: time, shownLater: 0, sync: true });
  return writeFragment(1, [{ id: track.id, samples, end, video }]);
}

/** When a track begins in a file of a segment, ms. */
function startMs(segment: Uint8Array, track: Track): number | undefined {
  const [moof] = unwrap(readBoxes(segment));
  return unwrap(readFragment(moof?.body ?? new Uint8Array(0), [track]))?.startMs;
}

describe('picture and sound that come apart', () => {
  it('ORG-24 are one movie with both tracks, as they were in one', () => {
    const { bytes, soundId } = unwrap(joinInits(PICTURE, SOUND));
    const { tracks } = unwrap(readInit(bytes));
    expect(codecsOf(tracks)).toBe(codecsOf(TRACKS));
    expect(tracks).toEqual([VIDEO, { ...AUDIO, id: soundId }]);
    expect(soundId).not.toBe(VIDEO.id);
    expect(unwrap(readBoxes(bytes)).map(({ type }) => type)).toEqual(['ftyp', 'moov']);
  });

  it('ORG-24 the id of the sound is that of the movie, whatever it was', () => {
    const silent = unwrap(joinInits(PICTURE, silentInit()));
    const heard = unwrap(joinInits(PICTURE, SOUND));
    expect(silent.soundId).toBe(heard.soundId);
    const segment = fragment({ ...AUDIO, id: 77 }, 0, 1);
    unwrap(renameTrack(segment, heard.soundId));
    const named = { ...AUDIO, id: heard.soundId };
    expect(startMs(segment, named)).toBe(0);
    expect(sameBytes(segment, fragment(named, 0, 1))).toBe(true);
    // Another kind of sound is another movie.
    const configs = [silent, heard].map(({ bytes }) => unwrap(readInit(bytes)).config);
    expect(sameBytes(configs[0] ?? PICTURE, configs[1] ?? PICTURE)).toBe(false);
  });

  it('ORG-24 stay together over epochs and what is missing, to a frame of sound', () => {
    const { bytes, soundId } = unwrap(joinInits(PICTURE, SOUND));
    const { tracks } = unwrap(readInit(bytes));
    const sound = { ...AUDIO, id: soundId };
    const join = new MovieJoin(tracks);
    let before = -1;
    for (const [epoch, base] of [
      [1, 0],
      [2, 3],
      [3, 500],
    ] as const)
      for (const second of [0, 1, 3]) {
        const from = base + second;
        // Sound is cut up to a frame later, in each epoch at another place.
        const later = (((epoch * 7 + second * 5) % 20) + 1) / 1_000;
        const files = [
          fragment(sound, from + later, from + 1 + later),
          fragment(VIDEO, from, from + 1),
        ];
        unwrap(join.add(files, { epoch, missingMs: 0 }));
        const [heard = NaN, seen = NaN] = [
          startMs(files[0] ?? bytes, sound),
          startMs(files[1] ?? bytes, VIDEO),
        ];
        expect(heard - seen).toBeGreaterThanOrEqual(0);
        expect(heard - seen).toBeLessThan(22);
        expect(seen).toBeGreaterThan(before);
        before = seen;
      }
    // Four seconds each, one of which is missing.
    expect(Math.abs(join.durationMs - 12_000)).toBeLessThan(70);
  });

  it('ORG-24 what has no sound, no picture or no defaults cannot be joined', () => {
    expect(joinInits(PICTURE, PICTURE)).toEqual({ ok: false, error: 'no sound' });
    expect(joinInits(PICTURE, new Uint8Array(0)).ok).toBe(false);
    const bare = Buffer.from(SOUND);
    bare.write('free', bare.indexOf('trex'));
    expect(joinInits(PICTURE, bare)).toEqual({ ok: false, error: 'no trex box' });
    const still = Buffer.from(PICTURE);
    still.write('free', still.indexOf('mvex'));
    expect(joinInits(still, SOUND)).toEqual({ ok: false, error: 'no mvex box' });
  });

  it('ORG-24 what is damaged is an error, and never throws', () => {
    const damage = fc.tuple(fc.nat(), fc.nat(255), fc.nat());
    fc.assert(
      fc.property(damage, fc.boolean(), ([place, value, cut], first) => {
        const broken = (bytes: Uint8Array): Uint8Array => {
          const changed = Buffer.from(bytes.subarray(0, bytes.length - (cut % 40)));
          changed[place % changed.length] = value;
          return changed;
        };
        joinInits(first ? broken(PICTURE) : PICTURE, first ? SOUND : broken(SOUND));
        renameTrack(broken(fragment(AUDIO, 0, 1)), 3);
      }),
      { numRuns: 500 },
    );
  });
});
