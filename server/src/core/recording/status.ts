import { type ChannelId } from '@shoal/protocol';
import { playlistPath, productPath } from '../channel/live-paths.ts';
import { type BroadcastStatus } from './messages.ts';
import { type BroadcastSummary } from './summary.ts';

/** What is told of a broadcast. */
export function statusOf(
  channel: ChannelId,
  summary: BroadcastSummary,
  state: BroadcastStatus['state'],
): BroadcastStatus {
  const { products = [] } = summary;
  const { broadcast, continues, beginAt, endAt, durationMs, bytes, segments, gaps } = summary;
  return {
    ...{ broadcast, state, beginAt, durationMs, bytes, segments, gaps },
    ...(continues !== undefined && { continues }),
    ...(state !== 'running' && { endAt }),
    renditions: summary.renditions,
    ...(products.length > 0 && {
      products: products.map(({ kind, number, size, ...of }) => ({
        ...{ kind, path: productPath(channel, broadcast, { kind, number }), size },
        ...of,
      })),
    }),
    ...(summary.vod && { playlist: playlistPath(channel, undefined, broadcast) }),
  };
}
