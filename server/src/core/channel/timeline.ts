import { type ChannelId, type RenditionId, type SegmentInfo } from '@shoal/protocol';
import { type CutSegment } from '../fmp4/segmenter.ts';
import { codecsOf, type Track } from '../fmp4/movie.ts';
import { renderMediaPlaylist } from '../hls/media-playlist.ts';
import { BitrateMeter, renderMultivariant } from '../hls/multivariant.ts';
import { SegmentWindow, type WindowOptions, type WindowSegment } from '../hls/segment-window.ts';
import { type ChannelState } from './channel-state.ts';

/** What an operator is told about the media of a channel. */
export type RenditionInfo = {
  readonly rendition: RenditionId;
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  /** Frames per second. */
  readonly frameRate?: number;
  /** Average bits per second of the broadcast. */
  readonly bitrate: number;
};

/** Names what the timeline is of, and how much of it is kept. */
export type TimelineOptions = {
  readonly channel: ChannelId;
  readonly rendition: RenditionId;
  /** What a segment should last. */
  readonly segmentMs: number;
  readonly window: WindowOptions;
};

/** Where the media of an epoch comes from. */
export type EpochMedia = {
  readonly epoch: number;
  readonly tracks: readonly Track[];
  /** Unix milliseconds at which its first media came in. */
  readonly mediaAt: number;
};

/** Segments of one rendition in the order of playback: numbers, dates and playlists. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #window: SegmentWindow;
  #meter: BitrateMeter = new BitrateMeter();
  #nextMsn: number;
  #discontinuity: number;
  #targetDuration: number | undefined;
  #epoch: { readonly epoch: number; readonly baseMs: number } | undefined;
  #endMs = 0;
  #tracks: readonly Track[] = [];
  #frameRate: number | undefined;
  #independent = true;

  constructor(options: TimelineOptions, restored: ChannelState) {
    this.#options = options;
    this.#window = new SegmentWindow(options.window);
    this.#nextMsn = restored.nextMsn;
    this.#discontinuity = restored.discontinuity;
    this.#targetDuration = restored.targetDuration;
  }

  /** The number of the next segment. */
  get nextMsn(): number {
    return this.#nextMsn;
  }

  get discontinuity(): number {
    return this.#discontinuity;
  }

  /** Seconds; undefined before the first segment of a broadcast. */
  get targetDuration(): number | undefined {
    return this.#targetDuration;
  }

  /** A new broadcast has its own target duration, and lists nothing of the one before. */
  begin(): void {
    this.#window.unlist();
    this.#targetDuration = undefined;
    this.#meter = new BitrateMeter();
    this.#independent = true;
  }

  /** True when this epoch's segments would come after all that are there. */
  continues(epoch: number): boolean {
    return this.#epoch === undefined || epoch >= this.#epoch.epoch;
  }

  /** Gives the segment, whose number is {@link nextMsn}, its place; returns what is no longer kept. */
  add(info: SegmentInfo, cut: CutSegment, media: EpochMedia): readonly WindowSegment[] {
    if (this.#epoch?.epoch !== media.epoch) {
      // Dates never go back, not even when a publisher had sent faster than real time (RFC 8216 section 6.2.1).
      this.#epoch = { epoch: media.epoch, baseMs: Math.max(media.mediaAt, this.#endMs) };
      this.#discontinuity += 1;
      this.#tracks = media.tracks;
      this.#frameRate = undefined;
    }
    const wanted = Math.ceil(this.#options.segmentMs / 1000);
    this.#targetDuration ??= Math.max(wanted, Math.round(cut.durationMs / 1000));
    if (this.#tracks.some((track) => track.kind === 'video'))
      this.#frameRate ??= nominalFrameRate(cut.sampleRate);
    if (!cut.independent) this.#independent = false;
    this.#meter.add(info, this.#targetDuration * 1000);
    const programDateTimeMs = Math.round(this.#epoch.baseMs + cut.startMs);
    this.#endMs = programDateTimeMs + cut.durationMs;
    this.#nextMsn = info.id.msn + 1;
    return this.#window.add({
      info,
      programDateTimeMs,
      discontinuity: this.#discontinuity,
      independent: cut.independent,
    });
  }

  /** True while something of this epoch can be fetched. */
  keeps(epoch: number): boolean {
    return this.#window.hasEpoch(epoch);
  }

  /** The media playlist; undefined while it would be empty. */
  playlist(ended: boolean): string | undefined {
    const segments = this.#window.listed();
    if (segments.length === 0 || this.#targetDuration === undefined) return undefined;
    const { channel, rendition } = this.#options;
    const targetDuration = this.#targetDuration;
    return renderMediaPlaylist({ channel, rendition, targetDuration, segments, ended });
  }

  /** The multivariant playlist; undefined while there is nothing to describe. */
  multivariant(): string | undefined {
    const info = this.rendition();
    if (info === undefined || this.#targetDuration === undefined) return undefined;
    const { width, height, frameRate } = info;
    const variant = {
      rendition: info.rendition,
      codecs: info.codecs,
      ...(width !== undefined && height !== undefined && { resolution: { width, height } }),
      ...(frameRate !== undefined && { frameRate }),
      peakBitrate: this.#meter.peak,
      averageBitrate: this.#meter.average,
    };
    return renderMultivariant([variant], { independent: this.#independent });
  }

  /** What the media are; undefined before the first segment. */
  rendition(): RenditionInfo | undefined {
    if (this.#tracks.length === 0) return undefined;
    const video = this.#tracks.find((track) => track.kind === 'video');
    return {
      rendition: this.#options.rendition,
      codecs: codecsOf(this.#tracks),
      ...(video !== undefined && { width: video.width, height: video.height }),
      ...(this.#frameRate !== undefined && {
        frameRate: Math.round(this.#frameRate * 1000) / 1000,
      }),
      bitrate: Math.round(this.#meter.average),
    };
  }
}

const NOMINAL_RATES = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60];

/** FLV counts whole milliseconds, which blurs a rate by some hundredths of a per cent. */
function nominalFrameRate(measured: number): number {
  const near = NOMINAL_RATES.filter((rate) => Math.abs(measured / rate - 1) < 0.001);
  return near.sort((a, b) => Math.abs(measured - a) - Math.abs(measured - b))[0] ?? measured;
}
