import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { joined } from './boxes.ts';
import {
  type Cut,
  type CutInit,
  type CutSegment,
  type Cutter,
  ROUNDING_MS,
  type SegmenterOptions,
  TARGET_SLACK_MS,
} from './cut.ts';
import { type FragmentInfo, readFragmentOfOne } from './fragment.ts';
import { keepTracks } from './keep-tracks.ts';
import { type FragmentPart, type MoviePart, MovieStream } from './movie-stream.ts';
import { type Track } from './movie.ts';

/** Where a segment begins. */
type Start = {
  /** When its first picture is shown; without a key frame there, when that is decoded. */
  readonly cutMs: number;
  readonly sync: boolean;
  readonly startMs: number;
  readonly firstMs: number;
};

/** A segment that is being filled, in all renditions. */
type Open = {
  /** Foreseen where the source has given nothing of it yet. */
  start: Start;
  /** Where the next one begins, once the source has ended this one at a key frame. */
  next: Start | undefined;
  /** Whether the sound that came with that has come too. */
  heard: boolean;
  /** Of the leading track. */
  durationMs: number;
  samples: number;
  fragments: number;
  /** Fragments of each rendition, and their bytes. */
  readonly media: Uint8Array[][];
  readonly bytes: number[];
  /** Renditions whose picture is in it. */
  readonly pictures: Set<number>;
};

/** Timestamps of renditions are the same to the millisecond. */
const SAME_MS = 5;
/** A segment that ends without a key frame ends for each rendition at the frame that it had reached. */
const FRAMES_MS = 120;
/** Renditions whose ends are farther apart than this when the encoder leaves were not all written out. */
const LEFT_MS = 250;
/**
 * The encoder ends all fragments when one of them has become so long; the others are shorter by this at most, and what is
 * shorter still has ended at a key frame.
 */
const TOGETHER_MS = 150;
/** Segments that are open at a time: the one that ends, and the next. */
const MAX_OPEN = 3;

/**
 * Cuts one fragmented MP4 of several pictures and one sound, each with fragments of its own, into renditions whose segments
 * cover the same time: each picture with the sound. The first picture, the source, leads: where its segments end, those
 * of the others do, at a key frame. A segment is whole when every rendition has come to its end and the sound with them,
 * which is known as soon as the source has ended a fragment at a key frame.
 */
export class LadderSegmenter implements Cutter {
  readonly #options: SegmenterOptions;
  readonly #count: number;
  readonly #input: MovieStream = new MovieStream();
  #tracks: readonly Track[] = [];
  #pictures: readonly Track[] = [];
  #open: Open[] = [];
  /** How far each rendition has come. */
  #ends: number[] = [];
  /** Of the source: how long the group of pictures is so far, and how long the last one was. */
  #groupMs = 0;
  #lastGroupMs = 0;
  /** By how much its key frames are shown later than decoded. */
  #shownLaterMs = 0;

  /** `renditions`: how many the encoder was asked for, the source included. */
  constructor(options: SegmenterOptions & { readonly renditions: number }) {
    this.#options = options;
    this.#count = options.renditions;
  }

