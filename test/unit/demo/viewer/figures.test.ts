import type { ShoalStats } from '@shoal/client-sdk';
import { describe, expect, it } from 'vitest';
import { chartSummary, emptyFigures, figuresOf, offloadOf } from '@shoal/demo/viewer/figures';

const stats: ShoalStats = {
  bytes: { http: 1_000_000, p2p: 3_000_000, uploaded: 2_500_000, wasted: 0 },
  notShared: {},
  peers: 4,
  viewers: 9,
  tracker: 'connected',
  p2p: true,
  resting: false,
  upload: { state: 'on', maxKbps: undefined },
  bufferMs: 5_240,
  latencyMs: 6_900,
  stalls: 0,
  stalledMs: 0,
  startupMs: 640,
};
const rates = { http: 400_000, p2p: 1_300_000, uploaded: 0 };

describe('the figures of the watch page', () => {
  it('are all there', () => {
    expect(figuresOf(stats, rates)).toEqual({
      offload: '75 %',
      'bytes-p2p': '3.0 MB',
      'bytes-http': '1.0 MB',
      'bytes-uploaded': '2.5 MB',
      'rate-p2p': '1.30',
      'rate-http': '0.40',
      'rate-uploaded': '0.00',
      peers: '4',
      viewers: '9',
      latency: '6.9 s',
      buffer: '5.2 s',
      stalls: '0',
      startup: '0.6 s',
      tracker: 'Connected',
    });
  });

  it('say how long playback stood still', () => {
    expect(figuresOf({ ...stats, stalls: 2, stalledMs: 1_500 }, rates)['stalls']).toBe('2 (1.5 s)');
  });

  it('show a dash for what is not known yet', () => {
    const early = { ...stats, viewers: undefined, latencyMs: undefined, startupMs: undefined };
    expect(figuresOf(early, rates)).toMatchObject({ viewers: '–', latency: '–', startup: '–' });
    expect(new Set(Object.values(emptyFigures()))).toEqual(new Set(['–']));
  });

  it('have no offload before the first byte', () => {
    expect(offloadOf({ http: 0, p2p: 0, uploaded: 5, wasted: 5 })).toBeUndefined();
    expect(offloadOf(stats.bytes)).toBe(0.75);
  });

  it('describe the chart in a sentence', () => {
    expect(chartSummary(rates)).toBe(
      'Now 1.3 Mbit/s from viewers, 400 kbit/s from the server, 0 kbit/s sent to viewers.',
    );
  });
});
