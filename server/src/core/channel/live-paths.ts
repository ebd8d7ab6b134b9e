import {
  type ChannelId,
  digestsUrl,
  initFile,
  partFile,
  playlistFile,
  type PlaylistName,
  productFile,
  type ProductKind,
  RECORDINGS_FILE,
  type RenditionId,
  segmentFile,
  type SegmentId,
} from '@shoal/protocol';

/** URL path of a segment (SEG-3). */
export function segmentPath(channel: ChannelId, id: SegmentId): string {
  return `/live/${channel}/${id.rendition}/${segmentFile(id)}`;
}

/** URL path of a segment's digest list (SEG-4). */
export function digestsPath(channel: ChannelId, id: SegmentId): string {
  return digestsUrl(segmentPath(channel, id));
}

/** URL path of the initialisation section of an epoch (SEG-3). */
export function initPath(
  channel: ChannelId,
  of: { readonly rendition: RenditionId; readonly epoch: number },
): string {
  return `/live/${channel}/${of.rendition}/${initFile(of.epoch)}`;
}

/** URL path of a part (SEG-3). */
export function partPath(channel: ChannelId, id: SegmentId, part: number): string {
  return `/live/${channel}/${id.rendition}/${partFile(id, part)}`;
}

/** URL path of the multivariant playlist, or of a rendition's media playlist, live unless `name` says otherwise (SEG-3). */
export function playlistPath(
  channel: ChannelId,
  rendition?: RenditionId,
  name?: PlaylistName,
): string {
  const folder = rendition === undefined ? `/live/${channel}` : `/live/${channel}/${rendition}`;
  return `${folder}/${playlistFile(name)}`;
}

/** URL path of something that is made of a broadcast that is over (SEG-3). */
export function productPath(
  channel: ChannelId,
  broadcast: number,
  { kind, number }: { readonly kind: ProductKind; readonly number: number },
): string {
  return `/live/${channel}/${productFile(broadcast, kind, number)}`;
}

/** URL path of the list of a channel's broadcasts (SEG-3). */
export function recordingsPath(channel: ChannelId): string {
  return `/live/${channel}/${RECORDINGS_FILE}`;
}