  push(chunk: Uint8Array): Result<readonly Cut[], string> {
    const cuts: Cut[] = [];
    const taken = this.#input.push(chunk, (part) =>
      part.type === 'movie' ? this.#movie(part, cuts) : this.#media(part, cuts),
    );
    return taken.ok ? ok(cuts) : taken;
  }

  finish(): readonly CutSegment[] {
    const [first, ...rest] = this.#ends;
    const written = rest.every((end) => Math.abs(end - (first ?? 0)) <= LEFT_MS);
    const left = written ? this.#open.splice(0) : [];
    // Sound is there in all of them, and makes no segment where a picture belongs to it.
    const whole = ({ samples, pictures }: Open): boolean =>
      samples > 0 && pictures.size === this.#pictures.length;
    return left.filter(whole).map(closed);
  }

  #movie({ head, moov, tracks: all }: MoviePart, cuts: Cut[]): Result<undefined, string> {
    this.#tracks = all;
    this.#pictures = all.filter(({ kind }) => kind === 'video');
    const sound = all.filter(({ kind }) => kind === 'audio').slice(0, 1);
    // Sound alone is the same in all renditions.
    if (this.#pictures.length !== this.#count && this.#pictures.length !== 0)
      return err(`${this.#pictures.length} pictures instead of ${this.#count}`);
    const renditions: CutInit[] = [];
    for (let i = 0; i < this.#count; i++) {
      const tracks = [...this.#pictures.slice(i, i + 1), ...sound];
      const kept = keepTracks(moov.subarray(8), tracks);
      if (!kept.ok) return kept;
      renditions.push({ bytes: joined([...head, kept.value]), tracks });
    }
    this.#ends = renditions.map(() => 0);
    cuts.push({ type: 'init', renditions });
    return ok(undefined);
  }

  #media({ moof, mdat }: FragmentPart, cuts: Cut[]): Result<undefined, string> {
    const read = readFragmentOfOne(moof.subarray(8), this.#tracks);
    if (!read.ok) return read;
    if (read.value === undefined) return ok(undefined);
    const { track, info } = read.value;
    const fragment = [moof, mdat];
    const picture = this.#pictures.indexOf(track);
    if (picture > 0) {
      const taken = this.#follow(picture, info, fragment);
      if (!taken.ok) return taken;
    } else if (picture === 0 || this.#pictures.length === 0) {
      const taken = this.#lead(info, fragment);
      if (!taken.ok) return taken;
    } else {
      // Sound goes where the source is, so that it is divided alike in all renditions.
      const open = this.#open[this.#open.length - 1];
      for (let i = 0; i < this.#count; i++) put(open, i, fragment);
      if (open?.next !== undefined) open.heard = true;
    }
    if (this.#open.some(({ bytes }) => bytes.some((size) => size > ORIGIN_LIMITS.segmentBytes)))
      return err('segment too large');
    this.#emit(cuts);
    return ok(undefined);
  }

  /** A fragment of the source, or of the sound where there is no picture. */
  #lead(info: FragmentInfo, fragment: readonly Uint8Array[]): Result<undefined, string> {
    if (info.sync) {
      if (this.#groupMs > 0) this.#lastGroupMs = this.#groupMs;
      this.#groupMs = 0;
      this.#shownLaterMs = info.shownLaterMs;
    }
    const start = startOf(info);
    if (this.#mustCloseBefore(info)) {
      if (this.#open.length >= MAX_OPEN) return err('a rendition does not keep up with the source');
      this.#open.push(opened(start, this.#count));
    }
    this.#groupMs += info.durationMs;
    const open = this.#open[this.#open.length - 1];
    if (open === undefined) return ok(undefined);
    if (open.fragments === 0) open.start = start;
    open.durationMs += info.durationMs;
    open.samples += info.samples;
    open.fragments += 1;
    if (this.#pictures.length > 0) {
      put(open, 0, fragment);
      open.pictures.add(0);
    } else for (let i = 0; i < this.#count; i++) put(open, i, fragment);
    const end = info.startMs + info.durationMs;
    if (this.#pictures.length > 0) this.#ends[0] = end;
    else this.#ends = this.#ends.map(() => end);
    open.next = this.#endsSegment(info, open)
      ? { cutMs: end + this.#shownLaterMs, sync: true, startMs: end, firstMs: 0 }
      : undefined;
    open.heard = this.#tracks.length === Math.max(1, this.#pictures.length);
    return ok(undefined);
  }

  /** Whether a key frame that has ended this fragment of the source is also where the segment ends. */
  #endsSegment(last: FragmentInfo, open: Open): boolean {
    const frameMs = last.durationMs / Math.max(1, last.samples);
    // At the key frames of the renditions all fragments end too: as much after the source's as it is out of order.
    const late = this.#shownLaterMs > 0 ? this.#shownLaterMs + 1.5 * frameMs : 0;
    if (this.#pictures.length > 0 && last.sync && last.durationMs <= late) return false;
    const sound = this.#pictures.length === 0;
    if (!sound && last.durationMs > this.#options.fragmentMs - TOGETHER_MS) return false;
    return this.#reached(open.durationMs, this.#groupMs);
  }

  #reached(durationMs: number, groupMs: number): boolean {
    const { targetMs } = this.#options;
    // The next group is probably as long as this one: when it would not fit, waiting only costs latency.
    return (
      durationMs >= targetMs - TARGET_SLACK_MS || durationMs + groupMs > targetMs + ROUNDING_MS
    );
  }

  /** A fragment of a transcoded picture. */
  #follow(
    i: number,
    info: FragmentInfo,
    fragment: readonly Uint8Array[],
  ): Result<undefined, string> {
    const begins = info.startMs + (info.sync ? info.shownLaterMs : 0);
    const ends = info.startMs + info.durationMs;
    let open = this.#open[0];
    for (const later of this.#open.slice(1)) {
      const { cutMs, sync } = later.start;
      if (begins >= cutMs - (sync ? SAME_MS : FRAMES_MS)) open = later;
      else if (sync && ends > cutMs + SAME_MS)
        return err('a rendition has no key frame where the source has one');
    }
    if (open?.start.sync === true && open.media[i]?.length === 0 && !info.sync)
      return err('a rendition does not begin with a key frame');
    put(open, i, fragment);
    open?.pictures.add(i);
    this.#ends[i] = ends;
    return ok(undefined);
  }

  #mustCloseBefore(next: FragmentInfo): boolean {
    const open = this.#open[this.#open.length - 1];
    if (open === undefined) return true;
    if (open.fragments === 0) return false;
    if (open.fragments >= ORIGIN_LIMITS.fragmentsPerSegment * this.#count) return true;
    if (open.durationMs + next.durationMs > this.#options.limitMs()) return true;
    return next.sync && this.#reached(open.durationMs, this.#lastGroupMs);
  }

  #emit(cuts: Cut[]): void {
    for (let [first, second] = this.#open; first !== undefined; [first, second] = this.#open) {
      const next = second?.start ?? (first.heard ? first.next : undefined);
      if (next === undefined) return;
      const reached = next.cutMs - (next.sync ? SAME_MS : FRAMES_MS);
      if (!this.#ends.slice(1).every((end) => end >= reached)) return;
      this.#open.shift();
      if (second === undefined) this.#open.push(opened(next, this.#count));
      cuts.push({ type: 'segment', segment: closed(first) });
    }
  }
}

function startOf({ startMs, shownLaterMs, firstMs, sync }: FragmentInfo): Start {
  return { cutMs: startMs + (sync ? shownLaterMs : 0), sync, startMs, firstMs };
}

function opened(start: Start, renditions: number): Open {
  return {
    start,
    next: undefined,
    heard: false,
    durationMs: 0,
    samples: 0,
    fragments: 0,
    media: Array.from({ length: renditions }, () => []),
    bytes: Array.from({ length: renditions }, () => 0),
    pictures: new Set(),
  };
}

function put(open: Open | undefined, rendition: number, fragment: readonly Uint8Array[]): void {
  // Sound from before the first picture has no segment to be in.
  if (open === undefined) return;
  open.media[rendition]?.push(...fragment);
  for (const part of fragment) open.bytes[rendition] = (open.bytes[rendition] ?? 0) + part.length;
}

function closed(open: Open): CutSegment {
  const { durationMs, samples } = open;
  const { startMs, firstMs, sync } = open.start;
  return {
    media: open.media.map(joined),
    startMs,
    durationMs,
    sampleRate: ((samples - 1) * 1000) / Math.max(1, durationMs - firstMs),
    independent: sync,
  };
}
