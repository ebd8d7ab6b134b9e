import {
  type ChannelId,
  parseChannelId,
  parseRenditionId,
  type Sha256,
  toBase64Url,
  unwrap,
} from '@shoal/protocol';
import type { PlainListed, PlainPlaylistInput } from '../../core/io.ts';
import { type PlainItem, readPlainPlaylist } from '../../core/plain-playlist.ts';
import { textHash } from '../../core/text-hash.ts';

/** What a {@link PlainListing} needs. */
export type PlainListingOptions = {
  /** What the embedder calls the channel; undefined to derive it from the URL of the presentation. */
  readonly channel: ChannelId | undefined;
  readonly sha256: Sha256;
};

/** A playlist as it came: as it was asked for, and after redirects. */
export type PlaylistResponse = {
  readonly text: string;
  readonly requested: string;
  readonly served: string;
};

const RENDITION_BYTES = 12;
/** URIs of a multivariant playlist that are looked at, and its length. Characters. */
const MAX_VARIANTS = 512;
const MAX_TEXT = 1_048_576;

/** Gives channels, renditions and segments of playlists without digests the names that all viewers give them (SEG-11, SEG-12). */
export class PlainListing {
  readonly #options: PlainListingOptions;
  #presentation: string | undefined;
  /** Paths that stand for several media playlists, told apart by their queries. */
  #ambiguous: ReadonlySet<string> = new Set();

  constructor(options: PlainListingOptions) {
    this.#options = options;
  }

  /** Begins with the playlist that the player was given: multivariant, or the only one. */
  begin({ text, requested, served }: PlaylistResponse): void {
    const url = new URL(requested, served);
    this.#presentation = url.origin + url.pathname;
    this.#ambiguous = ambiguousPaths(text, served);
  }

  /** What a media playlist lists; undefined for any other text. */
  read({ text, requested, served }: PlaylistResponse): PlainPlaylistInput | undefined {
    const playlist = readPlainPlaylist(text);
    if (playlist === undefined || !URL.canParse(requested, served)) return undefined;
    const url = new URL(requested, served);
    const name = this.#ambiguous.has(url.pathname) ? url.pathname + stableQuery(url) : url.pathname;
    const rendition = unwrap(
      parseRenditionId(this.#digest(name).slice(0, (RENDITION_BYTES * 4) / 3)),
    );
    const segments = playlist.items.flatMap((item): readonly PlainListed[] => {
      if (!URL.canParse(item.uri, served)) return [];
      const { href, protocol } = new URL(item.uri, served);
      if (protocol !== 'http:' && protocol !== 'https:') return [];
      const id = { rendition, epoch: epochOf(item), msn: item.msn };
      return [{ id, url: href, within: item.within, durationMs: item.durationMs }];
    });
    const channel = this.#options.channel ?? this.#derived(url);
    return { type: 'plain-playlist', channel, rendition, segments, ended: playlist.ended };
  }

  #derived(url: URL): ChannelId {
    return unwrap(parseChannelId(this.#digest(this.#presentation ?? url.origin + url.pathname)));
  }

  #digest(text: string): string {
    return toBase64Url(this.#options.sha256(new TextEncoder().encode(text)));
  }
}

/**
 * Stands for what the bytes of a segment depend on besides its number: its URI without host and
 * query, in which CDNs put what differs from viewer to viewer, its byte range and its length.
 */
function epochOf({ uri, within, durationMs }: PlainItem): number {
  const path = uri.replace(/[?#].*$/, '').replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/]*/i, '');
  return textHash(`${path} ${within?.from ?? ''}-${within?.to ?? ''} ${durationMs}`);
}

/** The query without what the player adds to a reload (RFC 8216bis section 6.2.5). */
function stableQuery(url: URL): string {
  const kept = [...url.searchParams].filter(([name]) => !name.startsWith('_HLS_'));
  return `?${new URLSearchParams(kept).toString()}`;
}

function ambiguousPaths(text: string, base: string): ReadonlySet<string> {
  const queries = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const uri of text.length > MAX_TEXT ? [] : variantUris(text)) {
    if (!URL.canParse(uri, base)) continue;
    const { pathname, search } = new URL(uri, base);
    if ((queries.get(pathname) ?? search) !== search) ambiguous.add(pathname);
    queries.set(pathname, search);
  }
  return ambiguous;
}

/** URIs of variants and of other renditions (RFC 8216 section 4.3.4). */
function variantUris(text: string): readonly string[] {
  const uris: string[] = [];
  let named = false;
  for (const line of text.split(/\r?\n/)) {
    if (uris.length >= MAX_VARIANTS) break;
    if (line.startsWith('#EXT-X-STREAM-INF:')) named = true;
    else if (line.startsWith('#EXT-X-MEDIA:'))
      uris.push(...(/[:,]URI="([^"]*)"/.exec(line)?.slice(1) ?? []));
    else if (named && line !== '' && !line.startsWith('#')) {
      named = false;
      uris.push(line);
    }
  }
  return uris;
}
