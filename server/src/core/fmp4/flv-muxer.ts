import { err, ok, type Result } from '@shoal/protocol';
import { type AudioConfig, audioConfig } from '../aac/audio-config.ts';
import { TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES, tagKind } from '../flv/tag.ts';
import { pictureSize } from '../h264/picture-size.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { CutRule, type CutTimes } from './cut-rule.ts';
import { type Sample, type TrackSamples, writeFragment } from './write-fragment.ts';
import {
  AAC_FRAME,
  AUDIO_TRACK_ID,
  VIDEO_TRACK,
  type VideoSource,
  writeInit,
} from './write-movie.ts';

/** Where a frame's bytes begin in its tag: after frame and packet type, and for pictures the composition time. */
const VIDEO_AT = TAG_HEAD_BYTES + 5;
const AUDIO_AT = TAG_HEAD_BYTES + 2;
const TAIL = TAG_OVERHEAD_BYTES - TAG_HEAD_BYTES;
const VIDEO_UNITS_PER_MS = VIDEO_TRACK.timescale / 1000;
/** Sound that is so many frames from where the one before has ended is where its timestamp says; FLV counts milliseconds. */
const SOUND_SLACK_FRAMES = 2;
/** How long a picture lasts that is the first and the last. */
const PICTURE_MS = 40;
/** A picture whose timestamp is not later than the one before is put so much later: an encoder's slip. */
const LEAST_MS = 1;
/** Timestamps that go back by more are those of another stream. */
const MOST_BACK_MS = 1_000;

/** What the muxer is to do. */
export type FlvMuxerOptions = {
  /** A fragment ends at a key frame or after this time, whichever comes first. */
  readonly fragmentMs: number;
  /** Cuts fragments that are parts of segments instead: none is longer than `partMs`, and a key frame ends one only where a segment ends. */
  readonly parts?: PartTimes;
};

/** How long parts may be, and segments should be. Milliseconds. */
export type PartTimes = Required<Pick<CutTimes, 'partMs' | 'targetMs'>>;

/** How long the first part waits for the header of the sound. */
const FIRST_PART_MS = 700;

/**
 * Copies H.264 and AAC from FLV tags into fragmented MP4, a fragment for each group of pictures, as ffmpeg does with `-c copy` and
 * `frag_keyframe`, or for each part of a segment (draft-pantos-hls-rfc8216bis section 4.4.4.9). The initialisation section comes with the first fragment, when it is known which tracks there are.
 */
export class FlvMuxer {
  readonly #fragmentUnits: number;
  readonly #parts: CutRule | undefined;
  #endsSegment = false;
  #video: VideoSource | undefined;
  #audio: AudioConfig | undefined;
  #begun: { readonly video: boolean; readonly audio: boolean } | undefined;
  #pictures: Sample[] = [];
  #sounds: Sample[] = [];
  #bytes = 0;
  #sequence = 0;
  /** The first timestamp, and the last ones with the wraps of their 32 bits undone. Ms. */
  #firstMs: number | undefined;
  readonly #lastMs: { picture?: number; sound?: number } = {};
  #lastPicture = -Infinity;
  /** How long the one before it lasted. */
  #pictureUnits = PICTURE_MS * VIDEO_UNITS_PER_MS;
  #nextSound: number | undefined;

  constructor({ fragmentMs, parts }: FlvMuxerOptions) {
    this.#fragmentUnits = (parts?.partMs ?? fragmentMs) * VIDEO_UNITS_PER_MS;
    // Too long a group is cut by who takes the parts.
    this.#parts = parts && new CutRule({ ...parts, limitMs: () => Infinity });
  }

  /** Where parts are cut: whether the last fragment that came ends a segment, a key frame following it. */
  get endsSegment(): boolean {
    return this.#endsSegment;
  }

  /** Takes one whole tag; returns what it completes. An error means that the stream cannot be copied any further. */
  push(tag: Uint8Array): Result<readonly Uint8Array[], string> {
    switch (tagKind(tag).type) {
      case 'video-header':
        return this.#videoHeader(tag);
      case 'audio-header':
        this.#audio = audioConfig(tag);
        return this.#audio === undefined ? err('the header of the sound cannot be read') : ok([]);
      case 'key-frame':
        return this.#picture(tag, true);
      case 'video':
        return this.#picture(tag, false);
      case 'audio':
        return this.#sound(tag);
      default:
        return ok([]);
    }
  }

  /** What is left at the end. */
  finish(): readonly Uint8Array[] {
    // A moment of sound whose picture never came would be another kind of stream, of no use.
    const early = this.#begun === undefined && this.#video !== undefined;
    if (early && this.#pictures.length === 0) return [];
    return this.#flush(this.#lastPicture + this.#pictureUnits);
  }

  #videoHeader(tag: Uint8Array): Result<readonly Uint8Array[], string> {
    const size = pictureSize(tag);
    if (size === undefined) return err('the header of the picture cannot be read');
    this.#video = { ...size, config: tag.subarray(VIDEO_AT, tag.length - TAIL) };
    return ok([]);
  }

