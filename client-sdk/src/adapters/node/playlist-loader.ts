import { type MediaPlaylist, readMediaPlaylist, readVariants } from '../../node/media-playlist.ts';
import type { PlaylistResponse } from '../playlist/plain-listing.ts';
import { readBody } from './http-body.ts';
import { withTimeLimit } from './time-limit.ts';

/** What a {@link PlaylistLoader} needs. */
export type PlaylistLoaderOptions = {
  readonly fetch: typeof fetch;
  /** Of a media or multivariant playlist. */
  readonly url: string;
  /** Which variant of a multivariant playlist; the last where there are fewer. */
  readonly variant: number;
  /** Gets the playlist at `url` the first time it comes, multivariant or not. */
  readonly onFirst: (response: PlaylistResponse) => void;
  /** Gets each media playlist, before it is used: when the promise resolves, if there is one. It does not reject. */
  readonly onMedia: (response: PlaylistResponse) => Promise<void> | undefined;
};

/** No playlist is larger. Bytes. */
const MAX_BYTES = 2_097_152;
const TIMEOUT_MS = 10_000;

/** Loads one playlist again and again; finds the media playlist behind a multivariant one the first time. */
export class PlaylistLoader {
  readonly #options: PlaylistLoaderOptions;
  readonly #closing = new AbortController();
  #mediaUrl: string | undefined;
  #begun = false;

  constructor(options: PlaylistLoaderOptions) {
    this.#options = options;
  }

  /** Never rejects: undefined for a playlist that could not be had or read. */
  async load(): Promise<MediaPlaylist | undefined> {
    try {
      const first = await this.#read(this.#mediaUrl ?? this.#options.url);
      if (!this.#begun) this.#options.onFirst(first);
      this.#begun = true;
      const variants = readVariants(first.text, first.served);
      const variant = variants[Math.min(this.#options.variant, variants.length - 1)];
      if (variant === undefined || this.#mediaUrl !== undefined) return await this.#use(first);
      const media = await this.#read(variant);
      this.#mediaUrl = variant;
      return await this.#use(media);
    } catch {
      return undefined;
    }
  }

  /** Ends what is being loaded. Idempotent. */
  close(): void {
    this.#closing.abort();
  }

  async #use(response: PlaylistResponse): Promise<MediaPlaylist | undefined> {
    const playlist = readMediaPlaylist(response.text, response.served);
    if (playlist !== undefined) await this.#options.onMedia(response);
    return playlist;
  }

  async #read(url: string): Promise<PlaylistResponse> {
    const chunks: Uint8Array[] = [];
    const { fetch } = this.#options;
    const limit = { closing: this.#closing.signal, ms: TIMEOUT_MS };
    const onChunk = (chunk: Uint8Array): void => void chunks.push(chunk);
    const served = await withTimeLimit(limit, (signal) =>
      readBody({ fetch, url, maxBytes: MAX_BYTES, signal, onChunk }),
    );
    return { text: Buffer.concat(chunks).toString('utf8'), requested: url, served };
  }
}
