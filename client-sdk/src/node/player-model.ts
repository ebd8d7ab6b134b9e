import { assertNever } from '@shoal/protocol';
import type { TrackPosition } from '../core/io.ts';
import type { MediaPlaylist, PlaylistSegment } from './media-playlist.ts';

/** What happens to a player. Times are passed beside it, in ms of any monotonic clock. */
export type PlayerInput =
  /** The answer to `load-playlist`; undefined if it did not come. */
  | { readonly type: 'playlist'; readonly playlist: MediaPlaylist | undefined }
  /** The answer to `load-segment`. */
  | { readonly type: 'segment'; readonly ok: boolean }
  | { readonly type: 'tick' };

/** What a player wants done, in order. */
export type PlayerEffect =
  | { readonly type: 'load-playlist' }
  /** One at a time. `initUrl`: the initialisation section to load first, if it was not loaded before. */
  | { readonly type: 'load-segment'; readonly url: string; readonly initUrl: string | undefined }
  /** Where playback stands, of whatever rendition the playlist is. */
  | { readonly type: 'playback'; readonly position: PlayerPosition };

/** Where a player of one rendition stands. */
export type PlayerPosition = Omit<TrackPosition, 'rendition'>;

/** What somebody who watched would have seen. */
export type PlayerStats = {
  readonly bufferMs: number;
  /** Unix ms of what is on the screen; undefined before the first frame and without dates in the playlist. */
  readonly date: number | undefined;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly startupMs: number | undefined;
  readonly playedSegments: number;
  readonly skippedSegments: number;
  /** Whether the stream goes on. */
  readonly live: boolean;
  /** Whether the playlist is closed and all of it was played. */
  readonly ended: boolean;
};

/** A player loads ahead until so much is buffered, as hls.js does by default. */
const BUFFER_TARGET_MS = 30_000;
const REPORT_MS = 250;
const RETRY_MS = 1_000;
/** Failures in a row after which a segment is left out. */
const ATTEMPTS = 4;
/** A shorter stand-still is not seen; the browser's stall meter goes by the same. */
const STALL_MS = 250;

/**
 * A live player as hls.js is one, without media: polls its playlist, loads one segment after another
 * from `startBehindSegments` before the end, and uses up what it has at the pace of the clock. It
 * does not catch up: latency grows by every stall.
 */
export class PlayerModel {
  readonly #startBehind: number;
  readonly #startedAt: number;
  #now: number;
  #effects: PlayerEffect[] = [];
  #playlist: MediaPlaylist | undefined;
  #pollAt: number | undefined;
  #askedAt: number;
  #asking = false;
  #reportAt = 0;
  /** Sequence number of the segment to append next. */
  #next: number | undefined;
  #loading: PlaylistSegment | undefined;
  #failures = 0;
  #retryAt: number | undefined;
  #initUrl: string | undefined;
  #bufferedMs = 0;
  #bufferedTo: number | undefined;
  #startupMs: number | undefined;
  #dryAt: number | undefined;
  #stalls = 0;
  #stalledMs = 0;
  #played = 0;
  #skipped = 0;

  constructor(options: { readonly startBehindSegments: number; readonly now: number }) {
    this.#startBehind = options.startBehindSegments;
    this.#startedAt = options.now;
    this.#now = options.now;
    this.#askedAt = options.now;
    this.#pollAt = options.now;
  }

