import { readAv1Config } from '../av1/av1-config.ts';
import { soundOfFrame, soundOfHeader } from '../fmp4/sound-source.ts';
import { type PictureSize, pictureSize } from '../h264/picture-size.ts';
import { readHevcConfig } from '../hevc/hevc-config.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type AudioCodec, ENHANCED_ONLY, type VideoCodec } from './codecs.ts';
import { legacySize } from './legacy-size.ts';
import { plainTag } from './plain-tag.ts';
import { FLV_HEADER, TAG_HEAD_BYTES, tagKind, type TagKind, tagTimeMs } from './tag.ts';

/** What to do with a tag of the publisher. */
export type FeedVerdict =
  /** Plain FLV where its codec allows that ({@link plainTag}). */
  | { readonly type: 'feed'; readonly tag: Uint8Array }
  | { readonly type: 'skip' }
  /** From here on the publisher sends another picture or sound, for which an encoder must begin anew. */
  | { readonly type: 'renew' }
  /** What it sends is known only now: the encoder of what was known before is of no use, and began just now. */
  | { readonly type: 'restart' }
  | { readonly type: 'refuse'; readonly reason: string };

/** What a publisher sends, as far as it is known. */
export type SourceMedia = {
  readonly video?: VideoCodec;
  /** Absent where there is no picture, or none that can be read. */
  readonly picture?: PictureSize;
  readonly audio?: AudioCodec;
};

/** A header that comes so soon after the first media is not a change: the encoder looks that long itself. */
const TOGETHER_MS = 500;
/** How long sound alone is waited with for a picture, by its own time or by the clock, which a publisher may be faster than. */
const SOUND_ALONE_MS = 1_000;
/** In the same way how long a picture is waited with for its sound, where what is made depends on that. */
const SOUND_LATE_MS = 500;
/** Pictures with a header before them; of others each key frame says what it is. */
const WITH_HEADER: ReadonlySet<VideoCodec> = new Set(['H.264', 'HEVC', 'AV1']);
const SKIP: FeedVerdict = { type: 'skip' };

type Picture = Extract<TagKind, { readonly type: 'video-header' | 'key-frame' | 'video' }>;
type Sound = Extract<TagKind, { readonly type: 'audio-header' | 'audio' }>;

/**
 * Remembers of one publisher what a new encoder must be given first: the codec headers, and everything
 * since the last key frame, or of sound alone what came before its encoder, so that an encoder which replaces a dead one loses no picture.
 */
export class PublishFeed {
  readonly #waitsForSound: boolean;
  readonly #headers: { video?: Uint8Array; audio?: Uint8Array } = {};
  #video: VideoCodec | undefined;
  #audio: AudioCodec | undefined;
  #picture: PictureSize | undefined;
  #gop: Uint8Array[] = [];
  #gopBytes = 0;
  #gopAt: number | undefined;
  #startedAt: number | undefined;
  /** Time of the first media, and how much of them has come since. Milliseconds. */
  #from: number | undefined;
  #passedMs = 0;
  /** Whether it was known already, when the last sound had come, what there is to encode. */
  #settled = false;

  /** `waitsForSound`: what there is to encode depends on whether there is sound. */
  constructor({ waitsForSound = false }: { readonly waitsForSound?: boolean } = {}) {
    this.#waitsForSound = waitsForSound;
  }

  /** Looks at a tag that arrived at `now` and remembers what is needed of it. */
  accept(raw: Uint8Array, now: number): FeedVerdict {
    const kind = tagKind(raw);
    switch (kind.type) {
      case 'unsupported':
        return { type: 'refuse', reason: `unsupported codec: ${kind.codec}` };
      case 'ignored':
      case 'script':
        // Metadata is not needed to copy, and lets a publisher open text tracks in the demuxer.
        return SKIP;
      case 'video-header':
        return this.#videoHeader(kind, plainTag(raw, kind), now);
      case 'audio-header':
        return this.#audioHeader(kind, plainTag(raw, kind), now);
      case 'key-frame':
      case 'video':
        return this.#frame(kind, plainTag(raw, kind), now);
      case 'audio':
        return this.#sound(kind, plainTag(raw, kind), now);
    }
  }

