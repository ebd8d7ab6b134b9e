import type { NodePeerStats } from '../node-peer.ts';

/** What the peers of one process did together so far. */
export type Progress = {
  readonly seconds: number;
  readonly peers: number;
  /** Those that have begun to play. */
  readonly playing: number;
  /** Connected neighbours, on average. */
  readonly neighbours: number;
  /** Viewers of the channel, as the tracker last said to any of them. */
  readonly viewers: number | undefined;
  readonly trackerConnected: number;
  readonly bytes: NodePeerStats['bytes'];
  readonly playedSegments: number;
  readonly skippedSegments: number;
  readonly stalls: number;
  /** Median of those that play live, in ms. */
  readonly latencyMs: number | undefined;
};

/** Adds the counters of all peers up. */
export function progressOf(stats: readonly NodePeerStats[], seconds: number): Progress {
  const sum = (of: (one: NodePeerStats) => number): number =>
    stats.reduce((total, one) => total + of(one), 0);
  const latencies = stats
    .flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]))
    .sort((a, b) => a - b);
  const viewers = stats.flatMap((one) => (one.viewers === undefined ? [] : [one.viewers]));
  return {
    seconds: round(seconds),
    peers: stats.length,
    playing: sum(({ startupMs }) => (startupMs === undefined ? 0 : 1)),
    neighbours: stats.length === 0 ? 0 : round(sum(({ peers }) => peers) / stats.length),
    viewers: viewers.length === 0 ? undefined : Math.max(...viewers),
    trackerConnected: sum(({ tracker }) => (tracker === 'connected' ? 1 : 0)),
    bytes: {
      http: sum(({ bytes }) => bytes.http),
      p2p: sum(({ bytes }) => bytes.p2p),
      uploaded: sum(({ bytes }) => bytes.uploaded),
      wasted: sum(({ bytes }) => bytes.wasted),
    },
    playedSegments: sum(({ playedSegments }) => playedSegments),
    skippedSegments: sum(({ skippedSegments }) => skippedSegments),
    stalls: sum(({ stalls }) => stalls),
    latencyMs: latencies[Math.floor(latencies.length / 2)],
  };
}

/** One line for people. */
export function progressLine(progress: Progress): string {
  const { bytes, peers, playing, viewers, latencyMs } = progress;
  const got = bytes.http + bytes.p2p;
  const share = got === 0 ? 0 : Math.round((100 * bytes.p2p) / got);
  return [
    `${Math.round(progress.seconds)} s`,
    `${playing} of ${peers} playing`,
    `${viewers ?? '?'} viewers`,
    `${progress.neighbours} neighbours each`,
    `${share} % of ${megabytes(got)} from peers`,
    `${megabytes(bytes.uploaded)} uploaded`,
    `${progress.stalls} stalls`,
    ...(latencyMs === undefined ? [] : [`${(latencyMs / 1000).toFixed(1)} s behind`]),
  ].join(', ');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
