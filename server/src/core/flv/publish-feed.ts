import { ORIGIN_LIMITS } from '../limits.ts';
import { FLV_HEADER, tagKind } from './tag.ts';

/** What to do with a tag of the publisher. */
export type FeedVerdict =
  | { readonly type: 'feed' }
  | { readonly type: 'skip' }
  /** The origin copies H.264 and AAC; anything else is refused by name. */
  | { readonly type: 'refuse'; readonly codec: string };

/**
 * Remembers of one publisher what a new encoder must be given first: the codec headers, and everything
 * since the last key frame, so that an encoder which replaces a dead one loses no picture.
 */
export class PublishFeed {
  #videoHeader: Uint8Array | undefined;
  #audioHeader: Uint8Array | undefined;
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
        this.#videoHeader = tag;
        return { type: 'feed' };
      case 'audio-header':
        this.#audioHeader = tag;
        return { type: 'feed' };
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

  /** The tags with which a new encoder starts, and when the first of their media had come. */
  preamble(): { readonly tags: readonly Uint8Array[]; readonly mediaAt: number | undefined } {
    const headers = [this.#videoHeader, this.#audioHeader];
    const tags = [FLV_HEADER, ...headers.filter((tag) => tag !== undefined), ...this.#gop];
    return { tags, mediaAt: this.#gop.length > 0 ? this.#gopAt : undefined };
  }

  /** Has the next encoder start with the next key frame instead of the last one. */
  forgetGroup(): void {
    this.#gop = [];
    this.#gopAt = undefined;
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
