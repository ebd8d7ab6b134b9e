import { isRoot } from './integrity.ts';
import { parseChannelId, parseRenditionId, type ChannelId, type RenditionId } from './ids.ts';
import { isSegmentSize, isUint32, type SegmentInfo } from './segment.ts';
import { isSignature } from './signature.ts';

/**
 * The two tags with which a media playlist tells a Shoal viewer what it lists (SEG-8, SEG-9, SEG-15).
 * Ordinary players ignore unknown tags (RFC 8216 section 6.3.1).
 */
export function swarmTag(channel: ChannelId, rendition: RenditionId): string {
  return `#EXT-X-SHOAL:VERSION=1,CHANNEL="${channel}",RENDITION="${rendition}"`;
}

/** Stands before the URI of its segment. */
export function segmentTag(segment: SegmentInfo): string {
  const { id, size, root, signature } = segment;
  const tag = `#EXT-X-SHOAL-SEGMENT:EPOCH=${id.epoch},SIZE=${size},ROOT="${root}"`;
  return signature === undefined ? tag : `${tag},SIG="${signature}"`;
}

/** A listed segment: what the playlist says of it, and its URI as written. */
export type ListedSegment = { readonly info: SegmentInfo; readonly uri: string };

/** What a Shoal viewer reads from a media playlist. */
export type ListedSwarm = {
  readonly channel: ChannelId;
  readonly rendition: RenditionId;
  /** In playlist order; segments without a usable tag are left out. */
  readonly segments: readonly ListedSegment[];
  readonly ended: boolean;
};

const SWARM = /^#EXT-X-SHOAL:VERSION=1,CHANNEL="([^"]*)",RENDITION="([^"]*)"$/;
const SEGMENT = /^#EXT-X-SHOAL-SEGMENT:EPOCH=(\d+),SIZE=(\d+),ROOT="([^"]*)"(?:,SIG="([^"]*)")?$/;
const MAX_LISTED = 4_096;

/** Reads the tags of a media playlist; undefined for a playlist that carries none. Never throws. */
export function readSwarmTags(playlist: string): ListedSwarm | undefined {
  let channel: ChannelId | undefined;
  let rendition: RenditionId | undefined;
  let msn = 0;
  let durationMs = 0;
  let tag: SegmentTag | undefined;
  let ended = false;
  const segments: ListedSegment[] = [];
  for (const line of playlist.split(/\r?\n/)) {
    if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) msn = Number(line.slice(22));
    else if (line.startsWith('#EXTINF:')) durationMs = Math.round(parseFloat(line.slice(8)) * 1000);
    else if (line === '#EXT-X-ENDLIST') ended = true;
    else if (line.startsWith('#EXT-X-SHOAL:')) {
      const [, c, r] = SWARM.exec(line) ?? [];
      const ids = { channel: parseChannelId(c), rendition: parseRenditionId(r) };
      if (ids.channel.ok && ids.rendition.ok) {
        channel = ids.channel.value;
        rendition = ids.rendition.value;
      }
    } else if (line.startsWith('#EXT-X-SHOAL-SEGMENT:')) tag = readSegmentTag(line);
    else if (line !== '' && !line.startsWith('#')) {
      const usable = tag !== undefined && isUint32(msn) && isUint32(durationMs);
      if (usable && rendition !== undefined && tag !== undefined && segments.length < MAX_LISTED)
        segments.push({
          info: { ...tag.said, id: { rendition, epoch: tag.epoch, msn }, durationMs },
          uri: line,
        });
      tag = undefined;
      msn += 1;
    }
  }
  if (channel === undefined || rendition === undefined) return undefined;
  return { channel, rendition, segments, ended };
}

/** What the tag of a segment says. */
type SegmentTag = {
  readonly epoch: number;
  readonly said: Pick<SegmentInfo, 'size' | 'root' | 'signature'>;
};

function readSegmentTag(line: string): SegmentTag | undefined {
  const [, epochText, sizeText, root, signature] = SEGMENT.exec(line) ?? [];
  const epoch = Number(epochText);
  const size = Number(sizeText);
  if (!isUint32(epoch) || !isSegmentSize(size) || !isRoot(root)) return undefined;
  if (signature === undefined) return { epoch, said: { size, root } };
  return isSignature(signature) ? { epoch, said: { size, root, signature } } : undefined;
}
