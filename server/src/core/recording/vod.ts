import { type ChannelId } from '@shoal/protocol';
import { digestsPath, initPath, playlistPath, segmentPath } from '../channel/live-paths.ts';
import { renderMediaPlaylist } from '../hls/media-playlist.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { Broadcast } from './broadcast.ts';
import { type JournalRecord } from './journal.ts';
import { SegmentLog } from './segment-log.ts';
import { type BroadcastSummary } from './summary.ts';

/** A playlist, and where it belongs. */
export type VodPlaylist = { readonly path: string; readonly text: string };

/** Makes the playlists of a broadcast from its journal. */
export class VodBuilder {
  readonly #channel: ChannelId;
  readonly #segments: SegmentLog = new SegmentLog({
    windowMs: Infinity,
    segments: 2 * ORIGIN_LIMITS.recordingSegments,
  });
  #broadcast: Broadcast | undefined;

  constructor(channel: ChannelId) {
    this.#channel = channel;
  }

  /** Takes what the journal says next. */
  record(record: JournalRecord): void {
    if (record.type === 'begin') this.#broadcast ??= new Broadcast(record);
    const broadcast = this.#broadcast;
    if (broadcast === undefined) return;
    broadcast.apply(record);
    if (record.type === 'segment') this.#segments.add(broadcast.id, record.segment);
    if (record.type === 'stored' || record.type === 'gap')
      this.#segments.settle(record.epoch, record.msn, record.type === 'stored');
  }

  /** Those of the renditions first, so that the multivariant one never names what is not there. Each is made when it is taken. */
  *playlists(): Generator<VodPlaylist, void, undefined> {
    const broadcast = this.#broadcast;
    const multivariant = broadcast?.multivariant(broadcast.id);
    if (broadcast === undefined || multivariant === undefined) return;
    const channel = this.#channel;
    const { id } = broadcast;
    const { targetDuration } = broadcast.begin;
    const segments = this.#segments.all();
    for (const { rendition } of broadcast.renditions)
      yield {
        path: playlistPath(channel, rendition, id),
        text: renderMediaPlaylist({
          ...{ channel, rendition, targetDuration, segments },
          ...{ ended: true, vod: true },
        }),
      };
    yield { path: playlistPath(channel, undefined, id), text: multivariant };
  }
}

/** Paths of the playlists of a broadcast, in the order in which they are taken away. */
export function vodPaths(channel: ChannelId, summary: BroadcastSummary): readonly string[] {
  const { broadcast, renditions } = summary;
  return [undefined, ...renditions].map((name) => playlistPath(channel, name, broadcast));
}

/** Paths of what was, or may have been, stored of a segment; without the initialisation sections of shared epochs. */
export function mediaPaths(
  channel: ChannelId,
  record: Extract<JournalRecord, { readonly type: 'segment' }>,
  sharedEpochs: ReadonlySet<number>,
): readonly string[] {
  const shared = sharedEpochs.has(record.segment.epoch);
  return record.segment.infos.flatMap(({ id }) => [
    ...[segmentPath(channel, id), digestsPath(channel, id)],
    ...(shared ? [] : [initPath(channel, id)]),
  ]);
}
