import { describe, expect, it } from 'vitest';
import { type FiguresLook, StreamerFigures } from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';

const CHANNEL = channelId('demo');
const NOW = 1_000_000;

type Delivery = FiguresLook['delivery'][number];

/** A segment of a rendition, which was sent so many times. */
function sent(
  msn: number,
  copies: number,
  of: { readonly rendition?: string; readonly ageMs?: number } = {},
): Delivery {
  const { rendition = 'source', ageMs = 20_000 } = of;
  return {
    ...{ rendition, epoch: 1, msn, size: 1_000, durationMs: 2_000, readyAt: NOW - ageMs },
    ...{ servedBytes: copies * 1_000, requests: 1 },
  };
}

function look(of: Partial<FiguresLook & { readonly joined: number }> = {}) {
  return { channel: CHANNEL, joined: 1, delivery: [], jobs: [], viewers: 0, ...of };
}

describe('figures of a streamer', () => {
  it('FEED-11 counts copies of a segment over its renditions, of the last minute, once everybody had the time to fetch it', () => {
    const delivery = [
      sent(1, 9, { ageMs: 60_000 }),
      ...[sent(2, 1), sent(2, 0.5, { rendition: '480p' }), sent(3, 0.5)],
      sent(4, 9, { ageMs: 7_999 }),
    ];
    expect(new StreamerFigures().look([look({ delivery, viewers: 4 })], NOW)).toEqual([
      {
        channel: CHANNEL,
        event: { type: 'p2p.stats', data: { viewers: 4, copiesPerSegment: 1, offload: 0.75 } },
      },
    ]);
  });

  it('FEED-11 says nothing of what cannot be known, and never less than nothing', () => {
    const figures = new StreamerFigures();
    const data = (of: Parameters<typeof look>[0]) =>
      figures.look([look({ ...of, joined: Math.random() })], NOW)[0]?.event.data;
    expect(data({})).toEqual({ viewers: 0, copiesPerSegment: null, offload: null });
    const one = [sent(1, 1.5)];
    expect(data({ delivery: one })).toEqual({ viewers: 0, copiesPerSegment: 1.5, offload: null });
    expect(data({ delivery: one, viewers: 1 })).toMatchObject({ offload: 0 });
  });

  it('FEED-11 tells what has changed, and everything to who has come', () => {
    const figures = new StreamerFigures();
    const job = {
      ...({ id: '7-mp4', broadcast: 7, type: 'mp4', state: 'running', attempts: 1 } as const),
      ...{ createdAt: 0, progress: 10 },
    };
    const types = (of: Parameters<typeof look>[0]) =>
      figures.look([look(of)], NOW).map(({ event }) => event.type);
    expect(types({ jobs: [job] })).toEqual(['p2p.stats', 'vod.progress']);
    expect(types({ jobs: [job] })).toEqual([]);
    expect(types({ jobs: [{ ...job, progress: 20 }] })).toEqual(['vod.progress']);
    expect(types({ jobs: [job], viewers: 1 })).toEqual(['p2p.stats', 'vod.progress']);
    expect(types({ jobs: [job], viewers: 1, joined: 2 })).toHaveLength(2);
    // A channel that nobody reads is forgotten.
    expect(figures.look([], NOW)).toEqual([]);
    expect(types({ jobs: [job], viewers: 1, joined: 2 })).toHaveLength(2);
  });
});
