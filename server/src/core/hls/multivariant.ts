import { playlistFile, type RecordingName, type RenditionId } from '@shoal/protocol';

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
 * live playlists unless `recording` says otherwise.
 */
export function renderMultivariant(
  variants: readonly Variant[],
  options: { readonly independent: boolean; readonly recording?: RecordingName },
): string {
  const file = playlistFile(options.recording);
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

/**
 * Peak and average bitrate of the segments so far. Segments shorter than half the target are left out
 * of the peak (RFC 8216 section 4.1 counts those of 0.5 to 1.5 target durations).
 */
export class BitrateMeter {
  #bytes = 0;
  #durationMs = 0;
  #peak = 0;

  add(
    segment: { readonly size: number; readonly durationMs: number },
    targetDurationMs: number,
  ): void {
    this.#bytes += segment.size;
    this.#durationMs += segment.durationMs;
    const usual = segment.durationMs >= targetDurationMs / 2;
    if (usual && segment.durationMs > 0)
      this.#peak = Math.max(this.#peak, (segment.size * 8000) / segment.durationMs);
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
