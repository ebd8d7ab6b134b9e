import type { ShoalStats } from '@shoal/client-sdk';
import Hls from 'hls.js';

/** Counts for a player without an engine, in the shape of {@link ShoalStats}. */
export type PlainStats = {
  readonly stats: () => ShoalStats;
  readonly close: () => void;
};

/** Watches a player that loads everything over HTTP itself. */
export function watchPlain(hls: Hls, video: HTMLVideoElement): PlainStats {
  const startedAt = performance.now();
  let bytes = 0;
  let startupMs: number | undefined;
  let stalls = 0;
  let stalledMs = 0;
  let stalledAt: number | undefined;
  const undo = new AbortController();
  const listen = (name: 'playing' | 'waiting', listener: () => void): void => {
    video.addEventListener(name, listener, { signal: undo.signal });
  };
  hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => {
    bytes += frag.stats.loaded;
  });
  listen('playing', () => {
    startupMs ??= performance.now() - startedAt;
    if (stalledAt !== undefined) stalledMs += performance.now() - stalledAt;
    stalledAt = undefined;
  });
  listen('waiting', () => {
    if (startupMs === undefined || video.seeking || stalledAt !== undefined) return;
    stalls += 1;
    stalledAt = performance.now();
  });
  return {
    stats: () => ({
      bytes: { http: bytes, p2p: 0, uploaded: 0, wasted: 0 },
      notShared: {},
      peers: 0,
      viewers: undefined,
      tracker: 'off',
      p2p: false,
      resting: false,
      upload: { state: 'off', reason: 'p2p' },
      bufferMs: bufferAhead(video) * 1000,
      latencyMs: hls.playingDate === null ? undefined : Date.now() - hls.playingDate.getTime(),
      stalls,
      stalledMs: stalledMs + (stalledAt === undefined ? 0 : performance.now() - stalledAt),
      startupMs,
    }),
    close: () => {
      undo.abort();
    },
  };
}

/** Seconds of media ahead of the playhead. */
function bufferAhead(video: HTMLVideoElement): number {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i++)
    if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime)
      return buffered.end(i) - currentTime;
  return 0;
}
