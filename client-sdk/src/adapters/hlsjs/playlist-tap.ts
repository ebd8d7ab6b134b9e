import { type ListedSegment, readSwarmTags, type RenditionId } from '@shoal/protocol';
import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
  PlaylistLoaderConstructor,
  PlaylistLoaderContext,
} from 'hls.js';
import type { PlainPlaylistInput, PlaylistInput } from '../../core/io.ts';
import type { PlaylistResponse } from '../playlist/plain-listing.ts';
import { withContext } from './default-loader.ts';

/** Who hears of the playlists of one player. */
export type PlaylistTapPorts = {
  /**
   * What the swarm tags of a playlist say (SEG-8, SEG-9), or what one without says where that is shared (SEG-10), and where it
   * came from. A promise that it returns resolves when the player may have the playlist; it does not reject.
   */
  readonly onPlaylist: (
    input: PlaylistInput | PlainPlaylistInput,
    url: string,
  ) => Promise<void> | undefined;
  /** A playlist came from this URL; `hasDigests` if it carries swarm tags. */
  readonly onSeen: (url: string, hasDigests: boolean) => void;
  /** Reads playlists without swarm tags; undefined where what they list is not shared. */
  readonly plain:
    | {
        begin(response: PlaylistResponse): void;
        read(response: PlaylistResponse): PlainPlaylistInput | undefined;
      }
    | undefined;
};

/** The class to give to hls.js as `pLoader`: it loads as hls.js would, and passes on what playlists say. */
export function createPlaylistTap(ports: PlaylistTapPorts): PlaylistLoaderConstructor {
  return class extends PlaylistTap {
    constructor(config: HlsConfig) {
      super(config, ports);
    }
  };
}

class PlaylistTap implements Loader<PlaylistLoaderContext> {
  context: PlaylistLoaderContext | null = null;
  readonly #own: Loader<LoaderContext>;
  readonly #ports: PlaylistTapPorts;

  constructor(config: HlsConfig, ports: PlaylistTapPorts) {
    this.#own = new config.loader(config);
    this.#ports = ports;
  }

  get stats(): LoaderStats {
    return this.#own.stats;
  }

  load(
    context: PlaylistLoaderContext,
    config: LoaderConfiguration,
    callbacks: LoaderCallbacks<PlaylistLoaderContext>,
  ): void {
    this.context = context;
    this.#own.load(
      context,
      config,
      withContext(context, {
        ...callbacks,
        onSuccess: (...[response, stats, , details]) => {
          const { data } = response;
          const answer = (): void => {
            if (this.context === context) callbacks.onSuccess(response, stats, context, details);
          };
          // Before hls.js gets it: from then on it may ask for what is listed.
          const held =
            typeof data === 'string'
              ? this.#read(context, data, response.url || context.url)
              : undefined;
          if (held === undefined) answer();
          else void held.then(answer);
        },
      }),
    );
  }

  #read(context: PlaylistLoaderContext, text: string, served: string): Promise<void> | undefined {
    const { onPlaylist, onSeen, plain } = this.#ports;
    const tagged = readPlaylist(text, served);
    onSeen(served, tagged !== undefined);
    const response = { text, requested: context.url, served };
    // The enumeration of hls.js is not imported: that would bring a second hls.js into some pages.
    const type: string = context.type;
    if (type === 'manifest') plain?.begin(response);
    const main = type === 'manifest' || type === 'level';
    const playlist = tagged ?? (main ? plain?.read(response) : undefined);
    return playlist && onPlaylist(playlist, served);
  }

  abort(): void {
    this.#own.abort();
    this.context = null;
  }

  destroy(): void {
    this.#own.destroy();
    this.context = null;
  }

  getCacheAge(): number | null {
    return this.#own.getCacheAge?.() ?? null;
  }

  getResponseHeader(name: string): string | null {
    return this.#own.getResponseHeader?.(name) ?? null;
  }
}

/** The rendition of a playlist that is shared. */
export function renditionOf(playlist: PlaylistInput | PlainPlaylistInput): RenditionId {
  return playlist.type === 'playlist' ? playlist.swarm.rendition : playlist.rendition;
}

/** What a playlist that was served from `base` says to a Shoal viewer; undefined if it carries no swarm tags. */
export function readPlaylist(text: string, base: string): PlaylistInput | undefined {
  const swarm = readSwarmTags(text);
  if (swarm === undefined) return undefined;
  const segments: ListedSegment[] = [];
  const urls: string[] = [];
  for (const segment of swarm.segments) {
    if (!URL.canParse(segment.uri, base)) continue;
    segments.push(segment);
    urls.push(new URL(segment.uri, base).href);
  }
  return { type: 'playlist', swarm: { ...swarm, segments }, urls };
}
