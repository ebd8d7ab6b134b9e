import { type ChannelId, type RenditionId, type SegmentInfo } from '@shoal/protocol';
import { type CutSegment } from '../fmp4/cut.ts';
import { codecsOf, type Track } from '../fmp4/movie.ts';
import { renderMediaPlaylist } from '../hls/media-playlist.ts';
import { BitrateMeter, renderMultivariant, type Variant } from '../hls/multivariant.ts';
import { SegmentWindow, type WindowOptions, type WindowSegment } from '../hls/segment-window.ts';
import { type ChannelState } from './channel-state.ts';

/** What an operator is told about one rendition of a channel. */
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

/** What a rendition is, as far as that stays the same. */
export type RenditionKind = Omit<RenditionInfo, 'bitrate'>;

/** The newest segments of a broadcast, oldest first, each number after the one before. */
export type LiveWindow = {
  readonly segments: readonly WindowSegment[];
  readonly renditions: readonly RenditionKind[];
};

/** Names what the timeline is of, and how much of it is kept. */
export type TimelineOptions = {
  readonly channel: ChannelId;
  /** What a segment should last. */
  readonly segmentMs: number;
  readonly window: WindowOptions;
};

/** Where the media of an epoch comes from. */
export type EpochMedia = {
  readonly epoch: number;
  /** Unix milliseconds at which its first media came in. */
  readonly mediaAt: number;
  /** Of each rendition, in the order of the segment's. */
  readonly tracks: readonly (readonly Track[])[];
};

/** One rendition as it has been so far. */
type Rendition = { readonly meter: BitrateMeter; kind: Omit<RenditionKind, 'frameRate'> };

