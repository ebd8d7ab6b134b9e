import type Hls from 'hls.js';
import type { BufferCreatedData, Events } from 'hls.js';
import { eventsOf } from './hls-events.ts';
import { bufferedMs, type PlayerTracks, readTracks, type SourceBuffers } from './player-tracks.ts';
import { StallMeter } from './stall-meter.ts';

/** What a {@link PlaybackMonitor} needs. */
export type PlaybackMonitorOptions = {
  /** Gets where playback stands, every 250 ms and whenever that changes at a stroke. */
  readonly onPlayback: (tracks: PlayerTracks) => void;
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
const NO_BUFFERS: SourceBuffers = { video: undefined, audio: undefined };
const MEDIA_EVENTS = ['seeking', 'playing', 'pause'] as const;

/** Watches one hls.js player and its media element. */
export class PlaybackMonitor {
  readonly #options: PlaybackMonitorOptions;
  readonly #stalls = new StallMeter();
  #hls: Hls | undefined;
  #media: HTMLMediaElement | undefined;
  #buffers: SourceBuffers = NO_BUFFERS;
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
    hls.on(events.BUFFER_CREATED, this.#onBufferCreated);
    for (const name of changesOf(events)) hls.on(name, this.#sample);
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
    hls.off(events.BUFFER_CREATED, this.#onBufferCreated);
    for (const name of changesOf(events)) hls.off(name, this.#sample);
    hls.off(events.DESTROYING, this.#options.onDestroying);
  }

  readonly #onMediaAttached = (): void => {
    this.#watch(this.#hls?.media ?? null);
  };

  readonly #onMediaDetaching = (): void => {
    this.#watch(null);
    this.#buffers = NO_BUFFERS;
  };

  readonly #onBufferCreated = (_: Events.BUFFER_CREATED, { tracks }: BufferCreatedData): void => {
    const { video = tracks.audiovideo, audio } = tracks;
    this.#buffers = { video: video?.buffer, audio: audio?.buffer };
  };

  readonly #onFirstFrame = (): void => {
    this.#startupMs ??= this.#options.now() - this.#attachedAt;
  };

  /** Looks now; hls.js asks for the next segment before it tells others that the one before is buffered. */
  sample(): void {
    this.#sample();
  }

  readonly #sample = (): void => {
    const media = this.#media;
    const hls = this.#hls;
    if (media === undefined || hls === undefined) return;
    const playing = !media.paused && !media.ended;
    this.#stalls.sample(
      { position: media.currentTime, active: playing && !media.seeking },
      this.#options.now(),
    );
    this.#options.onPlayback({ ...readTracks(hls, media, this.#buffers), playing });
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

/** What moves playback on, or to another playlist: the engine hears of a switch before it is asked for its first segment. */
function changesOf(events: typeof Events) {
  return [
    events.FRAG_BUFFERED,
    events.LEVEL_SWITCHING,
    events.LEVEL_UPDATED,
    events.AUDIO_TRACK_SWITCHING,
    events.AUDIO_TRACK_UPDATED,
  ] as const;
}
