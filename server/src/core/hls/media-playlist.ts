import {
  type ChannelId,
  initFile,
  partFile,
  type RenditionId,
  segmentFile,
  segmentTag,
  swarmTag,
} from '@shoal/protocol';
import {
  listable,
  type LowLatency,
  partLines,
  SEGMENTS_WITH_PARTS,
  serverControl,
} from './low-latency.ts';
import { type WindowSegment } from './segment-window.ts';

/** What a media playlist says. */
export type MediaPlaylist = {
  readonly channel: ChannelId;
  readonly rendition: RenditionId;
  /** Seconds; never changes while the channel lives (ORG-5). */
  readonly targetDuration: number;
  /** Listed segments, oldest first; without parts at least one of this rendition. */
  readonly segments: readonly WindowSegment[];
  /** Whether nothing will follow. */
  readonly ended: boolean;
  /** Makes it one of low latency. */
  readonly lowLatency?: LowLatency;
  /** Segments that are left out: a delta update (draft-pantos-hls-rfc8216bis section 6.2.5.1). Default 0. */
  readonly skip?: number;
  /** Whether it is of a broadcast that is over, and never changes. */
  readonly vod?: boolean;
};

type Place = Pick<WindowSegment, 'epoch' | 'programDateTimeMs' | 'gap'>;

/**
 * Writes a media playlist (RFC 8216 section 4.3.3). An epoch begins with its discontinuity, unless it is
 * the first listed, and its own map (ORG-4). A segment that is missing is a gap (draft-pantos-hls-rfc8216bis
 * section 4.4.4.7), which is of version 8; no map is named for its sake. The tags with which viewers verify segments are those of
 * SEG-8 and SEG-9; a playlist of low latency has none, since its delta updates leave out the segments that they are counted from.
 */
export function renderMediaPlaylist(playlist: MediaPlaylist): string {
  const { rendition, lowLatency, targetDuration, skip = 0 } = playlist;
  const segments = playlist.segments.flatMap((segment) => {
    const info = segment.infos.find(({ id }) => id.rendition === rendition);
    return info === undefined ? [] : [{ ...segment, info }];
  });
  const first = segments[0] ?? lowLatency?.open;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${versionOf(playlist)}`,
    `#EXT-X-TARGETDURATION:${targetDuration}`,
    ...(lowLatency === undefined ? [] : serverControl(targetDuration, lowLatency.partTargetMs)),
    `#EXT-X-MEDIA-SEQUENCE:${first?.msn ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first?.discontinuity ?? 0}`,
  ];
  if (playlist.vod === true) lines.push('#EXT-X-PLAYLIST-TYPE:VOD');
  if (segments.every(({ independent }) => independent)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  if (lowLatency === undefined) lines.push(swarmTag(playlist.channel, rendition));
  if (skip > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skip}`);
  let epoch = skip > 0 ? segments[skip - 1]?.epoch : undefined;
  let mapped = epoch;
  const begin = (place: Place): void => {
    if (epoch !== undefined && place.epoch !== epoch) lines.push('#EXT-X-DISCONTINUITY');
    epoch = place.epoch;
    if (mapped !== epoch && place.gap !== true) {
      lines.push(`#EXT-X-MAP:URI="${initFile(epoch)}"`);
      mapped = epoch;
    }
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(place.programDateTimeMs).toISOString()}`);
  };
  const withParts = segments.length - SEGMENTS_WITH_PARTS;
  for (const [i, segment] of segments.entries()) {
    if (i < skip) continue;
    const { id, durationMs } = segment.info;
    begin(segment);
    if (i >= withParts)
      lines.push(...partLines(segment, lowLatency?.partTargetMs, (part) => partFile(id, part)));
    lines.push(`#EXTINF:${(durationMs / 1000).toFixed(3)},`);
    if (segment.gap === true) lines.push('#EXT-X-GAP');
    else if (lowLatency === undefined) lines.push(segmentTag(segment.info));
    lines.push(segmentFile(id));
  }
  if (lowLatency !== undefined) lines.push(...edge(lowLatency, begin, segments.at(-1)));
  if (playlist.ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

function versionOf({ lowLatency, segments }: MediaPlaylist): number {
  if (lowLatency !== undefined) return 9;
  return segments.some(({ gap }) => gap) ? 8 : 7;
}

/** What is there of the segment to come, and where the others are (draft sections 4.4.5.3 and 4.4.5.4). */
function edge(
  { partTargetMs, open, others }: LowLatency,
  begin: (place: Place) => void,
  last: WindowSegment | undefined,
): string[] {
  if (open === undefined) return [];
  const lines: string[] = [];
  const { epoch, msn, parts } = open;
  if (partTargetMs !== undefined && listable(parts, partTargetMs)) {
    if (parts.length > 0) begin(open);
    lines.push(...partLines(open, partTargetMs, (part) => partFile(open, part)));
    const next = partFile({ epoch, msn }, parts.length);
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${next}"`);
  }
  const at = parts.length > 0 ? open : last;
  for (const other of at === undefined ? [] : others) {
    const part = at?.parts === undefined ? '' : `,LAST-PART=${at.parts.length - 1}`;
    lines.push(`#EXT-X-RENDITION-REPORT:URI="../${other}/ll.m3u8",LAST-MSN=${at?.msn ?? 0}${part}`);
  }
  return lines;
}
