import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { FLV_HEADER, TAG_HEAD_BYTES, TAG_OVERHEAD_BYTES } from './tag.ts';

const SIGNATURE = [0x46, 0x4c, 0x56] as const;

/**
 * Cuts an FLV file that comes in pieces into its tags, each whole and in memory of its own (Adobe FLV specification 10.1,
 * annex E.2). A tag larger than an RTMP message may be is an error, after which the stream must be given up.
 */
export class FlvStream {
  /** Bytes of the file header that are still to come. */
  #header = FLV_HEADER.length;
  readonly #head: Uint8Array = new Uint8Array(TAG_HEAD_BYTES);
  #headFilled = 0;
  #tag: Uint8Array | undefined;
  #filled = 0;

  /** Takes the next bytes; returns the tags that they complete. */
  push(chunk: Uint8Array): Result<readonly Uint8Array[], string> {
    const tags: Uint8Array[] = [];
    let at = 0;
    for (; this.#header > 0 && at < chunk.length; at++, this.#header--) {
      const expected = SIGNATURE[FLV_HEADER.length - this.#header];
      if (expected !== undefined && chunk[at] !== expected) return err('not FLV');
    }
    while (at < chunk.length) {
      if (this.#tag === undefined) {
        const take = Math.min(TAG_HEAD_BYTES - this.#headFilled, chunk.length - at);
        this.#head.set(chunk.subarray(at, at + take), this.#headFilled);
        this.#headFilled += take;
        at += take;
        if (this.#headFilled < TAG_HEAD_BYTES) break;
        const opened = this.#open();
        if (!opened.ok) return opened;
      }
      const tag = this.#tag;
      if (tag === undefined) break;
      const take = Math.min(tag.length - this.#filled, chunk.length - at);
      tag.set(chunk.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < tag.length) break;
      tags.push(tag);
      this.#tag = undefined;
      this.#headFilled = 0;
    }
    return ok(tags);
  }

  #open(): Result<undefined, string> {
    const [, a = 0, b = 0, c = 0] = this.#head;
    const size = (a << 16) | (b << 8) | c;
    if (size > ORIGIN_LIMITS.rtmpMessageBytes) return err(`tag of ${size} bytes`);
    this.#tag = new Uint8Array(size + TAG_OVERHEAD_BYTES);
    this.#tag.set(this.#head);
    this.#filled = TAG_HEAD_BYTES;
    return ok(undefined);
  }
}
