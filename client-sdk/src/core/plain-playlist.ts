import { isSegmentSize, isUint32 } from '@shoal/protocol';
import type { ByteSpan } from './catalog.ts';

/** A segment as an ordinary media playlist lists it (RFC 8216 section 4.3.2): neither size nor digests. */
export type PlainItem = {
  readonly msn: number;
  /** As written. */
  readonly uri: string;
  readonly durationMs: number;
  /** Where in the resource it lies, if it is only a part of it. */
  readonly within: ByteSpan | undefined;
};

/** What a viewer that shares without digests reads from a media playlist. */
export type PlainPlaylist = {
  /** In playlist order; gaps, and segments that cannot be told apart for certain, are left out. */
  readonly items: readonly PlainItem[];
  readonly ended: boolean;
};

/** Beyond these nothing is read. Characters, and segments. */
const MAX_TEXT = 8_388_608;
const MAX_ITEMS = 16_384;
/** Of a URI. */
const MAX_URI = 4_096;

const INTEGER = /^\d{1,10}$/;
const BYTE_RANGE = /^(\d{1,8})(?:@(\d{1,15}))?$/;
const SKIPPED = /(?:^|,)SKIPPED-SEGMENTS=(\d{1,10})(?:,|$)/;

/** Reads a media playlist; undefined for any other text. Parts are passed over: the segment they make up is listed when it is complete. Never throws. */
export function readPlainPlaylist(text: string): PlainPlaylist | undefined {
  if (text.length > MAX_TEXT || !/^\uFEFF?#EXTM3U/.test(text)) return undefined;
  const reader = new Reader();
  for (const line of text.split('\n')) if (!reader.take(line.trimEnd())) return undefined;
  return reader.playlist;
}

class Reader {
  readonly #items: PlainItem[] = [];
  #isMedia = false;
  #ended = false;
  #msn = 0;
  #durationMs: number | undefined;
  #gap = false;
  #range: string | undefined;
  #last: { readonly uri: string; readonly to: number } | undefined;

  get playlist(): PlainPlaylist | undefined {
    return this.#isMedia ? { items: this.#items, ended: this.#ended } : undefined;
  }

  /** False: this is no playlist to share from. */
  take(line: string): boolean {
    if (!line.startsWith('#')) {
      if (line !== '') this.#segment(line);
      return true;
    }
    const colon = line.indexOf(':');
    const value = colon < 0 ? '' : line.slice(colon + 1);
    switch (colon < 0 ? line : line.slice(0, colon)) {
      case '#EXT-X-TARGETDURATION':
        this.#isMedia = true;
        return true;
      case '#EXT-X-MEDIA-SEQUENCE':
        this.#msn = Number(value);
        return INTEGER.test(value) && this.#items.length === 0;
      case '#EXT-X-SKIP': {
        // A delta update; where the next byte range begins then is not known.
        const skipped = SKIPPED.exec(value)?.[1];
        this.#msn += Number(skipped);
        this.#last = undefined;
        return skipped !== undefined;
      }
      case '#EXTINF': {
        const seconds = parseFloat(value);
        this.#durationMs = seconds >= 0 && seconds < 3_600 ? Math.round(seconds * 1000) : undefined;
        return true;
      }
      case '#EXT-X-BYTERANGE':
        this.#range = value;
        return true;
      case '#EXT-X-GAP':
        this.#gap = true;
        return true;
      case '#EXT-X-ENDLIST':
        this.#ended = true;
        return true;
      case '#EXT-X-I-FRAMES-ONLY':
        return false;
      default:
        return true;
    }
  }

  #segment(uri: string): void {
    const within = this.#within(uri);
    const durationMs = this.#durationMs;
    // A URI with a variable in it (EXT-X-DEFINE) is not the one that will be fetched.
    const usable = !this.#gap && within !== 'bad' && uri.length <= MAX_URI && !uri.includes('{$');
    if (usable && durationMs !== undefined && isUint32(this.#msn) && this.#items.length < MAX_ITEMS)
      this.#items.push({ msn: this.#msn, uri, durationMs, within });
    this.#last = within === 'bad' || within === undefined ? undefined : { uri, to: within.to };
    this.#msn += 1;
    this.#durationMs = undefined;
    this.#gap = false;
    this.#range = undefined;
  }

  /** A range without an offset goes on where the one before it in the same resource ended (RFC 8216 section 4.3.2.2). */
  #within(uri: string): ByteSpan | undefined | 'bad' {
    if (this.#range === undefined) return undefined;
    const [, length, offset] = BYTE_RANGE.exec(this.#range) ?? [];
    const implied = this.#last?.uri === uri ? this.#last.to : undefined;
    const from = offset === undefined ? implied : Number(offset);
    const size = Number(length);
    return from === undefined || !isSegmentSize(size) ? 'bad' : { from, to: from + size };
  }
}
