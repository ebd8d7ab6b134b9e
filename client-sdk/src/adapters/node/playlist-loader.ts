import { type MediaPlaylist, readMediaPlaylist, readVariants } from '../../node/media-playlist.ts';
import { readBody } from './http-body.ts';

/** What a {@link PlaylistLoader} needs. */
export type PlaylistLoaderOptions = {
  readonly fetch: typeof fetch;
  /** Of a media or multivariant playlist. */
  readonly url: string;
  /** Which variant of a multivariant playlist; the last where there are fewer. */
  readonly variant: number;
  /** Gets each media playlist as text, before it is used, with the URL that served it. */
  readonly onText: (text: string, url: string) => void;
};

/** No playlist is larger. Bytes. */
const MAX_BYTES = 2_097_152;
const TIMEOUT_MS = 10_000;

/** Loads one playlist again and again; finds the media playlist behind a multivariant one the first time. */
export class PlaylistLoader {
  readonly #options: PlaylistLoaderOptions;
  readonly #closing = new AbortController();
  #mediaUrl: string | undefined;

  constructor(options: PlaylistLoaderOptions) {
    this.#options = options;
  }

  /** Never rejects: undefined for a playlist that could not be had or read. */
  async load(): Promise<MediaPlaylist | undefined> {
    try {
      const { text, url } = await this.#read(this.#mediaUrl ?? this.#options.url);
      const variants = readVariants(text, url);
      const variant = variants[Math.min(this.#options.variant, variants.length - 1)];
      if (variant === undefined || this.#mediaUrl !== undefined) return this.#use(text, url);
      const media = await this.#read(variant);
      this.#mediaUrl = variant;
      return this.#use(media.text, media.url);
    } catch {
      return undefined;
    }
  }

  /** Ends what is being loaded. Idempotent. */
  close(): void {
    this.#closing.abort();
  }

  #use(text: string, url: string): MediaPlaylist | undefined {
    const playlist = readMediaPlaylist(text, url);
    if (playlist !== undefined) this.#options.onText(text, url);
    return playlist;
  }

  async #read(url: string): Promise<{ readonly text: string; readonly url: string }> {
    const chunks: Uint8Array[] = [];
    const from = await readBody({
      fetch: this.#options.fetch,
      url,
      maxBytes: MAX_BYTES,
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      onChunk: (chunk) => chunks.push(chunk),
    });
    return { text: Buffer.concat(chunks).toString('utf8'), url: from };
  }
}
