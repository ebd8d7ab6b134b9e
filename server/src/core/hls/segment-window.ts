import { invariant, type SegmentInfo } from '@shoal/protocol';

/** A part as the playlists list it (draft-pantos-hls-rfc8216bis section 4.4.4.9). */
export type WindowPart = {
  readonly durationMs: number;
  /** Whether it begins with a key frame. */
  readonly independent: boolean;
};

/** A segment of which there are parts only so far. */
export type OpenSegment = Pick<
  WindowSegment,
  'epoch' | 'msn' | 'programDateTimeMs' | 'discontinuity'
> & { readonly parts: readonly WindowPart[] };

/** A segment as the playlists list it: the same time in every rendition. */
export type WindowSegment = {
  readonly epoch: number;
  readonly msn: number;
  /** One for each rendition, the source first. */
  readonly infos: readonly SegmentInfo[];
  /** Unix milliseconds at which its first frame was taken in. */
  readonly programDateTimeMs: number;
  /** How many discontinuities of the channel came before it; the same for all of an epoch. */
  readonly discontinuity: number;
  /** Whether it begins with a key frame. */
  readonly independent: boolean;
  /** What it consists of, in order; absent where no parts are cut. */
  readonly parts?: readonly WindowPart[];
  /** Whether its media are missing. */
  readonly gap?: true;
};

/** How much of a channel is listed, and how much is kept. */
export type WindowOptions = {
  /** Segments that the playlist lists, at least 6. */
  readonly listed: number;
  /** Segments that stay fetchable after they left the playlist, at least 5 (RFC 8216 section 6.2.2). */
  readonly kept: number;
  /** Bytes kept in all. */
  readonly maxBytes: number;
};

/** The smallest number of segments in a live playlist, however large they are (RFC 8216 section 6.2.2). */
const FEWEST_LISTED = 3;

/** The segments of a channel that can be fetched, oldest first, and which of them are listed. */
export class SegmentWindow {
  readonly #options: WindowOptions;
  #segments: WindowSegment[] = [];
  #listedFrom = 0;
  #bytes = 0;

  constructor(options: WindowOptions) {
    invariant(options.listed >= 6 && options.kept >= 5, 'window of 6 listed and 5 more segments');
    this.#options = options;
  }

  /** Adds the next segment; returns those that are no longer kept. */
  add(segment: WindowSegment): readonly WindowSegment[] {
    this.#segments.push(segment);
    this.#bytes += sizeOf(segment);
    this.#listedFrom = Math.max(this.#listedFrom, this.#segments.length - this.#options.listed);
    let drop = Math.max(0, this.#listedFrom - this.#options.kept);
    let bytes = this.#bytes;
    for (const dropped of this.#segments.slice(0, drop)) bytes -= sizeOf(dropped);
    while (bytes > this.#options.maxBytes && this.#segments.length - drop > FEWEST_LISTED) {
      const [next] = this.#segments.slice(drop, drop + 1);
      if (next !== undefined) bytes -= sizeOf(next);
      drop += 1;
    }
    const dropped = this.#segments.splice(0, drop);
    this.#listedFrom = Math.max(0, this.#listedFrom - drop);
    this.#bytes = bytes;
    return dropped;
  }

  /** Takes everything off the list, as when a broadcast begins; what is kept stays fetchable. */
  unlist(): void {
    this.#listedFrom = this.#segments.length;
  }

  /** What the playlist lists. */
  listed(): readonly WindowSegment[] {
    return this.#segments.slice(this.#listedFrom);
  }

  /** True while a segment of this epoch can be fetched. */
  hasEpoch(epoch: number): boolean {
    return this.#segments.some((segment) => segment.epoch === epoch);
  }
}

function sizeOf({ infos }: WindowSegment): number {
  return infos.reduce((sum, { size }) => sum + size, 0);
}
