import type Hls from 'hls.js';
import type { LevelDetails } from 'hls.js';
import { bufferEnd, nextToBuffer, type Span } from './buffer-ahead.ts';

/** What the player loads from one media playlist, and where in it playback stands. */
export type PlayerTrack = {
  /** The playlist's. */
  readonly url: string;
  /** Media sequence number of the first segment that is not yet buffered. */
  readonly next: number;
  readonly bufferedMs: number;
};

/** Where the player stands, in its level and in audio that is loaded apart from it. */
export type PlayerTracks = {
  readonly main: PlayerTrack | undefined;
  readonly audio: PlayerTrack | undefined;
  readonly playing: boolean;
};

/** The source buffers of a player, as far as it has told of them. */
export type SourceBuffers = {
  readonly video: SourceBuffer | undefined;
  readonly audio: SourceBuffer | undefined;
};

/** A live playlist that has not changed for so many target durations is of a level that is no longer loaded. */
const STALE_TARGETS = 3;

/** Reads the tracks off the player; one whose playlist is not known (yet) is undefined. */
export function readTracks(
  hls: Hls,
  media: HTMLMediaElement,
  buffers: SourceBuffers,
): Pick<PlayerTracks, 'main' | 'audio'> {
  const level = fresh(hls.levels[hls.loadLevel]?.details);
  const apart = hls.audioTracks[hls.audioTrack];
  // Audio that comes with the level is a track without a URL.
  const separate = apart?.url !== undefined && apart.url !== '';
  const audio = separate ? fresh(apart.details) : undefined;
  const position = startOf(hls, media);
  const both = spans(media.buffered);
  const track = (details: LevelDetails | undefined, ranges: readonly Span[]) =>
    details && trackOf(details, ranges, { position, playhead: media.currentTime });
  return {
    main: track(level, (separate ? rangesOf(buffers.video) : undefined) ?? both),
    audio: track(audio, rangesOf(buffers.audio) ?? both),
  };
}

/** Media that can be played from the playhead without a stop, in ms. */
export function bufferedMs(media: HTMLMediaElement): number {
  return (bufferEnd(spans(media.buffered), media.currentTime) - media.currentTime) * 1000;
}

function trackOf(
  details: LevelDetails,
  ranges: readonly Span[],
  at: { readonly position: number; readonly playhead: number },
): PlayerTrack | undefined {
  const next = nextToBuffer(details.fragments, bufferEnd(ranges, at.position));
  if (next === undefined) return undefined;
  const ahead = bufferEnd(ranges, at.playhead) - at.playhead;
  return { url: details.url, next, bufferedMs: ahead * 1000 };
}

/** Before anything is buffered the playhead of a live stream still stands where it will not begin. */
function startOf(hls: Hls, media: HTMLMediaElement): number {
  const nothingYet = media.buffered.length === 0 && hls.latestLevelDetails?.live === true;
  return nothingYet ? (hls.liveSyncPosition ?? media.currentTime) : media.currentTime;
}

function fresh(details: LevelDetails | null | undefined): LevelDetails | undefined {
  if (details === null || details === undefined) return undefined;
  return details.live && details.age > STALE_TARGETS * details.targetduration ? undefined : details;
}

/** Undefined for none, and for one that was taken off its media source. */
function rangesOf(buffer: SourceBuffer | undefined): readonly Span[] | undefined {
  try {
    return buffer && spans(buffer.buffered);
  } catch {
    return undefined;
  }
}

function spans(ranges: TimeRanges): readonly Span[] {
  return Array.from({ length: ranges.length }, (_, i) => ({
    start: ranges.start(i),
    end: ranges.end(i),
  }));
}
