import { err, ok, type Result } from '@shoal/protocol';
import { readAv1Config } from '../av1/av1-config.ts';
import { tagKind, type TagKind } from '../flv/tag.ts';
import { pictureSize } from '../h264/picture-size.ts';
import { readHevcConfig } from '../hevc/hevc-config.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { CutRule, type CutTimes } from './cut-rule.ts';
import { soundOfFrame, soundOfHeader, type SoundSource } from './sound-source.ts';
import { type Sample, type TrackSamples, writeFragment } from './write-fragment.ts';
import { AUDIO_TRACK_ID, VIDEO_TRACK, type VideoSource, writeInit } from './write-movie.ts';

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
  /** Writes every frame at once as a fragment of its own, of its track alone, for whoever cuts it or reads it as it comes. Default false. */
  readonly eachFrame?: boolean;
};

type Picture = Extract<TagKind, { readonly type: 'video-header' | 'key-frame' | 'video' }>;
type Sound = Extract<TagKind, { readonly type: 'audio-header' | 'audio' }>;

/** How long parts may be, and segments should be. Milliseconds. */
export type PartTimes = Required<Pick<CutTimes, 'partMs' | 'targetMs'>>;

/** How long the first part waits for the header of the sound. */
const FIRST_PART_MS = 700;

/**
 * Copies H.264, HEVC and AV1, and AAC and other sound that MP4 can hold, from FLV tags into fragmented MP4, a fragment for each group of pictures, as ffmpeg does with `-c copy` and
 * `frag_keyframe`, or for each part of a segment (draft-pantos-hls-rfc8216bis section 4.4.4.9). The initialisation section comes with the first fragment, when it is known which tracks there are.
 */
export class FlvMuxer {
  readonly #fragmentUnits: number;
  readonly #parts: CutRule | undefined;
  readonly #eachFrame: boolean;
  #endsSegment = false;
  #video: VideoSource | undefined;
  #audio: SoundSource | undefined;
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

  constructor({ fragmentMs, parts, eachFrame = false }: FlvMuxerOptions) {
    this.#eachFrame = eachFrame;
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
    const kind = tagKind(tag);
    switch (kind.type) {
      case 'video-header':
        this.#video = videoSource(kind, tag);
        return this.#video === undefined ? err('the header of the picture cannot be read') : ok([]);
      case 'audio-header':
        this.#audio = soundOfHeader(kind.codec, kind.data);
        return this.#audio === undefined ? err('the header of the sound cannot be read') : ok([]);
      case 'key-frame':
      case 'video':
        return this.#picture(tag, kind);
      case 'audio':
        return this.#sound(tag, kind);
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

  #picture(tag: Uint8Array, kind: Picture): Result<readonly Uint8Array[], string> {
    const { data } = kind;
    const sync = kind.type === 'key-frame';
    const ms = this.#time(tag, 'picture');
    // A stream is entered at a key frame, with its header.
    const waits = this.#video === undefined || (this.#lastPicture === -Infinity && !sync);
    if (ms === undefined) return err('timestamps went back');
    if (waits) return ok([]);
    if (this.#begun?.video === false) return err('a picture came when the sound had begun alone');
    const least = this.#lastPicture + LEAST_MS * VIDEO_UNITS_PER_MS;
    const at = Math.max(ms * VIDEO_UNITS_PER_MS, least);
    const shownLater = kind.shownLaterMs * VIDEO_UNITS_PER_MS;
    const done = this.#endsFragment(at, sync) ? this.#flush(at) : [];
    if (this.#lastPicture !== -Infinity) this.#pictureUnits = at - this.#lastPicture;
    this.#lastPicture = at;
    this.#pictures.push({ data, at, shownLater, sync });
    return this.#count(data, done);
  }

  /** Whether a picture at `at` begins another fragment. */
  #endsFragment(at: number, sync: boolean): boolean {
    const first = this.#pictures[0];
    const early = this.#begun === undefined && this.#audio === undefined;
    const waited = first === undefined ? 0 : at - first.at;
    const waits = early && waited < FIRST_PART_MS * VIDEO_UNITS_PER_MS;
    if (this.#eachFrame) return first !== undefined && !waits;
    if (this.#parts === undefined)
      return first !== undefined && (sync || at - first.at >= this.#fragmentUnits);
    const begins = this.#parts.frame(at / VIDEO_UNITS_PER_MS, sync);
    if (first === undefined) return false;
    this.#endsSegment = begins === 'segment';
    return this.#endsSegment || (begins === 'part' && !waits);
  }

  #sound(tag: Uint8Array, { codec, data }: Sound): Result<readonly Uint8Array[], string> {
    const ms = this.#time(tag, 'sound');
    if (ms === undefined) return err('timestamps went back');
    this.#audio ??= soundOfFrame(codec, data);
    if (this.#audio === undefined) return ok([]);
    const { sampleRate, frame: samples } = this.#audio;
    const said = Math.round((ms * sampleRate) / 1000);
    const next = this.#nextSound ?? said;
    const at = Math.abs(said - next) <= SOUND_SLACK_FRAMES * samples ? next : Math.max(said, next);
    const first = this.#sounds[0];
    const units = ((at - (first?.at ?? at)) * VIDEO_TRACK.timescale) / sampleRate;
    // Where there is a header of a picture, one is waited for a little longer.
    const alone = this.#eachFrame ? 0 : this.#fragmentUnits;
    const most = this.#video === undefined ? alone : 2 * this.#fragmentUnits;
    const one = this.#parts === undefined && !this.#eachFrame ? 0 : samples;
    const frame = (one * VIDEO_TRACK.timescale) / sampleRate;
    const full = first !== undefined && this.#pictures.length === 0 && units + frame > most;
    const done = full ? this.#flush(0) : [];
    this.#nextSound = at + samples;
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
    const short = this.#parts !== undefined || this.#eachFrame;
    const foreseen = short && this.#audio !== undefined;
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
    const fragments = this.#eachFrame ? tracks.map((track) => [track]) : [tracks];
    return [
      ...init,
      ...fragments.map((of) => {
        this.#sequence += 1;
        return writeFragment(this.#sequence, of);
      }),
    ];
  }

  #begin(video: boolean, audio: boolean): readonly Uint8Array[] {
    if (this.#begun !== undefined || (!video && !audio)) return [];
    this.#begun = { video, audio };
    return [writeInit(video ? this.#video : undefined, audio ? this.#audio : undefined)];
  }
}

function videoSource({ codec, data }: Picture, tag: Uint8Array): VideoSource | undefined {
  switch (codec) {
    case 'H.264': {
      const size = pictureSize(tag);
      return size && { ...size, entry: 'avc1', config: data };
    }
    case 'HEVC': {
      const read = readHevcConfig(data);
      return read && { ...read, entry: 'hvc1', config: read.record };
    }
    case 'AV1': {
      const read = readAv1Config(data);
      return read && { ...read, entry: 'av01', config: read.record };
    }
    default:
      return undefined;
  }
}
