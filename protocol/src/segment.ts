import { type ChannelId, parseChannelId, parseRenditionId, type RenditionId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { err, ok, type Result } from './result.ts';

/**
 * Which segment of a channel (SEG-2). `epoch` is the Unix second at which its publisher or encoder
 * started and `msn` the media sequence number (RFC 8216 section 6.2.2), which runs on across epochs:
 * together they are never used for two different byte strings.
 */
export type SegmentId = {
  readonly rendition: RenditionId;
  readonly epoch: number;
  readonly msn: number;
};

/** All that a viewer must know to fetch and verify a segment. */
export type SegmentInfo = {
  readonly id: SegmentId;
  /** Bytes. */
  readonly size: number;
  readonly durationMs: number;
  /** Merkle root of its pieces, 32 bytes as base64url (SEG-6). */
  readonly root: string;
  /** Of the channel's key, over the statement of SEG-14: 64 bytes as base64url. Absent where the origin does not sign. */
  readonly signature?: string;
};

/** One string per segment, for maps and logs. */
export function segmentKey(id: SegmentId): string {
  return `${id.rendition}/${id.epoch}-${id.msn}`;
}

/** How many pieces a segment of `size` bytes has (LIM-1). */
export function pieceCount(size: number): number {
  return Math.ceil(size / LIMITS.pieceBytes);
}

/** Bytes of piece `index` of a segment of `size` bytes. */
export function pieceLength(size: number, index: number): number {
  return Math.min(LIMITS.pieceBytes, size - index * LIMITS.pieceBytes);
}

/** True for a 32-bit unsigned integer, the range of epochs and media sequence numbers. */
export function isUint32(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}

/** True for a segment size that fits the limits (LIM-2). */
export function isSegmentSize(value: unknown): value is number {
  return isUint32(value) && value > 0 && pieceCount(value) <= LIMITS.piecesPerSegment;
}

/** Pieces `[from, to)` that stripe `stripe` of `of` covers; the stripes of a segment tile it (SEG-5). */
export function stripePieces(
  pieces: number,
  stripe: number,
  of: number,
): { readonly from: number; readonly to: number } {
  return { from: Math.floor((stripe * pieces) / of), to: Math.floor(((stripe + 1) * pieces) / of) };
}

/** Which recording a playlist is of: `dvr` of what was on just now, a number of the broadcast that began at this Unix second. */
export type RecordingName = 'dvr' | number;

/** Which playlists of a channel, where they are not the ordinary live ones: of low latency, or of a recording. */
export type PlaylistName = 'll' | RecordingName;

/**
 * What is made of a broadcast that is over, beside its playlists: files to download (`mp4`), its picture before it plays (`poster`), and
 * small pictures of all of it (`sprites`) with the index that says which is of when (`storyboard`, WebVTT).
 */
export type ProductKind = 'mp4' | 'poster' | 'storyboard' | 'sprites';

type PlaylistSort = {
  readonly recording?: RecordingName;
  /** Whether it lists parts too. */
  readonly lowLatency?: true;
};

/** What a path below `/live/` names (SEG-3). A playlist without `recording` is live. */
export type LivePath =
  | ({ readonly type: 'multivariant'; readonly channel: ChannelId } & PlaylistSort)
  | ({
      readonly type: 'playlist';
      readonly channel: ChannelId;
      readonly rendition: RenditionId;
    } & PlaylistSort)
  /** The list of a channel's broadcasts. */
  | { readonly type: 'recordings'; readonly channel: ChannelId }
  | {
      readonly type: 'product';
      readonly channel: ChannelId;
      readonly broadcast: number;
      readonly kind: ProductKind;
      /** Counted from 1; of posters and storyboards there is one. */
      readonly number: number;
    }
  | {
      readonly type: 'part';
      readonly channel: ChannelId;
      readonly id: SegmentId;
      /** Counted from 0 in its segment. */
      readonly part: number;
    }
  | {
      readonly type: 'init';
      readonly channel: ChannelId;
      readonly rendition: RenditionId;
      readonly epoch: number;
    }
  | { readonly type: 'segment' | 'digests'; readonly channel: ChannelId; readonly id: SegmentId };

/** File name of a segment inside its rendition's folder. */
export function segmentFile(id: Omit<SegmentId, 'rendition'>): string {
  return `${id.epoch}-${id.msn}.m4s`;
}

/** File name of a part of a segment, counted from 0. */
export function partFile(id: Omit<SegmentId, 'rendition'>, part: number): string {
  return `${id.epoch}-${id.msn}.${part}.m4s`;
}

/** File name of the initialisation section of an epoch. */
export function initFile(epoch: number): string {
  return `${epoch}-init.mp4`;
}

/** File name of a playlist, multivariant or of a rendition; without `name` of the ordinary live one. */
export function playlistFile(name?: PlaylistName): string {
  if (name === undefined) return 'index.m3u8';
  return typeof name === 'string' ? `${name}.m3u8` : `${name}-vod.m3u8`;
}

/** File name of the list of a channel's broadcasts. */
export const RECORDINGS_FILE = 'recordings.json';

/** File name of what is made of a broadcast; `number` counts MP4 files and sheets of sprites from 1. */
export function productFile(broadcast: number, kind: ProductKind, number = 1): string {
  switch (kind) {
    case 'mp4':
      return number === 1 ? `${broadcast}.mp4` : `${broadcast}-${number}.mp4`;
    case 'poster':
      return `${broadcast}-poster.jpg`;
    case 'storyboard':
      return `${broadcast}-storyboard.vtt`;
    case 'sprites':
      return `${broadcast}-storyboard-${number}.jpg`;
  }
}

/** URL of the digest list that belongs to a segment URL: the same name, `.digests`; query kept (SEG-4). */
export function digestsUrl(segmentUrl: string): string {
  return segmentUrl.replace(/\.m4s(?=$|[?#])/, '.digests');
}

// No leading zeros: a segment has one path, in caches too.
const VOD = /^(0|[1-9]\d{0,9})-vod\.m3u8$/;
const PRODUCT =
  /^(0|[1-9]\d{0,9})(?:-(poster|storyboard)(?:-([1-9]\d{0,3}))?|-([1-9]\d{0,3}))?\.(?:mp4|jpg|vtt)$/;
const INIT = /^(0|[1-9]\d{0,9})-init\.mp4$/;
const MEDIA = /^(0|[1-9]\d{0,9})-(0|[1-9]\d{0,9})(?:\.(0|[1-9]\d{0,2}))?\.(m4s|digests)$/;

/** Reads a URL path such as `/live/demo/source/1700000000-42.m4s`; anything else is an error. */
export function parseLivePath(path: string): Result<LivePath, string> {
  const parts = path.split('/');
  if (parts.length < 4 || parts.length > 5 || parts[0] !== '' || parts[1] !== 'live')
    return err('not a live path');
  const channel = parseChannelId(parts[2]);
  if (!channel.ok) return channel;
  const file = parts[parts.length - 1] ?? '';
  const playlist = readPlaylistFile(file);
  if (parts.length === 4) {
    if (file === RECORDINGS_FILE) return ok({ type: 'recordings', channel: channel.value });
    const product = readProductFile(file);
    if (product !== undefined) return ok({ type: 'product', channel: channel.value, ...product });
    if (playlist === undefined) return err('no such file');
    return ok({ type: 'multivariant', channel: channel.value, ...playlist });
  }
  const rendition = parseRenditionId(parts[3]);
  if (!rendition.ok) return rendition;
  if (playlist !== undefined)
    return ok({
      ...{ type: 'playlist', channel: channel.value, rendition: rendition.value },
      ...playlist,
    });
  const init = INIT.exec(file);
  if (init !== null) {
    const epoch = Number(init[1]);
    return isUint32(epoch)
      ? ok({ type: 'init', channel: channel.value, rendition: rendition.value, epoch })
      : err('epoch out of range');
  }
  const media = MEDIA.exec(file);
  if (media === null) return err('no such file');
  const epoch = Number(media[1]);
  const msn = Number(media[2]);
  if (!isUint32(epoch) || !isUint32(msn)) return err('segment out of range');
  const id = { rendition: rendition.value, epoch, msn };
  const [, , , part, extension] = media;
  if (part === undefined)
    return ok({
      type: extension === 'm4s' ? 'segment' : 'digests',
      channel: channel.value,
      id,
    });
  return extension === 'm4s'
    ? ok({ type: 'part', channel: channel.value, id, part: Number(part) })
    : err('no such file');
}

/** Which playlist a file name is of; undefined where it is of none. */
function readPlaylistFile(file: string): PlaylistSort | undefined {
  if (file === 'index.m3u8') return {};
  if (file === 'll.m3u8') return { lowLatency: true };
  if (file === 'dvr.m3u8') return { recording: 'dvr' };
  const recording = Number(VOD.exec(file)?.[1]);
  return isUint32(recording) ? { recording } : undefined;
}

/** What a file name is of; undefined where no product is called so. */
function readProductFile(
  file: string,
): { readonly broadcast: number; readonly kind: ProductKind; readonly number: number } | undefined {
  const match = PRODUCT.exec(file);
  if (match === null) return undefined;
  const [, id, name, sheet, nth] = match;
  const broadcast = Number(id);
  if (!isUint32(broadcast)) return undefined;
  const number = Number(sheet ?? nth ?? 1);
  const kind = name === undefined ? 'mp4' : sheet === undefined ? name : 'sprites';
  if (kind !== 'mp4' && kind !== 'poster' && kind !== 'storyboard' && kind !== 'sprites')
    return undefined;
  // One spelling for each: no `-1.mp4`, no numbered poster, no other extension.
  return productFile(broadcast, kind, number) === file ? { broadcast, kind, number } : undefined;
}
