import { type ListedSegment, readSwarmTags } from '@shoal/protocol';
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
import type { PlaylistInput } from '../../core/io.ts';
import { withContext } from './default-loader.ts';

/** Gets what a playlist says, and where it was served from. */
type OnPlaylist = (input: PlaylistInput, url: string) => void;

/** The class to give to hls.js as `pLoader`: it loads as hls.js would, and tells `onPlaylist` what the swarm tags say (SEG-8, SEG-9). */
export function createPlaylistTap(onPlaylist: OnPlaylist): PlaylistLoaderConstructor {
  return class extends PlaylistTap {
    constructor(config: HlsConfig) {
      super(config, onPlaylist);
    }
  };
}

class PlaylistTap implements Loader<PlaylistLoaderContext> {
  context: PlaylistLoaderContext | null = null;
  readonly #own: Loader<LoaderContext>;
  readonly #onPlaylist: OnPlaylist;

  constructor(config: HlsConfig, onPlaylist: OnPlaylist) {
    this.#own = new config.loader(config);
    this.#onPlaylist = onPlaylist;
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
          // Before hls.js gets it: from then on it may ask for what is listed.
          const url = response.url || context.url;
          const playlist = typeof data === 'string' ? readPlaylist(data, url) : undefined;
          if (playlist !== undefined) this.#onPlaylist(playlist, url);
          callbacks.onSuccess(response, stats, context, details);
        },
      }),
    );
  }

  abort(): void {
    this.#own.abort();
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
