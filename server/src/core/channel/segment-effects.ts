import {
  type ChannelId,
  digestList,
  type RenditionId,
  rootOf,
  type SegmentId,
  type SegmentInfo,
  type Sha256,
} from '@shoal/protocol';
import { type CutInit, type CutSegment } from '../fmp4/cut.ts';
import { digestsPath, initPath, segmentPath } from './live-paths.ts';
import { type MadeFile } from './made-segment.ts';
import { type ChannelEffect } from './messages.ts';
import { type Timeline } from './timeline.ts';

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
    infos.push({ id, size: bytes.length, durationMs: Math.round(cut.durationMs), root });
  }
  for (const info of infos)
    effects.push({
      type: 'event',
      event: { type: 'segment.ready', channel, segment: info, at: segment.now },
    });
  return { infos, effects };
}

/** Gives the newest segment of a timeline, and what {@link storeSegment} stored of it, to whoever keeps it. */
export function recordSegment(
  stored: readonly ChannelEffect[],
  timeline: Timeline,
): readonly ChannelEffect[] {
  const { newest: segment, targetDuration } = timeline;
  if (segment === undefined || targetDuration === undefined) return [];
  const ofKind = (isInit: boolean): readonly MadeFile[] =>
    stored.flatMap((effect) => {
      const fits = effect.type === 'store' && (effect.kind === 'init') === isInit;
      return fits ? [{ path: effect.path, bytes: effect.bytes }] : [];
    });
  const renditions = timeline.kinds();
  const made = { segment, files: ofKind(false), inits: ofKind(true), renditions, targetDuration };
  return [{ type: 'segment', made }];
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
