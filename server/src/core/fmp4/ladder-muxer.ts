import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { joined } from './boxes.ts';
import { CutRule, type CutTimes } from './cut-rule.ts';
import { type CutInit, type CutPart, type CutSegment, type Cutter, type PartedCut } from './cut.ts';
import { keepTracks } from './keep-tracks.ts';
import { type FragmentPart, type MoviePart, MovieStream } from './movie-stream.ts';
import { type Track } from './movie.ts';
import { readSamples } from './read-samples.ts';
import { silence, SILENT_TRACK, silentInit } from './silence.ts';
import { type Sample, type TrackSamples, writeFragment } from './write-fragment.ts';
import { segmentOf, type WrittenPart } from './written-part.ts';

/** Where a part begins. */
type Start = {
  /** When its first frame of the leading track is decoded. Milliseconds. */
  readonly at: number;
  /** When that is shown: where it begins in tracks without frames out of order. */
  readonly cutMs: number;
  readonly segment: boolean;
  readonly sync: boolean;
};

/** Frames of a track that are in no part yet. */
type Queue = { readonly track: Track; readonly frames: Sample[]; lastUnits: number };

/** Timestamps of renditions are the same to the millisecond. */
const SAME_MS = 5;
/** How long a part waits for its sound. */
const SOUND_MS = 500;
/** Parts that wait for the slowest rendition. */
const MAX_WAITING = 60;

/**
 * Cuts one fragmented MP4 of several pictures and one sound, in which every frame is a fragment of its own, into renditions whose
 * segments and parts cover the same time: each picture with the sound, or the sound apart, after them. The first picture, the source, leads: where its parts and
 * segments begin, those of the others do. A part is whole when every rendition and the sound have come to its end.
 */
export class LadderMuxer implements Cutter {
  readonly #count: number;
  readonly #rule: CutRule;
  readonly #listsParts: boolean;
  readonly #soundApart: boolean;
  readonly #input: MovieStream = new MovieStream();
  #pictures: readonly Queue[] = [];
  #sound: Queue | undefined;
  /** Decode time after the last sound that was written apart, in units of its track; undefined before there was any. */
  #soundEnd: number | undefined;
  #starts: Start[] = [];
  /** By how much the source's key frames are shown later than decoded. */
  #shownLaterMs = 0;
  #parts: WrittenPart[] = [];
  #tail: CutPart[] = [];
  #sequence = 0;
  #bytes = 0;

  /**
   * `renditions`: how many the encoder was asked for, the source included. `soundApart`: the sound is one more, and no other has it;
   * where there is none, it is silence. Default false.
   */
  constructor(options: CutTimes & { readonly renditions: number; readonly soundApart?: boolean }) {
    this.#soundApart = options.soundApart ?? false;
    this.#rule = new CutRule(options);
    this.#listsParts = options.partMs !== undefined;
    this.#count = options.renditions;
  }