  step(input: PlayerInput, now: number): readonly PlayerEffect[] {
    this.#advance(now);
    this.#take(input);
    if (!this.#asking && this.#pollAt !== undefined && now >= this.#pollAt) {
      this.#asking = true;
      this.#askedAt = now;
      this.#effects.push({ type: 'load-playlist' });
    }
    this.#load();
    if (now >= this.#reportAt) this.#report();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** When the next tick is due. */
  deadline(): number {
    const poll = this.#asking ? undefined : this.#pollAt;
    return Math.min(this.#reportAt, poll ?? Infinity, this.#retryAt ?? Infinity);
  }

  read(now: number): PlayerStats {
    this.#advance(now);
    const dry = this.#dryMs();
    const lasting = dry >= STALL_MS;
    return {
      bufferMs: this.#bufferedMs,
      date: this.#bufferedTo === undefined ? undefined : this.#bufferedTo - this.#bufferedMs,
      stalls: this.#stalls + (lasting ? 1 : 0),
      stalledMs: this.#stalledMs + (lasting ? dry : 0),
      startupMs: this.#startupMs,
      playedSegments: this.#played,
      skippedSegments: this.#skipped,
      live: this.#playlist?.ended === false,
      ended: this.#finished() && this.#bufferedMs === 0,
    };
  }

  #take(input: PlayerInput): void {
    switch (input.type) {
      case 'playlist':
        this.#onPlaylist(input.playlist);
        return;
      case 'segment':
        this.#onSegment(input.ok);
        return;
      case 'tick':
        return;
      default:
        assertNever(input);
    }
  }

  #onPlaylist(playlist: MediaPlaylist | undefined): void {
    this.#asking = false;
    if (playlist === undefined || playlist.segments.length === 0) {
      this.#pollAt = this.#now + RETRY_MS;
      return;
    }
    const changed = last(playlist)?.msn !== last(this.#playlist)?.msn;
    this.#playlist = playlist;
    // RFC 8216 section 6.3.4, with the mean length as the target, as hls.js reads it.
    const wait = changed ? meanDuration(playlist) : playlist.targetDurationMs / 2;
    this.#pollAt = playlist.ended ? undefined : Math.max(this.#askedAt + wait, this.#now);
    const first = playlist.segments[0]?.msn ?? 0;
    if (this.#next === undefined) this.#next = this.#startAt(playlist);
    else if (this.#next < first && this.#loading === undefined) {
      const again = this.#startAt(playlist);
      this.#skipped += again - this.#next;
      this.#next = again;
    }
  }

  #onSegment(ok: boolean): void {
    const segment = this.#loading;
    if (segment === undefined) return;
    this.#loading = undefined;
    if (!ok && ++this.#failures < ATTEMPTS) {
      this.#retryAt = this.#now + RETRY_MS;
      return;
    }
    this.#failures = 0;
    this.#next = segment.msn + 1;
    if (ok) this.#append(segment);
    else this.#skipped += 1;
  }

  #append(segment: PlaylistSegment): void {
    const dry = this.#dryMs();
    if (dry >= STALL_MS) {
      this.#stalls += 1;
      this.#stalledMs += dry;
    }
    this.#dryAt = undefined;
    this.#startupMs ??= this.#now - this.#startedAt;
    this.#bufferedMs += segment.durationMs;
    this.#bufferedTo = segment.date === undefined ? undefined : segment.date + segment.durationMs;
    this.#initUrl = segment.initUrl;
    this.#played += 1;
    this.#report();
  }

  #load(): void {
    if (this.#retryAt !== undefined && this.#now < this.#retryAt) return;
    this.#retryAt = undefined;
    if (this.#loading !== undefined || this.#bufferedMs >= BUFFER_TARGET_MS) return;
    const next = this.#next;
    if (next === undefined) return;
    const segment = this.#playlist?.segments.find(({ msn }) => msn >= next);
    if (segment === undefined) return;
    this.#skipped += segment.msn - next;
    this.#next = segment.msn;
    this.#loading = segment;
    const initUrl = segment.initUrl === this.#initUrl ? undefined : segment.initUrl;
    this.#effects.push({ type: 'load-segment', url: segment.url, initUrl });
  }

  #report(): void {
    this.#reportAt = this.#now + REPORT_MS;
    if (this.#next === undefined) return;
    this.#effects.push({
      type: 'playback',
      position: { bufferedMs: this.#bufferedMs, next: this.#next },
    });
  }

  #advance(now: number): void {
    const passed = Math.max(now - this.#now, 0);
    this.#now += passed;
    if (this.#startupMs === undefined) return;
    if (passed > this.#bufferedMs && !this.#finished())
      this.#dryAt ??= this.#now - (passed - this.#bufferedMs);
    this.#bufferedMs = Math.max(this.#bufferedMs - passed, 0);
  }

  /** How long the screen has stood still. */
  #dryMs(): number {
    return this.#dryAt === undefined ? 0 : this.#now - this.#dryAt;
  }

  #finished(): boolean {
    const end = last(this.#playlist);
    return this.#playlist?.ended === true && end !== undefined && (this.#next ?? 0) > end.msn;
  }

  #startAt({ segments, ended }: MediaPlaylist): number {
    const at = ended ? 0 : Math.max(segments.length - this.#startBehind, 0);
    return segments[at]?.msn ?? 0;
  }
}

function last(playlist: MediaPlaylist | undefined): PlaylistSegment | undefined {
  return playlist?.segments[playlist.segments.length - 1];
}

function meanDuration({ segments }: MediaPlaylist): number {
  return segments.reduce((sum, { durationMs }) => sum + durationMs, 0) / segments.length;
}
