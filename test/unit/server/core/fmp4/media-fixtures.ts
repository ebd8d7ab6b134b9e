import { readFileSync } from 'node:fs';

/**
 * Fragmented MP4 of 4 s by ffmpeg 5.1: 96×54, 15 frames/s, a key frame each second; `ladder` as the origin calls it for two
 * rungs, of a source with B-frames.
 */
export function mediaFixture(name: 'av' | 'v' | 'a' | 'ladder'): Uint8Array {
  const url = new URL(`../../../../fixtures/server-media/${name}.mp4`, import.meta.url);
  return new Uint8Array(readFileSync(url));
}

function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = 8 + parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32BE(size, 0);
  bytes.write(type, 4, 'latin1');
  Buffer.concat(parts).copy(bytes, 8);
  return bytes;
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

/** Units per second of the video tracks of the fixtures. */
const TIMESCALE = 16_000;
const LADDER_TIMESCALE = 90_000;
const SOUND_TIMESCALE = 44_100;

/** A fragment of a video track of the fixtures, of 25 samples a second; `track`: of the ladder's, whose fourth is the sound. */
export function videoFragment(options: {
  readonly startMs: number;
  readonly durationMs: number;
  readonly key?: boolean;
  readonly bytes?: number;
  readonly track?: 1 | 2 | 3 | 4;
}): Uint8Array {
  const { startMs, durationMs, key = true, bytes = 100, track } = options;
  const ofLadder = track === 4 ? SOUND_TIMESCALE : LADDER_TIMESCALE;
  const timescale = track === undefined ? TIMESCALE : ofLadder;
  const samples = Math.max(1, Math.round(durationMs / 40));
  const units = (ms: number): number => Math.round((ms * timescale) / 1000);
  const each = Math.floor(units(durationMs) / samples);
  const durations = Array.from({ length: samples }, (_, i) =>
    i === 0 ? units(durationMs) - each * (samples - 1) : each,
  );
  const traf = box(
    'traf',
    box('tfhd', words(0x02_0000, track ?? 1)),
    box('tfdt', words(0x0100_0000, 0, units(startMs))),
    box('trun', words(0x000_105, samples, 0, key ? 0x0200_0000 : 0x0101_0000, ...durations)),
  );
  return Buffer.concat([
    box('moof', box('mfhd', words(0, 1)), traf),
    box('mdat', Buffer.alloc(bytes)),
  ]);
}

/** The initialisation section of a fixture: everything before its first fragment. */
export function initSection(name: 'av' | 'v' | 'a' | 'ladder'): Uint8Array {
  const bytes = Buffer.from(mediaFixture(name));
  return bytes.subarray(0, bytes.indexOf('moof') - 4);
}

/** `bytes` in pieces of these sizes, over and over. */
export function chunksOf(bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
