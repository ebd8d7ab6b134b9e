import { describe, expect, it } from 'vitest';
import { ServedCounts } from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';

const id = (msn: number) => ({ rendition: renditionId(), epoch: 1_700_000_000, msn });

describe('what was served since it was last told', () => {
  it('ORG-35 adds up by segment, and begins anew when it was told', () => {
    const counts = new ServedCounts();
    counts.served(channelId(), id(1), 100);
    counts.served(channelId(), id(1), 50);
    counts.served(channelId('other'), id(1), 7);
    counts.served(channelId(), id(2), 0);
    expect(counts.take()).toEqual([
      { channel: 'demo', segment: 'source/1700000000-1', bytes: 150, requests: 2 },
      { channel: 'other', segment: 'source/1700000000-1', bytes: 7, requests: 1 },
    ]);
    expect(counts.take()).toEqual([]);
  });

  it('ORG-35 has a limit of segments', () => {
    const counts = new ServedCounts({ segments: 2 });
    for (const msn of [1, 2, 3, 1]) counts.served(channelId(), id(msn), 1);
    expect(counts.take().map(({ requests }) => requests)).toEqual([2, 1]);
    counts.served(channelId(), id(3), 1);
    expect(counts.take()).toHaveLength(1);
  });
});
