import { playlistFile, type PlaylistName, type RenditionId } from '@shoal/protocol';

/** A rendition as the multivariant playlist describes it. */
export type Variant = {
  readonly rendition: RenditionId;
  readonly codecs: string;
  /** Absent for audio alone. */
  readonly resolution?: { readonly width: number; readonly height: number };
  /** Frames per second. */
  readonly frameRate?: number;
  /** Bits per second of the largest segment, and of all together. */
  readonly peakBitrate: number;
  readonly averageBitrate: number;
};

/**
 * Writes a multivariant playlist (RFC 8216 section 4.3.4.2). `independent`: every segment begins with a key frame. It is of the
 * ordinary live playlists unless `playlists` says otherwise.
 */
export function renderMultivariant(
  variants: readonly Variant[],
  options: { readonly independent: boolean; readonly playlists?: PlaylistName },
): string {
  const file = playlistFile(options.playlists);
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7'];
  if (options.independent) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  for (const variant of variants) {
    const attributes = [
      `BANDWIDTH=${Math.ceil(variant.peakBitrate)}`,
      `AVERAGE-BANDWIDTH=${Math.ceil(variant.averageBitrate)}`,
      `CODECS="${variant.codecs}"`,
    ];
    const { resolution, frameRate } = variant;
    if (resolution !== undefined)
      attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
    if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
    lines.push(`#EXT-X-STREAM-INF:${attributes.join(',')}`, `${variant.rendition}/${file}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Segments so short that more of them fit into 1.5 target durations are no stream. */
const MOST_TOGETHER = 64;

/** A segment's size and time. */
type Weight = { readonly size: number; readonly durationMs: number };

/**
 * Peak and average bitrate of the segments so far. The peak is that of any segments that follow one another and last from 0.5 to
 * 1.5 target durations together (RFC 8216 section 4.1): one that is shorter alone counts with its neighbours.
 */
export class BitrateMeter {
  #bytes = 0;
  #durationMs = 0;
  #peak = 0;
  /** The newest ones, no more than can last 1.5 target durations. */
  #newest: readonly Weight[] = [];

  add(segment: Weight, targetDurationMs: number): void {
    this.#bytes += segment.size;
    this.#durationMs += segment.durationMs;
    let [size, durationMs] = [0, 0];
    const newest: Weight[] = [];
    for (const one of [segment, ...this.#newest].slice(0, MOST_TOGETHER)) {
      size += one.size;
      durationMs += one.durationMs;
      if (durationMs > 1.5 * targetDurationMs) break;
      newest.push(one);
      if (durationMs >= targetDurationMs / 2 && durationMs > 0)
        this.#peak = Math.max(this.#peak, (size * 8000) / durationMs);
    }
    this.#newest = newest;
  }

  /** Bits per second. */
  get average(): number {
    return this.#durationMs === 0 ? 0 : (this.#bytes * 8000) / this.#durationMs;
  }

  /** Bits per second; at least the average. */
  get peak(): number {
    return Math.max(this.#peak, this.average);
  }
}
