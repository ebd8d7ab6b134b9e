import {
  type ChannelId,
  digestList,
  type RenditionId,
  rootOf,
  type SegmentId,
  type SegmentInfo,
  segmentStatement,
  type Sha256,
  toBase64Url,
} from '@shoal/protocol';
import { type CutInit, type CutPart, type CutSegment } from '../fmp4/cut.ts';
import { type WindowSegment } from '../hls/segment-window.ts';
import { digestsPath, initPath, partPath, segmentPath } from './live-paths.ts';
import { type ChannelEffect } from './messages.ts';

/** A segment that was cut, and its place. */
export type NewSegment = {
  readonly channel: ChannelId;
  readonly epoch: number;
  readonly msn: number;
  readonly cut: CutSegment;
  /** What its renditions are called, in its order. */
  readonly names: readonly RenditionId[];
  readonly inits: readonly CutInit[];
  /** Whether the initialisation sections are to be stored too. */
  readonly first: boolean;
  readonly sha256: Sha256;
  readonly sign: ((statement: Uint8Array) => Uint8Array) | undefined;
  readonly now: number;
};

/** Stores the segment in all its renditions, each with what it is verified by, and then announces it (EVT-1). */
export function storeSegment(segment: NewSegment): {
  readonly infos: readonly SegmentInfo[];
  readonly effects: readonly ChannelEffect[];
} {
  const { channel, epoch, msn, cut, sha256 } = segment;
  const infos: SegmentInfo[] = [];
  const effects: ChannelEffect[] = [];
  for (const [i, bytes] of cut.media.entries()) {
    const rendition = segment.names[i];
    const init = segment.inits[i];
    if (rendition === undefined || init === undefined) continue;
    const id: SegmentId = { rendition, epoch, msn };
    const digests = digestList(bytes, sha256);
    if (segment.first)
      effects.push({ type: 'store', kind: 'init', path: initPath(channel, id), bytes: init.bytes });
    effects.push(
      { type: 'store', kind: 'segment', path: segmentPath(channel, id), bytes, id },
      { type: 'store', kind: 'digests', path: digestsPath(channel, id), bytes: digests, id },
    );
    const root = rootOf(digests, sha256);
    const info = { id, size: bytes.length, durationMs: Math.round(cut.durationMs), root };
    const signature = segment.sign?.(segmentStatement(channel, info));
    infos.push(signature === undefined ? info : { ...info, signature: toBase64Url(signature) });
  }
  for (const info of infos)
    effects.push({
      type: 'event',
      event: { type: 'segment.ready', channel, segment: info, at: segment.now },
    });
  return { infos, effects };
}

/** Stores a part in all its renditions. */
export function storePart(
  part: Omit<NewSegment, 'cut' | 'sha256' | 'sign' | 'now'> & {
    readonly cut: CutPart;
    /** Its number in the segment. */
    readonly index: number;
  },
): readonly ChannelEffect[] {
  const { channel, epoch, msn, index } = part;
  return part.cut.media.flatMap((bytes, i): readonly ChannelEffect[] => {
    const rendition = part.names[i];
    const init = part.inits[i];
    if (rendition === undefined || init === undefined) return [];
    const id: SegmentId = { rendition, epoch, msn };
    const path = partPath(channel, id, index);
    const stored: ChannelEffect = { type: 'store', kind: 'part', path, bytes };
    if (!part.first) return [stored];
    const first = initPath(channel, id);
    return [{ type: 'store', kind: 'init', path: first, bytes: init.bytes }, stored];
  });
}

/** Takes the parts of a segment away in all its renditions. */
export function evictParts(
  channel: ChannelId,
  { infos, parts = [] }: WindowSegment,
): readonly ChannelEffect[] {
  return infos.flatMap(({ id }) =>
    parts.map((_, i): ChannelEffect => ({ type: 'evict', path: partPath(channel, id, i) })),
  );
}

/** Takes a segment away in all its renditions; `keepsInit`: others of its epoch are still there. */
export function evictSegment(
  channel: ChannelId,
  infos: readonly SegmentInfo[],
  keepsInit: boolean,
): readonly ChannelEffect[] {
  return infos.flatMap(({ id }) => {
    const paths = [segmentPath(channel, id), digestsPath(channel, id)];
    if (!keepsInit) paths.push(initPath(channel, id));
    return paths.map((path): ChannelEffect => ({ type: 'evict', path }));
  });
}
