import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { BoxStream, type WholeBox } from './box-stream.ts';
import { readMovie, type Track } from './movie.ts';

/** The initialisation section. Boxes are whole, with their headers. */
export type MoviePart = {
  readonly type: 'movie';
  /** ftyp, if there was one. */
  readonly head: readonly Uint8Array[];
  readonly moov: Uint8Array;
  readonly tracks: readonly Track[];
};

/** A movie fragment. */
export type FragmentPart = {
  readonly type: 'fragment';
  readonly moof: Uint8Array;
  readonly mdat: Uint8Array;
};

/** Reads an encoder's fragmented MP4 as it comes: one initialisation section, and fragments. */
export class MovieStream {
  readonly #boxes: BoxStream = new BoxStream({ maxBytes: ORIGIN_LIMITS.segmentBytes });
  #head: readonly Uint8Array[] = [];
  #begun = false;
  #moof: Uint8Array | undefined;

  /** Hands each part to `take` as it completes. An error, of `take` too, means that this output is of no more use. */
  push(
    chunk: Uint8Array,
    take: (part: MoviePart | FragmentPart) => Result<undefined, string>,
  ): Result<undefined, string> {
    const boxes = this.#boxes.push(chunk);
    if (!boxes.ok) return boxes;
    for (const box of boxes.value) {
      const part = this.#part(box);
      if (!part.ok) return part;
      const taken = part.value === undefined ? ok(undefined) : take(part.value);
      if (!taken.ok) return taken;
    }
    return ok(undefined);
  }

  #part({ type, bytes }: WholeBox): Result<MoviePart | FragmentPart | undefined, string> {
    switch (type) {
      case 'ftyp':
        if (bytes.length > ORIGIN_LIMITS.initBytes) return err('ftyp too large');
        this.#head = [bytes];
        return ok(undefined);
      case 'moov':
        return this.#movie(bytes);
      case 'moof':
        this.#moof = bytes;
        return ok(undefined);
      case 'mdat':
        return this.#fragment(bytes);
      default:
        // styp, sidx, free, mfra: nothing that a player of our segments needs.
        return ok(undefined);
    }
  }

  #movie(moov: Uint8Array): Result<MoviePart, string> {
    if (this.#begun) return err('a second moov');
    if (moov.length > ORIGIN_LIMITS.initBytes) return err('moov too large');
    const tracks = readMovie(moov.subarray(8));
    if (!tracks.ok) return tracks;
    this.#begun = true;
    return ok({ type: 'movie', head: this.#head, moov, tracks: tracks.value });
  }

  #fragment(mdat: Uint8Array): Result<FragmentPart, string> {
    const moof = this.#moof;
    if (moof === undefined) return err('mdat without moof');
    this.#moof = undefined;
    return ok({ type: 'fragment', moof, mdat });
  }
}
