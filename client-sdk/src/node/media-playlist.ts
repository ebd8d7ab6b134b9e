/** A segment as a playlist lists it. */
export type PlaylistSegment = {
  readonly msn: number;
  /** Absolute. */
  readonly url: string;
  readonly durationMs: number;
  /** Unix ms of its first frame; undefined where the playlist does not say. */
  readonly date: number | undefined;
  /** Absolute URL of the initialisation section it needs. */
  readonly initUrl: string | undefined;
};

/** The part of a media playlist (RFC 8216 section 4.3.3) that the player model goes by. */
export type MediaPlaylist = {
  readonly segments: readonly PlaylistSegment[];
  readonly targetDurationMs: number;
  /** Nothing will be added. */
  readonly ended: boolean;
};

const MAX_LISTED = 4_096;
const MAX_VARIANTS = 64;

/** Reads a media playlist that was served from `base`; undefined for a text that is none. Never throws. */
export function readMediaPlaylist(text: string, base: string): MediaPlaylist | undefined {
  if (!text.startsWith('#EXTM3U') || !text.includes('#EXT-X-TARGETDURATION:')) return undefined;
  const segments: PlaylistSegment[] = [];
  let targetDurationMs = 0;
  let ended = false;
  let msn = 0;
  let durationMs = 0;
  let date: number | undefined;
  let initUrl: string | undefined;
  for (const line of lines(text)) {
    if (line.startsWith('#EXT-X-TARGETDURATION:')) targetDurationMs = number(line) * 1000;
    else if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) msn = number(line);
    else if (line === '#EXT-X-ENDLIST') ended = true;
    else if (line.startsWith('#EXTINF:')) durationMs = number(line) * 1000;
    else if (line.startsWith('#EXT-X-MAP:'))
      initUrl = absolute(/URI="([^"]*)"/.exec(line)?.[1], base);
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      const parsed = Date.parse(line.slice(line.indexOf(':') + 1));
      date = Number.isNaN(parsed) ? undefined : parsed;
    } else if (line !== '' && !line.startsWith('#')) {
      const url = absolute(line, base);
      if (url !== undefined && durationMs > 0 && segments.length < MAX_LISTED)
        segments.push({ msn, url, durationMs, date, initUrl });
      msn += 1;
      // Segments without a date of their own follow the one before (RFC 8216 section 4.3.2.6).
      date = date === undefined ? undefined : date + durationMs;
      durationMs = 0;
    }
  }
  return targetDurationMs > 0 ? { segments, targetDurationMs, ended } : undefined;
}

/** Absolute URLs of the variants of a multivariant playlist, in its order; none for any other text. */
export function readVariants(text: string, base: string): readonly string[] {
  const urls: string[] = [];
  let named = false;
  for (const line of lines(text)) {
    if (line.startsWith('#EXT-X-STREAM-INF:')) named = true;
    else if (named && line !== '' && !line.startsWith('#')) {
      named = false;
      const url = absolute(line, base);
      if (url !== undefined && urls.length < MAX_VARIANTS) urls.push(url);
    }
  }
  return urls;
}

function lines(text: string): readonly string[] {
  return text.split(/\r?\n/);
}

/** The number after the colon, at least 0; 0 for none. */
function number(line: string): number {
  const value = parseFloat(line.slice(line.indexOf(':') + 1));
  return Number.isFinite(value) ? Math.max(value, 0) : 0;
}

function absolute(uri: string | undefined, base: string): string | undefined {
  if (uri === undefined || !URL.canParse(uri, base)) return undefined;
  const url = new URL(uri, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}