  #picture(tag: Uint8Array, sync: boolean): Result<readonly Uint8Array[], string> {
    const ms = this.#time(tag, 'picture');
    // A stream is entered at a key frame, with its header.
    const waits = this.#video === undefined || (this.#lastPicture === -Infinity && !sync);
    if (ms === undefined) return err('timestamps went back');
    if (waits) return ok([]);
    if (this.#begun?.video === false) return err('a picture came when the sound had begun alone');
    const least = this.#lastPicture + LEAST_MS * VIDEO_UNITS_PER_MS;
    const at = Math.max(ms * VIDEO_UNITS_PER_MS, least);
    const shownLater = compositionMs(tag) * VIDEO_UNITS_PER_MS;
    const data = tag.subarray(VIDEO_AT, tag.length - TAIL);
    const done = this.#endsFragment(at, sync) ? this.#flush(at) : [];
    if (this.#lastPicture !== -Infinity) this.#pictureUnits = at - this.#lastPicture;
    this.#lastPicture = at;
    this.#pictures.push({ data, at, shownLater, sync });
    return this.#count(data, done);
  }

  /** Whether a picture at `at` begins another fragment. */
  #endsFragment(at: number, sync: boolean): boolean {
    const first = this.#pictures[0];
    if (this.#parts === undefined)
      return first !== undefined && (sync || at - first.at >= this.#fragmentUnits);
    const begins = this.#parts.frame(at / VIDEO_UNITS_PER_MS, sync);
    if (first === undefined) return false;
    this.#endsSegment = begins === 'segment';
    const early = this.#begun === undefined && this.#audio === undefined;
    const waits = early && at - first.at < FIRST_PART_MS * VIDEO_UNITS_PER_MS;
    return this.#endsSegment || (begins === 'part' && !waits);
  }

  #sound(tag: Uint8Array): Result<readonly Uint8Array[], string> {
    const ms = this.#time(tag, 'sound');
    if (ms === undefined) return err('timestamps went back');
    if (this.#audio === undefined) return ok([]);
    const { sampleRate } = this.#audio;
    const said = Math.round((ms * sampleRate) / 1000);
    const next = this.#nextSound ?? said;
    const at =
      Math.abs(said - next) <= SOUND_SLACK_FRAMES * AAC_FRAME ? next : Math.max(said, next);
    const data = tag.subarray(AUDIO_AT, tag.length - TAIL);
    const first = this.#sounds[0];
    const units = ((at - (first?.at ?? at)) * VIDEO_TRACK.timescale) / sampleRate;
    // Where there is a header of a picture, one is waited for a little longer.
    const most = (this.#video === undefined ? 1 : 2) * this.#fragmentUnits;
    const frame = this.#parts === undefined ? 0 : (AAC_FRAME * VIDEO_TRACK.timescale) / sampleRate;
    const done = this.#pictures.length === 0 && units + frame > most ? this.#flush(0) : [];
    this.#nextSound = at + AAC_FRAME;
    this.#sounds.push({ data, at, shownLater: 0, sync: true });
    return this.#count(data, done);
  }

  #count(data: Uint8Array, done: readonly Uint8Array[]): Result<readonly Uint8Array[], string> {
    this.#bytes += data.length;
    return this.#bytes > ORIGIN_LIMITS.segmentBytes ? err('a fragment is too large') : ok(done);
  }

  /**
   * Milliseconds since the first tag; undefined when they go back as they cannot in one stream. Sound and picture may be sent
   * seconds apart, each in its own order.
   */
  #time(tag: Uint8Array, kind: 'picture' | 'sound'): number | undefined {
    const [, , , , a = 0, b = 0, c = 0, high = 0] = tag;
    const stamp = ((high << 24) | (a << 16) | (b << 8) | c) >>> 0;
    this.#firstMs ??= stamp;
    const known = this.#lastMs[kind];
    const before = known ?? this.#firstMs;
    // The shorter way round: 32 bits of milliseconds are 50 days.
    const step = (stamp - (before >>> 0)) | 0;
    if (known !== undefined && step < -MOST_BACK_MS) return undefined;
    const ms = before + step;
    this.#lastMs[kind] = known === undefined ? ms : Math.max(ms, known);
    return Math.max(0, ms - this.#firstMs);
  }

  /** Writes what there is; `end`: decode time of the picture that follows. */
  #flush(end: number): readonly Uint8Array[] {
    const [pictures, sounds] = [this.#pictures, this.#sounds];
    this.#pictures = [];
    this.#sounds = [];
    this.#bytes = 0;
    // A part is too short to tell from what is in it what there will be.
    const foreseen = this.#parts !== undefined && this.#audio !== undefined;
    const init = this.#begin(pictures.length > 0, sounds.length > 0 || foreseen);
    const tracks: TrackSamples[] = [];
    if (pictures.length > 0 && this.#begun?.video === true)
      tracks.push({ id: VIDEO_TRACK.id, samples: pictures, end, video: true });
    if (sounds.length > 0 && this.#begun?.audio === true)
      tracks.push({
        ...{ id: AUDIO_TRACK_ID, samples: sounds, video: false },
        end: this.#nextSound ?? 0,
      });
    if (tracks.length === 0) return [];
    this.#sequence += 1;
    return [...init, writeFragment(this.#sequence, tracks)];
  }

  #begin(video: boolean, audio: boolean): readonly Uint8Array[] {
    if (this.#begun !== undefined || (!video && !audio)) return [];
    this.#begun = { video, audio };
    return [writeInit(video ? this.#video : undefined, audio ? this.#audio : undefined)];
  }
}

/** By how much a picture is shown later than decoded: 24 bits, signed (Adobe FLV specification 10.1, section E.4.3.1). */
function compositionMs(tag: Uint8Array): number {
  const [a = 0, b = 0, c = 0] = tag.subarray(TAG_HEAD_BYTES + 2, VIDEO_AT);
  return ((a << 24) | (b << 16) | (c << 8)) >> 8;
}