  push(chunk: Uint8Array): Result<readonly PartedCut[], string> {
    const cuts: PartedCut[] = [];
    const taken = this.#input.push(chunk, (part) =>
      part.type === 'movie' ? this.#movie(part, cuts) : this.#media(part, cuts),
    );
    return taken.ok ? ok(cuts) : taken;
  }

  /** What all renditions have when the encoder has left; an end that some of them lack is of no use. */
  finish(): readonly CutSegment[] {
    const [lead, ...others] = this.#pictures.length > 0 ? this.#pictures : this.#sounds();
    if (lead === undefined) return [];
    const later = this.#pictures.length > 0 ? this.#shownLaterMs : 0;
    const end = Math.min(endMs(lead) + later, ...others.map(endMs));
    const segments: CutSegment[] = [];
    for (let next = this.#starts[1]; next !== undefined; next = this.#starts[1]) {
      if (next.cutMs > end + SAME_MS || !this.#finishPart(next)) break;
      this.#starts.shift();
      if (next.segment) segments.push(...this.#close());
    }
    const at = end - later;
    if (at > (this.#starts[0]?.at ?? Infinity))
      this.#finishPart({ at, cutMs: end, segment: true, sync: false });
    return [...segments, ...this.#close()];
  }

  /** Writes one of the last parts, which its segment has with it. */
  #finishPart(next: Start): boolean {
    const part = this.#write(next);
    if (!part.ok) return false;
    this.#parts.push(part.value);
    if (this.#listsParts) this.#tail.push(part.value);
    return true;
  }

  #sounds(): readonly Queue[] {
    return this.#sound === undefined ? [] : [this.#sound];
  }

  #movie({ head, moov, tracks }: MoviePart, cuts: PartedCut[]): Result<undefined, string> {
    const pictures = tracks.filter(({ kind }) => kind === 'video');
    const sound = tracks.filter(({ kind }) => kind === 'audio').slice(0, 1);
    // Sound alone is the same in all renditions.
    if (pictures.length !== this.#count && pictures.length !== 0)
      return err(`${pictures.length} pictures instead of ${this.#count}`);
    const renditions: CutInit[] = [];
    const apart = this.#soundApart && pictures.length > 0;
    for (let i = 0; i < this.#count + (this.#soundApart ? 1 : 0); i++) {
      const picture = pictures.slice(i, i + 1);
      const own = apart && picture.length > 0 ? picture : [...picture, ...sound];
      if (own.length === 0) {
        renditions.push({ bytes: silentInit(), tracks: [SILENT_TRACK] });
        continue;
      }
      const kept = keepTracks(moov.subarray(8), own);
      if (!kept.ok) return kept;
      renditions.push({ bytes: joined([...head, kept.value]), tracks: own });
    }
    const queue = (track: Track): Queue => ({ track, frames: [], lastUnits: 0 });
    this.#pictures = pictures.map(queue);
    [this.#sound] = sound.map(queue);
    cuts.push({ type: 'init', renditions });
    return ok(undefined);
  }

  #media(fragment: FragmentPart, cuts: PartedCut[]): Result<undefined, string> {
    const queues = [...this.#pictures, ...this.#sounds()];
    if (queues.length === 0) return err('fragment before the initialisation section');
    const read = readSamples(
      fragment,
      queues.map(({ track }) => track),
    );
    if (!read.ok) return read;
    const { value } = read;
    const queue = queues.find(({ track }) => track === value?.track);
    for (const sample of value?.samples ?? []) {
      const last = queue?.frames.at(-1);
      if (queue === undefined) break;
      if (last !== undefined) queue.lastUnits = sample.at - last.at;
      if (queue === queues[0]) this.#lead(queue.track, sample);
      queue.frames.push(sample);
      this.#bytes += sample.data.length;
    }
    const slow = this.#starts.length > MAX_WAITING || this.#bytes > ORIGIN_LIMITS.segmentBytes;
    return slow ? err('a rendition does not keep up with the source') : this.#emit(cuts);
  }

  /** A frame of the source, or of the sound where there is no picture. */
  #lead(track: Track, { at, shownLater, sync }: Sample): void {
    const ms = msOf(track, at);
    if (sync) this.#shownLaterMs = msOf(track, shownLater);
    const begins = this.#rule.frame(ms, sync);
    if (begins === undefined && this.#starts.length > 0) return;
    const cutMs = ms + this.#shownLaterMs;
    this.#starts.push({ at: ms, cutMs, segment: begins !== 'part', sync });
  }

  #emit(cuts: PartedCut[]): Result<undefined, string> {
    for (let next = this.#starts[1]; next !== undefined; next = this.#starts[1]) {
      if (!this.#reached(next)) break;
      const written = this.#write(next);
      if (!written.ok) return written;
      this.#starts.shift();
      this.#parts.push(written.value);
      if (this.#listsParts) cuts.push({ type: 'part', part: written.value });
      if (next.segment)
        for (const segment of this.#close()) cuts.push({ type: 'segment', segment });
    }
    return ok(undefined);
  }

  /** Whether every track has come to where the next part begins. */
  #reached(next: Start): boolean {
    const [lead, ...others] = this.#pictures;
    const behind = others.some((queue) => lastMs(queue) < next.cutMs - SAME_MS);
    if (behind || this.#sound === undefined || lead === undefined) return !behind;
    return lastMs(this.#sound) >= next.cutMs || lastMs(lead) - next.at > SOUND_MS;
  }

  /** Writes what comes before `next`, in all renditions. */
  #write(next: Start): Result<WrittenPart, string> {
    const [start] = this.#starts;
    const lead = this.#pictures[0] ?? this.#sound;
    if (start === undefined || lead === undefined) return err('nothing to write');
    this.#sequence += 1;
    const leading = lead === this.#sound ? next.at : next.cutMs;
    const sounds = this.#sound && take(this.#sound, leading);
    const media: Uint8Array[] = [];
    let samples = sounds?.samples ?? [];
    for (const [i, queue] of this.#pictures.entries()) {
      const taken = take(queue, i === 0 ? next.at - 1 / 1000 : next.cutMs - SAME_MS);
      if (start.sync && taken.samples[0]?.sync !== true)
        return err('a rendition does not begin with a key frame');
      if (taken.samples.length === 0) return err('a rendition has no picture');
      if (i === 0) ({ samples } = taken);
      const alone = sounds === undefined || sounds.samples.length === 0 || this.#soundApart;
      const tracks = alone ? [taken] : [taken, sounds];
      media.push(writeFragment(this.#sequence, tracks));
    }
    const renditions = this.#count + (this.#soundApart ? 1 : 0);
    if (this.#pictures.length === 0 && sounds !== undefined) {
      const only = writeFragment(this.#sequence, [sounds]);
      for (let i = 0; i < renditions; i++) media.push(only);
    } else if (this.#soundApart)
      media.push(
        writeFragment(this.#sequence, [
          this.#apart(sounds, { fromMs: start.cutMs, untilMs: leading }),
        ]),
      );
    const rest = [...this.#pictures, ...this.#sounds()].flatMap(({ frames }) => frames);
    this.#bytes = rest.reduce((sum, { data }) => sum + data.length, 0);
    const [first, second] = samples;
    const firstMs = msOf(lead.track, (second?.at ?? first?.at ?? 0) - (first?.at ?? 0));
    const { at: startMs, sync: independent } = start;
    const durationMs = next.at - startMs;
    return ok({ media, startMs, durationMs, independent, samples: samples.length, firstMs });
  }

  /** The sound of a part as it is written apart: never before what was written, or the first picture, and silence where there is none. */
  #apart(
    sounds: TrackSamples | undefined,
    { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  ): TrackSamples {
    const track = this.#sound?.track ?? SILENT_TRACK;
    const { id } = track;
    const units = (ms: number): number => Math.round((ms * track.timescale) / 1000);
    const [from, until] = [this.#soundEnd ?? units(fromMs), units(untilMs)];
    const heard = sounds?.samples.filter(({ at }) => at >= from) ?? [];
    const heardEnd = heard.length > 0 && sounds !== undefined ? sounds.end : from;
    const missing = silence(track, heardEnd, until);
    const samples = [...heard, ...missing];
    const end = missing.length > 0 || heard.length === 0 ? silenceEnd(missing, until) : heardEnd;
    this.#soundEnd = end;
    return { id, samples, end, video: false };
  }

  #close(): readonly CutSegment[] {
    const [segment, tail] = [segmentOf(this.#parts), this.#tail];
    this.#parts = [];
    this.#tail = [];
    return segment === undefined ? [] : [{ ...segment, ...(tail.length > 0 && { tail }) }];
  }
}

function msOf({ timescale }: Track, units: number): number {
  return (units * 1000) / timescale;
}

function lastMs({ track, frames }: Queue): number {
  return msOf(track, frames.at(-1)?.at ?? -Infinity);
}

function endMs({ track, frames, lastUnits }: Queue): number {
  return msOf(track, (frames.at(-1)?.at ?? 0) + lastUnits);
}

function silenceEnd(samples: readonly Sample[], until: number): number {
  const [last, before] = [samples.at(-1), samples.at(-2)];
  if (last === undefined) return until;
  return last.at + (before === undefined ? SILENT_TRACK.defaultDuration : last.at - before.at);
}

/** Takes the frames before a moment, as a fragment has them. */
function take(queue: Queue, beforeMs: number): TrackSamples {
  const { track, frames, lastUnits } = queue;
  let count = frames.findIndex(({ at }) => msOf(track, at) >= beforeMs);
  if (count < 0) count = frames.length;
  const samples = frames.splice(0, count);
  const end = frames[0]?.at ?? (samples.at(-1)?.at ?? 0) + lastUnits;
  return { id: track.id, samples, end, video: track.kind === 'video' };
}
