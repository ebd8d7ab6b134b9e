import {
  type ChannelId,
  type PlaylistName,
  type RenditionId,
  type SegmentInfo,
} from '@shoal/protocol';
import { SOUND } from '../encoder/ladder.ts';
import { type CutPart, type CutSegment } from '../fmp4/cut.ts';
import { codecsOf, type Track } from '../fmp4/movie.ts';
import { type LowLatency, type Reach, SEGMENTS_WITH_PARTS, skippable } from '../hls/low-latency.ts';
import { type MediaPlaylist, renderMediaPlaylist } from '../hls/media-playlist.ts';
import { BitrateMeter, renderMultivariant, type Variant, variantOf } from '../hls/multivariant.ts';
import {
  type OpenSegment,
  SegmentWindow,
  type WindowOptions,
  type WindowPart,
  type WindowSegment,
} from '../hls/segment-window.ts';
import { type ChannelState } from './channel-state.ts';

/** What an operator is told about one rendition of a channel. */
export type RenditionInfo = {
  readonly rendition: RenditionId;
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  /** Frames per second. */
  readonly frameRate?: number;
  /** Of sound that is a rendition of its own. */
  readonly channels?: number;
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
  /** The longest that parts may be; absent where none are listed. */
  readonly partMs?: number;
};

