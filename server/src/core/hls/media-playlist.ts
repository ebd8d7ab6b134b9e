import {
  type ChannelId,
  initFile,
  type RenditionId,
  segmentFile,
  segmentTag,
  swarmTag,
} from '@shoal/protocol';
import { type WindowSegment } from './segment-window.ts';

/** What a media playlist says. */
export type MediaPlaylist = {
  readonly channel: ChannelId;
  readonly rendition: RenditionId;
  /** Seconds; never changes while the channel lives (ORG-5). */
  readonly targetDuration: number;
  /** Listed segments, oldest first, at least one of this rendition. */
  readonly segments: readonly WindowSegment[];
  /** Whether nothing will follow. */
  readonly ended: boolean;
  /** Whether it is of a broadcast that is over, and never changes. */
  readonly vod?: boolean;
};

/**
 * Writes a media playlist (RFC 8216 section 4.3.3). An epoch begins with its discontinuity, unless it is
 * the first listed, and its own map (ORG-4). A segment that is missing is a gap (draft-pantos-hls-rfc8216bis
 * section 4.4.4.7), which is of version 8; no map is named for its sake. The tags with which viewers verify segments are those of
 * SEG-8 and SEG-9.
 */
export function renderMediaPlaylist(playlist: MediaPlaylist): string {
  const { rendition } = playlist;
  const segments = playlist.segments.flatMap((segment) => {
    const info = segment.infos.find(({ id }) => id.rendition === rendition);
    return info === undefined ? [] : [{ ...segment, info }];
  });
  const [first] = segments;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${segments.some(({ gap }) => gap) ? 8 : 7}`,
    `#EXT-X-TARGETDURATION:${playlist.targetDuration}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.msn ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first?.discontinuity ?? 0}`,
  ];
  if (playlist.vod === true) lines.push('#EXT-X-PLAYLIST-TYPE:VOD');
  if (segments.every(({ independent }) => independent)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  lines.push(swarmTag(playlist.channel, rendition));
  let epoch: number | undefined;
  let mapped: number | undefined;
  for (const segment of segments) {
    const { id, durationMs } = segment.info;
    const gap = segment.gap === true;
    if (epoch !== undefined && id.epoch !== epoch) lines.push('#EXT-X-DISCONTINUITY');
    epoch = id.epoch;
    if (mapped !== id.epoch && !gap) {
      lines.push(`#EXT-X-MAP:URI="${initFile(id.epoch)}"`);
      mapped = id.epoch;
    }
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.programDateTimeMs).toISOString()}`,
      `#EXTINF:${(durationMs / 1000).toFixed(3)},`,
      gap ? '#EXT-X-GAP' : segmentTag(segment.info),
      segmentFile(id),
    );
  }
  if (playlist.ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
