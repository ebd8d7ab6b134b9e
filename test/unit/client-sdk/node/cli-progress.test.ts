import type { NodePeerStats } from '@shoal/client-sdk/node';
import { expect, it } from 'vitest';
import { progressLine, progressOf } from '../../../../client-sdk/src/node/cli/progress.ts';

function stats(change: Partial<NodePeerStats> = {}): NodePeerStats {
  return {
    bytes: { http: 1_000_000, p2p: 3_000_000, uploaded: 500_000, wasted: 10 },
    peers: 3,
    viewers: 9,
    tracker: 'connected',
    p2p: true,
    resting: false,
    bufferMs: 4_000,
    latencyMs: 6_000,
    stalls: 1,
    stalledMs: 300,
    startupMs: 400,
    notShared: {},
    upload: { state: 'on', maxKbps: undefined },
    fetch: { segments: 5, medianMs: 100, p95Ms: 200, maxMs: 300 },
    playedSegments: 5,
    skippedSegments: 0,
    ended: false,
    ...change,
  };
}

it('the progress of several peers is their sums, and the median of what cannot be added', () => {
  const idle = stats({
    startupMs: undefined,
    latencyMs: undefined,
    viewers: undefined,
    peers: 0,
    tracker: 'connecting',
    playedSegments: 0,
  });
  const progress = progressOf([stats(), stats({ latencyMs: 9_000, viewers: 10 }), idle], 12.34);
  expect(progress).toEqual({
    seconds: 12.3,
    peers: 3,
    playing: 2,
    neighbours: 2,
    viewers: 10,
    trackerConnected: 2,
    bytes: { http: 3_000_000, p2p: 9_000_000, uploaded: 1_500_000, wasted: 30 },
    playedSegments: 10,
    skippedSegments: 0,
    stalls: 3,
    latencyMs: 9_000,
  });
  expect(progressLine(progress)).toBe(
    '12 s, 2 of 3 playing, 10 viewers, 2 neighbours each, 75 % of 12.0 MB from peers, ' +
      '1.5 MB uploaded, 3 stalls, 9.0 s behind',
  );
});

it('nothing is known of no peers', () => {
  expect(progressOf([], 0)).toMatchObject({ peers: 0, neighbours: 0, latencyMs: undefined });
  expect(progressLine(progressOf([], 0))).toContain('0 of 0 playing, ? viewers');
});