/** A playlist of low latency, and what those who wait for its next version must know. */
export type LowLatencyText = {
  readonly text: string;
  /** The delta update; undefined where it would leave nothing out. */
  readonly delta: string | undefined;
  readonly reach: Reach;
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
type Rendition = {
  readonly meter: BitrateMeter;
  kind: Omit<RenditionKind, 'frameRate'>;
  /** Whether the meter knows the first part alone, of which a picture is most. */
  readonly provisional?: boolean;
};

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
  /** What there is of the next segment. */
  #open: OpenSegment | undefined;
  /** Segments whose parts can be fetched. */
  readonly #parted: WindowSegment[] = [];
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

  /** The number of the oldest segment in the playlists; undefined while they are empty. */
  get oldestMsn(): number | undefined {
    return this.#window.listed()[0]?.msn;
  }

  /** The segment that was added last. */
  get newest(): WindowSegment | undefined {
    return this.#newest;
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
    this.#open = undefined;
  }

  /** Whether parts of this epoch are listed whose segment is still to come. */
  isOpen(epoch: number): boolean {
    return this.#open?.epoch === epoch && this.#open.parts.length > 0;
  }

  /** Segments whose parts nobody needs any more, each once. */
  takeParts(): readonly WindowSegment[] {
    const old = this.#parted.slice(0, -SEGMENTS_WITH_PARTS - PARTS_KEPT);
    this.#parted.splice(0, old.length);
    return old;
  }

  /** Gives a part its place in the next segment; returns its number in there. */
  addPart(part: CutPart, names: readonly RenditionId[], media: EpochMedia): number {
    const { startMs, durationMs, independent } = part;
    const { baseMs } = this.#enter(media);
    this.#targetDuration ??= Math.ceil(this.#options.segmentMs / 1000);
    for (const [i, name] of names.entries()) {
      if (this.#renditions.has(name)) continue;
      const meter = new BitrateMeter();
      meter.add({ size: part.media[i]?.length ?? 0, durationMs }, durationMs);
      const kind = kindOf(name, media.tracks[i] ?? []);
      this.#renditions.set(name, { meter, kind, provisional: true });
    }
    const { epoch } = media;
    const parts = this.#open?.epoch === epoch ? this.#open.parts : [];
    const open = parts.length > 0 ? this.#open : undefined;
    this.#open = {
      ...{ epoch, msn: this.#nextMsn, discontinuity: this.#discontinuity },
      programDateTimeMs: open?.programDateTimeMs ?? Math.round(baseMs + startMs),
      parts: [...parts, { durationMs, independent }],
    };
    return parts.length;
  }

  /** True when this epoch's segments would come after all that are there. */
  continues(epoch: number): boolean {
    return this.#epoch === undefined || epoch >= this.#epoch.epoch;
  }

  /** Gives the segment, whose number is {@link nextMsn}, its place in all renditions; returns what is no longer kept. */
  add(infos: readonly SegmentInfo[], cut: CutSegment, media: EpochMedia): readonly WindowSegment[] {
    const { baseMs } = this.#enter(media);
    const wanted = Math.ceil(this.#options.segmentMs / 1000);
    this.#targetDuration ??= Math.max(wanted, Math.round(cut.durationMs / 1000));
    if (media.tracks.flat().some((track) => track.kind === 'video'))
      this.#frameRate ??= nominalFrameRate(cut.sampleRate);
    if (!cut.independent) this.#independent = false;
    this.#describe(infos, media);
    const programDateTimeMs = Math.round(baseMs + cut.startMs);
    this.#endMs = programDateTimeMs + cut.durationMs;
    const msn = this.#nextMsn;
    this.#nextMsn = msn + 1;
    const open = this.#open?.epoch === media.epoch ? this.#open.parts : undefined;
    // An encoder that leaves may have written an end that is in no part.
    const parts = open !== undefined && areWhole(open, cut.durationMs) ? open : undefined;
    this.#open = open && {
      ...{ epoch: media.epoch, msn: this.#nextMsn, discontinuity: this.#discontinuity },
      ...{ programDateTimeMs: Math.round(this.#endMs), parts: [] },
    };
    this.#newest = {
      epoch: media.epoch,
      msn,
      infos,
      programDateTimeMs,
      discontinuity: this.#discontinuity,
      independent: cut.independent,
      ...(parts !== undefined && { parts }),
    };
    if (parts !== undefined) this.#parted.push(this.#newest);
    return this.#window.add(this.#newest);
  }

  /** The first of an epoch, part or segment, begins it. */
  #enter({ epoch, mediaAt }: EpochMedia): { readonly baseMs: number } {
    if (this.#epoch?.epoch === epoch) return this.#epoch;
    // Dates never go back, not even when a publisher had sent faster than real time (RFC 8216 section 6.2.1).
    this.#epoch = { epoch, baseMs: Math.max(mediaAt, this.#endMs) };
    this.#discontinuity += 1;
    this.#frameRate = undefined;
    return this.#epoch;
  }

  #describe(infos: readonly SegmentInfo[], media: EpochMedia): void {
    for (const [i, info] of infos.entries()) {
      const { rendition } = info.id;
      this.#count(info, kindOf(rendition, media.tracks[i] ?? []));
    }
  }

  #count(info: SegmentInfo, kind: Rendition['kind']): void {
    const before = this.#renditions.get(kind.rendition);
    const usable = before !== undefined && before.provisional !== true;
    const known = usable ? before : { meter: new BitrateMeter(), kind };
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

  /** Whether playlists of low latency are made. */
  get hasParts(): boolean {
    return this.#options.partMs !== undefined;
  }

  /** What a restart must know of it. */
  get numbers(): Pick<ChannelState, 'nextMsn' | 'discontinuity' | 'targetDuration'> {
    return {
      nextMsn: this.#nextMsn,
      discontinuity: this.#discontinuity,
      ...(this.#targetDuration !== undefined && { targetDuration: this.#targetDuration }),
    };
  }

  /** True while something of this epoch can be fetched. */
  keeps(epoch: number): boolean {
    return this.#window.hasEpoch(epoch);
  }

  /** The media playlist of a rendition; undefined while it would be empty. */
  playlist(rendition: RenditionId, ended: boolean): string | undefined {
    const playlist = this.#playlist(rendition, ended);
    if (playlist === undefined || !lists(playlist)) return undefined;
    return renderMediaPlaylist(playlist);
  }

  #playlist(rendition: RenditionId, ended: boolean): MediaPlaylist | undefined {
    const segments = this.#window.listed();
    const targetDuration = this.#targetDuration;
    if (targetDuration === undefined) return undefined;
    const { channel } = this.#options;
    return { channel, rendition, targetDuration, segments, ended };
  }

  /** The same with parts, one of `all` renditions. It may have parts alone. */
  lowLatency(
    rendition: RenditionId,
    all: readonly RenditionId[],
    ended: boolean,
  ): LowLatencyText | undefined {
    const playlist = this.#playlist(rendition, ended);
    const open = ended ? undefined : this.#open;
    if (playlist === undefined || !(lists(playlist) || open !== undefined)) return undefined;
    const { segments, targetDuration } = playlist;
    const parts = open !== undefined || segments.some((segment) => segment.parts !== undefined);
    const lowLatency: LowLatency = {
      partTargetMs: parts ? this.#options.partMs : undefined,
      open,
      others: all.filter((other) => other !== rendition),
    };
    const skip = skippable(segments, targetDuration);
    const last = segments.at(-1);
    return {
      text: renderMediaPlaylist({ ...playlist, lowLatency }),
      delta: skip > 0 ? renderMediaPlaylist({ ...playlist, lowLatency, skip }) : undefined,
      reach: {
        lastMsn: last?.msn,
        lastParts: last?.parts?.length ?? 0,
        ...(open !== undefined && {
          open: { epoch: open.epoch, msn: open.msn, parts: open.parts.length },
        }),
        ended,
      },
    };
  }

  /** The multivariant playlist; undefined while there is nothing to describe. */
  multivariant(playlists?: PlaylistName): string | undefined {
    const variants = [...this.#renditions.values()].map((known): Variant =>
      variantOf(this.#info(known), known.meter),
    );
    if (variants.length === 0) return undefined;
    return renderMultivariant(variants, {
      independent: this.#independent,
      ...(playlists !== undefined && { playlists }),
    });
  }

  /** What the media are, the source first; empty before the first segment. */
  renditions(): readonly RenditionInfo[] {
    return [...this.#renditions.values()].map((known) => this.#info(known));
  }

  /** What the media are, as far as that stays the same, the source first. */
  kinds(): readonly RenditionKind[] {
    return [...this.#renditions.values()].map(({ kind }) => ({ ...kind, ...this.#rate(kind) }));
  }

  #info({ kind, meter }: Rendition): RenditionInfo {
    return { ...kind, ...this.#rate(kind), bitrate: Math.round(meter.average) };
  }

  #rate({ channels }: Rendition['kind']): Pick<RenditionKind, 'frameRate'> {
    if (this.#frameRate === undefined || channels !== undefined) return {};
    return { frameRate: Math.round(this.#frameRate * 1000) / 1000 };
  }
}

function withoutRate(of: RenditionKind): Rendition['kind'] {
  const { rendition, codecs, width, height, channels } = of;
  return {
    ...{ rendition, codecs },
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(channels !== undefined && { channels }),
  };
}

function kindOf(rendition: RenditionId, tracks: readonly Track[]): Rendition['kind'] {
  const video = tracks.find((track) => track.kind === 'video');
  const sound = tracks.find((track) => track.kind === 'audio');
  return {
    ...{ rendition, codecs: codecsOf(tracks) },
    ...(rendition === SOUND && { channels: sound?.channels ?? 2 }),
    ...(video !== undefined && { width: video.width, height: video.height }),
  };
}

function areWhole(parts: readonly WindowPart[], durationMs: number): boolean {
  return Math.abs(parts.reduce((sum, part) => sum + part.durationMs, -durationMs)) < 1;
}

/** Whether it has a segment of its rendition. */
function lists({ segments, rendition }: MediaPlaylist): boolean {
  return segments.some(({ infos }) => infos.some(({ id }) => id.rendition === rendition));
}

/** Segments whose parts stay fetchable after they left the playlist. */
const PARTS_KEPT = 2;

const NOMINAL_RATES = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60];

/** FLV counts whole milliseconds, which blurs a rate by some hundredths of a per cent. */
function nominalFrameRate(measured: number): number {
  const near = NOMINAL_RATES.filter((rate) => Math.abs(measured / rate - 1) < 0.001);
  return near.sort((a, b) => Math.abs(measured - a) - Math.abs(measured - b))[0] ?? measured;
}