  /** When the first frame or sample came; undefined before that. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** The size of its picture; undefined where there is none, or none that can be read. */
  get picture(): PictureSize | undefined {
    return this.#picture;
  }

  /** What is sent now. */
  get media(): SourceMedia {
    return {
      ...(this.#video !== undefined && { video: this.#video }),
      ...(this.#picture !== undefined && { picture: this.#picture }),
      ...(this.#audio !== undefined && { audio: this.#audio }),
    };
  }

  /** Whether it is known what there is to encode: a picture, or after a while sound alone. */
  known(now: number): boolean {
    const since =
      this.#startedAt === undefined ? -1 : Math.max(now - this.#startedAt, this.#passedMs);
    if (this.#video === undefined) return since >= SOUND_ALONE_MS;
    return !this.#waitsForSound || this.#audio !== undefined || since >= SOUND_LATE_MS;
  }

  /** The tags with which a new encoder starts, and when the first of their media had come. */
  preamble(): { readonly tags: readonly Uint8Array[]; readonly mediaAt: number | undefined } {
    const { video, audio } = this.#headers;
    const headers = [video, audio].filter((tag) => tag !== undefined);
    const tags = [FLV_HEADER, ...headers, ...this.#gop];
    return { tags, mediaAt: this.#gop.length > 0 ? this.#gopAt : undefined };
  }

  /** Has the next encoder start with the next key frame instead of the last one. */
  forgetGroup(): void {
    this.#gop = [];
    this.#gopAt = undefined;
  }

  #videoHeader(kind: Picture, tag: Uint8Array, now: number): FeedVerdict {
    const read = sizeInHeader(kind, tag);
    // H.264 has always been copied without being read.
    if (read === undefined && kind.codec !== 'H.264')
      return { type: 'refuse', reason: `the header of the ${kind.codec} picture cannot be read` };
    const before = this.#video;
    // The group of sound alone; that of a picture begins with a key frame.
    if (before === undefined) this.forgetGroup();
    this.#picture = read;
    this.#video = kind.codec;
    const verdict = this.#header('video', tag, now);
    const another = before !== undefined && before !== kind.codec;
    return another && verdict.type === 'feed' ? this.#renewed() : verdict;
  }

  #audioHeader(kind: Sound, tag: Uint8Array, now: number): FeedVerdict {
    const { codec } = kind;
    if (codec !== 'AAC' && soundOfHeader(codec, kind.data) === undefined)
      return { type: 'refuse', reason: `the header of the ${codec} sound cannot be read` };
    const [before, known] = [this.#audio, this.known(now)];
    this.#audio = codec;
    const verdict = this.#header('audio', tag, now);
    if (before !== undefined && before !== codec && verdict.type === 'feed') return this.#renewed();
    return verdict.type === 'feed' && codec !== 'AAC' && known ? { type: 'restart' } : verdict;
  }

  #frame(kind: Picture, tag: Uint8Array, now: number): FeedVerdict {
    const key = kind.type === 'key-frame';
    if (WITH_HEADER.has(kind.codec)) {
      // Of another codec than its header, or before that.
      if (this.#video !== undefined && this.#video !== kind.codec) return SKIP;
    } else {
      if (!key && this.#video !== kind.codec) return SKIP;
      const changed = key ? this.#legacyKey(kind, now) : undefined;
      if (changed !== undefined) return changed;
    }
    if (key) this.#startGop(now);
    this.#passed(tag, now);
    this.#keep(tag);
    return { type: 'feed', tag };
  }

  /** What is to be done, if anything, because a key frame of a codec without header is of another picture. */
  #legacyKey({ codec, data }: Picture, now: number): FeedVerdict | undefined {
    const size = legacySize(codec, data);
    if (size === undefined)
      return { type: 'refuse', reason: `the size of the ${codec} picture cannot be read` };
    const [before, known] = [this.#video, this.#picture];
    const same = before === codec && known?.width === size.width && known.height === size.height;
    this.#video = codec;
    this.#picture = size;
    delete this.#headers.video;
    const since = this.#startedAt === undefined ? 0 : now - this.#startedAt;
    const begins = before === undefined && since < SOUND_ALONE_MS;
    return begins || same ? undefined : this.#renewed();
  }

  #sound({ codec, data }: Sound, tag: Uint8Array, now: number): FeedVerdict {
    const [before, known] = [this.#audio, this.known(now)];
    const soon = this.#startedAt === undefined || now - this.#startedAt < TOGETHER_MS;
    if (before !== codec) {
      const headed = codec === 'AAC' || codec === 'Opus' || codec === 'FLAC';
      // Sound before its header, or of another codec than that.
      if (headed && before !== undefined) return SKIP;
      // Nobody knows yet what it is.
      const unread = ENHANCED_ONLY.has(codec) && soundOfFrame(codec, data) === undefined;
      if (!headed && unread) return SKIP;
      if (!headed) {
        this.#audio = codec;
        delete this.#headers.audio;
        if (before !== undefined || !soon) return this.#renewed();
      }
    }
    const late = before !== this.#audio && known;
    this.#passed(tag, now);
    this.#keepSound(tag, now);
    return late ? { type: 'restart' } : { type: 'feed', tag };
  }

  #passed(tag: Uint8Array, now: number): void {
    const at = tagTimeMs(tag);
    this.#startedAt ??= now;
    this.#from ??= at;
    this.#passedMs = Math.max(this.#passedMs, at - this.#from);
  }

  /** Sound alone is kept until an encoder has it: nothing is lost of what came before that was known to be all. */
  #keepSound(tag: Uint8Array, now: number): void {
    if (this.#video === undefined) {
      if (this.#settled) this.forgetGroup();
      else if (this.#gopAt === undefined) this.#startGop(now);
      this.#settled = this.known(now);
    }
    this.#keep(tag);
  }

  #renewed(): FeedVerdict {
    this.forgetGroup();
    return { type: 'renew' };
  }

  #header(kind: 'video' | 'audio', tag: Uint8Array, now: number): FeedVerdict {
    const before = this.#headers[kind];
    this.#headers[kind] = tag;
    if (before !== undefined && sameBytes(before, tag)) return SKIP;
    const soon = this.#startedAt === undefined || now - this.#startedAt < TOGETHER_MS;
    if (soon && before === undefined) return { type: 'feed', tag };
    return this.#renewed();
  }

  #startGop(now: number): void {
    this.#gop = [];
    this.#gopBytes = 0;
    this.#gopAt = now;
  }

  #keep(tag: Uint8Array): void {
    // Without a key frame there is nothing to start from; a group that is too long is given up as a whole.
    if (this.#gopAt === undefined) return;
    this.#gopBytes += tag.length;
    if (this.#gopBytes <= ORIGIN_LIMITS.gopBytes) this.#gop.push(tag);
    else this.forgetGroup();
  }
}

function sizeInHeader({ codec, data }: Picture, tag: Uint8Array): PictureSize | undefined {
  const read =
    codec === 'H.264'
      ? pictureSize(tag)
      : codec === 'HEVC'
        ? readHevcConfig(data)
        : readAv1Config(data);
  return read && { width: read.width, height: read.height };
}

/** Whether two headers say the same; the timestamps of their tags do not matter. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  const [first, second] = [a.subarray(TAG_HEAD_BYTES), b.subarray(TAG_HEAD_BYTES)];
  return first.length === second.length && first.every((byte, at) => byte === second[at]);
}
