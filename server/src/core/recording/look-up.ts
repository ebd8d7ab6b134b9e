import { type ChannelId } from '@shoal/protocol';
import { digestsPath, initPath, segmentPath } from '../channel/live-paths.ts';
import { type WindowSegment } from '../hls/segment-window.ts';
import { type Bundle } from './write-queue.ts';

/** A segment that an earlier process may have stored, to be found out. */
export function lookUp(channel: ChannelId, broadcast: number, segment: WindowSegment): Bundle {
  const files = segment.infos.flatMap(({ id, size }) => [
    { path: segmentPath(channel, id), size },
    { path: digestsPath(channel, id) },
  ]);
  const inits = segment.infos.map(({ id }) => ({ path: initPath(channel, id) }));
  return { broadcast, segment, files, inits };
}
