import { playlistFile, type PlaylistName, type RenditionId } from '@shoal/protocol';

/** A rendition as the multivariant playlist describes it. */
export type Variant = {
  readonly rendition: RenditionId;
  readonly codecs: string;
  /** Absent for audio alone. */
  readonly resolution?: { readonly width: number; readonly height: number };
  /** Frames per second. */
  readonly frameRate?: number;
  /** Of a rendition that is the sound of all the others: its channels. */
  readonly channels?: number;
  /** Bits per second of the largest segment, and of all together. */
  readonly peakBitrate: number;
  readonly averageBitrate: number;
};

/** What a rendition is, as far as it is listed. */
export type VariantKind = Pick<Variant, 'rendition' | 'codecs' | 'frameRate' | 'channels'> & {
  readonly width?: number;
  readonly height?: number;
};

/** A rendition of this kind with bitrates as measured. */
export function variantOf(kind: VariantKind, meter: BitrateMeter): Variant {
  const { rendition, codecs, width, height, frameRate, channels } = kind;
  return {
    ...{ rendition, codecs, peakBitrate: meter.peak, averageBitrate: meter.average },
    ...(width !== undefined && height !== undefined && { resolution: { width, height } }),
    ...(frameRate !== undefined && { frameRate }),
    ...(channels !== undefined && { channels }),
  };
}

/** The group of the sound, where that is a rendition of its own, and what players show of it. */
const SOUND_GROUP = 'audio';
const SOUND_NAME = 'Audio';

/**
 * Writes a multivariant playlist (RFC 8216 section 4.3.4.2). `independent`: every segment begins with a key frame. It is of the
 * ordinary live playlists unless `playlists` says otherwise. Sound that is a rendition of its own is listed as such (section
 * 4.3.4.1), and counts in codecs and bitrates of every variant that is played with it.
 */
export function renderMultivariant(
  variants: readonly Variant[],
  options: { readonly independent: boolean; readonly playlists?: PlaylistName },
): string {
  const file = playlistFile(options.playlists);
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7'];
  if (options.independent) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  const pictures = variants.filter(({ channels }) => channels === undefined);
  const sound = variants.find(({ channels }) => channels !== undefined);
  if (sound !== undefined)
    lines.push(
      `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${SOUND_GROUP}",NAME="${SOUND_NAME}",DEFAULT=YES,` +
        `AUTOSELECT=YES,CHANNELS="${sound.channels ?? 2}",URI="${sound.rendition}/${file}"`,
    );
  for (const variant of pictures) {
    const peak = variant.peakBitrate + (sound?.peakBitrate ?? 0);
    const average = variant.averageBitrate + (sound?.averageBitrate ?? 0);
    const codecs = sound === undefined ? variant.codecs : `${variant.codecs},${sound.codecs}`;
    const attributes = [
      `BANDWIDTH=${Math.ceil(peak)}`,
      `AVERAGE-BANDWIDTH=${Math.ceil(average)}`,
      `CODECS="${codecs}"`,
    ];
    const { resolution, frameRate } = variant;
    if (resolution !== undefined)
      attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
    if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
    if (sound !== undefined) attributes.push(`AUDIO="${SOUND_GROUP}"`);
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
