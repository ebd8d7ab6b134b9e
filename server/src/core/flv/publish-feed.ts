import { ORIGIN_LIMITS } from '../limits.ts';
import { type PictureSize, pictureSize } from '../h264/picture-size.ts';
import { FLV_HEADER, TAG_HEAD_BYTES, tagKind } from './tag.ts';

/** What to do with a tag of the publisher. */
export type FeedVerdict =
  | { readonly type: 'feed' }
  | { readonly type: 'skip' }
  /** From here on the publisher sends another picture or sound, for which an encoder must begin anew. */
  | { readonly type: 'renew' }
  /** The origin copies H.264 and AAC; anything else is refused by name. */
  | { readonly type: 'refuse'; readonly codec: string };

/** A header that comes so soon after the first media is not a change: the encoder looks that long itself. */
const TOGETHER_MS = 500;
/** How long sound alone is waited with for a picture. */
const SOUND_ALONE_MS = 1_000;

/**
 * Remembers of one publisher what a new encoder must be given first: the codec headers, and everything
 * since the last key frame, so that an encoder which replaces a dead one loses no picture.
 */
export class PublishFeed {
  readonly #headers: { video?: Uint8Array; audio?: Uint8Array } = {};
  #picture: PictureSize | undefined;
  #gop: Uint8Array[] = [];
  #gopBytes = 0;
  #gopAt: number | undefined;
  #startedAt: number | undefined;

  /** Looks at a tag that arrived at `now` and remembers what is needed of it. */
  accept(tag: Uint8Array, now: number): FeedVerdict {
    const kind = tagKind(tag);
    switch (kind.type) {
      case 'unsupported':
        return { type: 'refuse', codec: kind.codec };
      case 'ignored':
      case 'script':
        // Metadata is not needed to copy, and lets a publisher open text tracks in the demuxer.
        return { type: 'skip' };
      case 'video-header':
        return this.#header('video', tag, now);
      case 'audio-header':
        return this.#header('audio', tag, now);
      case 'key-frame':
        this.#startGop(now);
        break;
      case 'audio':
      case 'video':
        break;
    }
    this.#startedAt ??= now;
    this.#keep(tag);
    return { type: 'feed' };
  }

  /** When the first frame or sample came; undefined before that. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** The size of its picture; undefined where there is none, or none that can be read. */
  get picture(): PictureSize | undefined {
    return this.#picture;
  }

  /** Whether it is known what there is to encode: a picture, or after a while sound alone. */
  known(now: number): boolean {
    if (this.#headers.video !== undefined) return true;
    return this.#startedAt !== undefined && now - this.#startedAt >= SOUND_ALONE_MS;
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

  #header(kind: 'video' | 'audio', tag: Uint8Array, now: number): FeedVerdict {
    const before = this.#headers[kind];
    this.#headers[kind] = tag;
    if (kind === 'video') this.#picture = pictureSize(tag);
    if (before !== undefined && sameBytes(before, tag)) return { type: 'skip' };
    const soon = this.#startedAt === undefined || now - this.#startedAt < TOGETHER_MS;
    if (soon && before === undefined) return { type: 'feed' };
    this.forgetGroup();
    return { type: 'renew' };
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

/** Whether two headers say the same; the timestamps of their tags do not matter. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  const [first, second] = [a.subarray(TAG_HEAD_BYTES), b.subarray(TAG_HEAD_BYTES)];
  return first.length === second.length && first.every((byte, at) => byte === second[at]);
}
