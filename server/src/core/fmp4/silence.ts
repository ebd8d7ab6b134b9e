import { soundOfHeader } from './sound-source.ts';
import { type Track } from './movie.ts';
import { type Sample } from './write-fragment.ts';
import { AUDIO_TRACK_ID, writeInit } from './write-movie.ts';

/** Frames of AAC-LC in which nothing is heard, by their number of channels. */
const FRAMES: ReadonlyMap<number, Uint8Array> = new Map([
  [1, Uint8Array.of(0x00, 0xc8, 0x00, 0x80, 0x23, 0x80)],
  [2, Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80)],
]);
const FRAME_SAMPLES = 1_024;
const AAC_LC = 'mp4a.40.2';
/** AudioSpecificConfig of AAC-LC, 48 kHz, stereo. */
const CONFIG = Uint8Array.of(0x11, 0x90);
const RATE = 48_000;

/** A track of sound for media that have none. */
export const SILENT_TRACK: Track = {
  ...{ id: AUDIO_TRACK_ID, kind: 'audio', codec: AAC_LC, timescale: RATE },
  ...{ sampleRate: RATE, channels: 2, defaultDuration: FRAME_SAMPLES, defaultFlags: 0 },
};

/** The initialisation section of {@link SILENT_TRACK}. */
export function silentInit(): Uint8Array {
  return writeInit(undefined, soundOfHeader('AAC', CONFIG));
}

/**
 * Frames of silence for a track, from a decode time until another, in its units; none where silence of its kind cannot be written
 * without an encoder.
 */
export function silence(track: Track, from: number, until: number): readonly Sample[] {
  if (track.kind !== 'audio' || track.codec !== AAC_LC) return [];
  const data = FRAMES.get(track.channels);
  const samples: Sample[] = [];
  if (data === undefined) return samples;
  const step = (FRAME_SAMPLES * track.timescale) / track.sampleRate;
  for (let at = from; at < until; at += step)
    samples.push({ data, at: Math.round(at), shownLater: 0, sync: true });
  return samples;
}