/** Segments of a channel in the order of playback: numbers, dates and playlists, the same for all its renditions. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #window: SegmentWindow;
  readonly #renditions = new Map<RenditionId, Rendition>();
  #nextMsn: number;
  #discontinuity: number;
  #targetDuration: number | undefined;
  #epoch: { readonly epoch: number; readonly baseMs: number } | undefined;
  #endMs = 0;
  #frameRate: number | undefined;
  #independent = true;
  #newest: WindowSegment | undefined;

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

  /** The segment that was added last. */
  get newest(): WindowSegment | undefined {
    return this.#newest;
  }

  get discontinuity(): number {
    return this.#discontinuity;
  }

  /** Seconds; undefined before the first segment of a broadcast. */
  get targetDuration(): number | undefined {
    return this.#targetDuration;
  }

  /** A new broadcast has its own target duration and renditions, and lists nothing of the one before. */
  begin(): void {
    this.#window.unlist();
    this.#targetDuration = undefined;
    this.#renditions.clear();
    this.#independent = true;
  }

  /** True when this epoch's segments would come after all that are there. */
  continues(epoch: number): boolean {
    return this.#epoch === undefined || epoch >= this.#epoch.epoch;
  }

  /** Gives the segment, whose number is {@link nextMsn}, its place in all renditions; returns what is no longer kept. */
  add(infos: readonly SegmentInfo[], cut: CutSegment, media: EpochMedia): readonly WindowSegment[] {
    if (this.#epoch?.epoch !== media.epoch) {
      // Dates never go back, not even when a publisher had sent faster than real time (RFC 8216 section 6.2.1).
      this.#epoch = { epoch: media.epoch, baseMs: Math.max(media.mediaAt, this.#endMs) };
      this.#discontinuity += 1;
      this.#frameRate = undefined;
    }
    const wanted = Math.ceil(this.#options.segmentMs / 1000);
    this.#targetDuration ??= Math.max(wanted, Math.round(cut.durationMs / 1000));
    if (media.tracks.flat().some((track) => track.kind === 'video'))
      this.#frameRate ??= nominalFrameRate(cut.sampleRate);
    if (!cut.independent) this.#independent = false;
    this.#describe(infos, media);
    const programDateTimeMs = Math.round(this.#epoch.baseMs + cut.startMs);
    this.#endMs = programDateTimeMs + cut.durationMs;
    const msn = this.#nextMsn;
    this.#nextMsn = msn + 1;
    this.#newest = {
      epoch: media.epoch,
      msn,
      infos,
      programDateTimeMs,
      discontinuity: this.#discontinuity,
      independent: cut.independent,
    };
    return this.#window.add(this.#newest);
  }

  #describe(infos: readonly SegmentInfo[], media: EpochMedia): void {
    for (const [i, info] of infos.entries()) {
      const { rendition } = info.id;
      this.#count(info, kindOf(rendition, media.tracks[i] ?? []));
    }
  }

  #count(info: SegmentInfo, kind: Rendition['kind']): void {
    const known = this.#renditions.get(kind.rendition) ?? { meter: new BitrateMeter(), kind };
    known.kind = kind;
    known.meter.add(info, (this.#targetDuration ?? 0) * 1000);
    this.#renditions.set(kind.rendition, known);
  }

  /** Lists again what a process before this one has listed last. */
  restore({ segments, renditions }: LiveWindow): void {
    for (const segment of segments) {
      this.#window.add(segment);
      for (const info of segment.infos) {
        const kind = renditions.find(({ rendition }) => rendition === info.id.rendition);
        if (kind !== undefined && segment.gap !== true) this.#count(info, withoutRate(kind));
        this.#frameRate ??= kind?.frameRate;
        this.#endMs = segment.programDateTimeMs + info.durationMs;
      }
      if (!segment.independent) this.#independent = false;
    }
  }

  /** True while something of this epoch can be fetched. */
  keeps(epoch: number): boolean {
    return this.#window.hasEpoch(epoch);
  }

  /** The media playlist of a rendition; undefined while it would be empty. */
  playlist(rendition: RenditionId, ended: boolean): string | undefined {
    const segments = this.#window.listed();
    const targetDuration = this.#targetDuration;
    const has = segments.some(({ infos }) => infos.some(({ id }) => id.rendition === rendition));
    if (!has || targetDuration === undefined) return undefined;
    const { channel } = this.#options;
    return renderMediaPlaylist({ channel, rendition, targetDuration, segments, ended });
  }

  /** The multivariant playlist; undefined while there is nothing to describe. */
  multivariant(): string | undefined {
    const variants = [...this.#renditions].map(([rendition, known]): Variant => {
      const { codecs, width, height, frameRate } = this.#info(known);
      return {
        rendition,
        codecs,
        ...(width !== undefined && height !== undefined && { resolution: { width, height } }),
        ...(frameRate !== undefined && { frameRate }),
        peakBitrate: known.meter.peak,
        averageBitrate: known.meter.average,
      };
    });
    if (variants.length === 0) return undefined;
    return renderMultivariant(variants, { independent: this.#independent });
  }

  /** What the media are, the source first; empty before the first segment. */
  renditions(): readonly RenditionInfo[] {
    return [...this.#renditions.values()].map((known) => this.#info(known));
  }

  /** What the media are, as far as that stays the same, the source first. */
  kinds(): readonly RenditionKind[] {
    return [...this.#renditions.values()].map(({ kind }) => ({ ...kind, ...this.#rate() }));
  }

  #info({ kind, meter }: Rendition): RenditionInfo {
    return { ...kind, ...this.#rate(), bitrate: Math.round(meter.average) };
  }

  #rate(): Pick<RenditionKind, 'frameRate'> {
    if (this.#frameRate === undefined) return {};
    return { frameRate: Math.round(this.#frameRate * 1000) / 1000 };
  }
}

function withoutRate({ rendition, codecs, width, height }: RenditionKind): Rendition['kind'] {
  return {
    ...{ rendition, codecs },
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  };
}

function kindOf(rendition: RenditionId, tracks: readonly Track[]): Rendition['kind'] {
  const video = tracks.find((track) => track.kind === 'video');
  return {
    ...{ rendition, codecs: codecsOf(tracks) },
    ...(video !== undefined && { width: video.width, height: video.height }),
  };
}

const NOMINAL_RATES = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60];

/** FLV counts whole milliseconds, which blurs a rate by some hundredths of a per cent. */
function nominalFrameRate(measured: number): number {
  const near = NOMINAL_RATES.filter((rate) => Math.abs(measured / rate - 1) < 0.001);
  return near.sort((a, b) => Math.abs(measured - a) - Math.abs(measured - b))[0] ?? measured;
}
