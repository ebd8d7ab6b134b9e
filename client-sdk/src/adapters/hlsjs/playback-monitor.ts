import type Hls from 'hls.js';
import type { PlaybackInput } from '../../core/io.ts';
import { bufferEnd, nextToBuffer, type Span } from './buffer-ahead.ts';
import { eventsOf } from './hls-events.ts';
import { StallMeter } from './stall-meter.ts';

/** What a {@link PlaybackMonitor} needs. */
export type PlaybackMonitorOptions = {
  /** Gets where playback stands, every 250 ms and whenever that changes at a stroke. */
  readonly onPlayback: (input: PlaybackInput) => void;
  /** The player is being destroyed. */
  readonly onDestroying: () => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Unix ms. */
  readonly wallClock: () => number;
};

/** What the viewer of the video experiences; see {@link ShoalStats}. */
export type PlaybackStats = {
  readonly bufferMs: number;
  readonly latencyMs: number | undefined;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly startupMs: number | undefined;
};

const SAMPLE_MS = 250;
const MEDIA_EVENTS = ['seeking', 'playing', 'pause'] as const;

/** Watches one hls.js player and its media element. */
export class PlaybackMonitor {
  readonly #options: PlaybackMonitorOptions;
  readonly #stalls = new StallMeter();
  #hls: Hls | undefined;
  #media: HTMLMediaElement | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #attachedAt = 0;
  #startupMs: number | undefined;

  constructor(options: PlaybackMonitorOptions) {
    this.#options = options;
  }

  attach(hls: Hls): void {
    this.close();
    this.#hls = hls;
    this.#attachedAt = this.#options.now();
    const events = eventsOf(hls);
    hls.on(events.MEDIA_ATTACHED, this.#onMediaAttached);
    hls.on(events.MEDIA_DETACHING, this.#onMediaDetaching);
    hls.on(events.FRAG_BUFFERED, this.#sample);
    hls.on(events.DESTROYING, this.#options.onDestroying);
    this.#watch(hls.media);
    this.#timer = setInterval(this.#sample, SAMPLE_MS);
  }

  read(): PlaybackStats {
    const media = this.#media;
    const { stalls, stalledMs } = this.#stalls.read(this.#options.now());
    return {
      bufferMs: media === undefined ? 0 : bufferedMs(media),
      latencyMs: this.#latencyMs(),
      stalls,
      stalledMs,
      startupMs: this.#startupMs,
    };
  }

  /** Idempotent; what was counted stays readable. */
  close(): void {
    clearInterval(this.#timer);
    this.#watch(null);
    const hls = this.#hls;
    this.#hls = undefined;
    if (hls === undefined) return;
    const events = eventsOf(hls);
    hls.off(events.MEDIA_ATTACHED, this.#onMediaAttached);
    hls.off(events.MEDIA_DETACHING, this.#onMediaDetaching);
    hls.off(events.FRAG_BUFFERED, this.#sample);
    hls.off(events.DESTROYING, this.#options.onDestroying);
  }

  readonly #onMediaAttached = (): void => {
    this.#watch(this.#hls?.media ?? null);
  };

  readonly #onMediaDetaching = (): void => {
    this.#watch(null);
  };

  readonly #onFirstFrame = (): void => {
    this.#startupMs ??= this.#options.now() - this.#attachedAt;
  };

  readonly #sample = (): void => {
    const media = this.#media;
    const hls = this.#hls;
    if (media === undefined || hls === undefined) return;
    const playing = !media.paused && !media.ended;
    this.#stalls.sample(
      { position: media.currentTime, active: playing && !media.seeking },
      this.#options.now(),
    );
    const next = nextSegment(hls, media);
    if (next !== undefined)
      this.#options.onPlayback({ type: 'playback', bufferedMs: bufferedMs(media), next, playing });
  };

  #watch(media: HTMLMediaElement | null): void {
    for (const name of MEDIA_EVENTS) {
      this.#media?.removeEventListener(name, this.#sample);
      media?.addEventListener(name, this.#sample);
    }
    this.#media?.removeEventListener('loadeddata', this.#onFirstFrame);
    media?.addEventListener('loadeddata', this.#onFirstFrame);
    this.#media = media ?? undefined;
    if (media !== null && media.readyState >= media.HAVE_CURRENT_DATA) this.#onFirstFrame();
  }

  #latencyMs(): number | undefined {
    const hls = this.#hls;
    if (hls === undefined || hls.latestLevelDetails?.live !== true) return undefined;
    const date = hls.playingDate;
    return date === null ? undefined : this.#options.wallClock() - date.getTime();
  }
}

function bufferedMs(media: HTMLMediaElement): number {
  return (bufferEnd(spans(media.buffered), media.currentTime) - media.currentTime) * 1000;
}

/** The segment to buffer next; undefined while no playlist is known. */
function nextSegment(hls: Hls, media: HTMLMediaElement): number | undefined {
  const details = hls.levels[hls.loadLevel]?.details ?? hls.latestLevelDetails;
  if (details === null) return undefined;
  // Before anything is buffered the playhead of a live stream still stands where it will not begin.
  const nothingYet = media.buffered.length === 0 && details.live;
  const position = nothingYet ? (hls.liveSyncPosition ?? media.currentTime) : media.currentTime;
  return nextToBuffer(details.fragments, bufferEnd(spans(media.buffered), position));
}

function spans(ranges: TimeRanges): readonly Span[] {
  return Array.from({ length: ranges.length }, (_, i) => ({
    start: ranges.start(i),
    end: ranges.end(i),
  }));
}
