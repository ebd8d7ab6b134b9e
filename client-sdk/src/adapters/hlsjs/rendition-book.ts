import { parseLivePath, type RenditionId } from '@shoal/protocol';
import type { PlaybackInput, TrackPosition } from '../../core/io.ts';
import type { PlayerTrack, PlayerTracks } from './player-tracks.ts';

/** A channel has a few levels and audio tracks; the URL of a playlist may change with a token in it. */
const MAX_PLAYLISTS = 64;

/** Which media playlist is of which rendition: the player knows the one, the engine the other. */
export class RenditionBook {
  readonly #byUrl = new Map<string, RenditionId>();

  /** A playlist was loaded from `url`; the oldest is forgotten beyond the limit. */
  note(url: string, rendition: RenditionId): void {
    this.#byUrl.delete(url);
    this.#byUrl.set(url, rendition);
    for (const oldest of this.#byUrl.keys()) {
      if (this.#byUrl.size <= MAX_PLAYLISTS) return;
      this.#byUrl.delete(oldest);
    }
  }

  /** Undefined for one that is not shared. A playlist that was not loaded yet may tell by its path (SEG-3). */
  renditionOf(url: string): RenditionId | undefined {
    const known = this.#byUrl.get(url);
    if (known !== undefined || !URL.canParse(url)) return known;
    const path = parseLivePath(new URL(url).pathname);
    return path.ok && path.value.type === 'playlist' ? path.value.rendition : undefined;
  }

  /** What the engine is told of where the player stands. */
  playback({ main, audio, playing }: PlayerTracks): PlaybackInput {
    return { type: 'playback', main: this.#position(main), audio: this.#position(audio), playing };
  }

  #position(track: PlayerTrack | undefined): TrackPosition | undefined {
    const rendition = track && this.renditionOf(track.url);
    if (track === undefined || rendition === undefined) return undefined;
    return { rendition, next: track.next, bufferedMs: track.bufferedMs };
  }
}
