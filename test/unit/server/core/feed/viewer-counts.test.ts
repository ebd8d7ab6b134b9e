import { describe, expect, it } from 'vitest';
import { FEED_LIMITS, ViewerCounts } from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';

const [A, B] = [channelId('a'), channelId('b')];
const NOBODY = new Map();

describe('how many watch', () => {
  it('FEED-10 is told of channels that have readers here, where it has changed', () => {
    const counts = new ViewerCounts();
    const a = { channel: A, readers: 2, joined: 2 };
    expect(counts.look({ here: [a], elsewhere: NOBODY }, 0)).toEqual([{ channel: A, viewers: 2 }]);
    expect(counts.look({ here: [a], elsewhere: NOBODY }, 1)).toEqual([]);
    const elsewhere = new Map([
      [A, 3],
      [B, 9],
    ]);
    expect(counts.look({ here: [a], elsewhere }, 2)).toEqual([{ channel: A, viewers: 5 }]);
    expect(counts.look({ here: [{ ...a, readers: 1 }], elsewhere }, 3)) //
      .toEqual([{ channel: A, viewers: 4 }]);
    expect(counts.look({ here: [], elsewhere }, 4)).toEqual([]);
    expect(counts.look({ here: [a], elsewhere }, 5)).toEqual([{ channel: A, viewers: 5 }]);
  });

  it('FEED-10 is told to who has come, though as many have left', () => {
    const counts = new ViewerCounts();
    const a = { channel: A, readers: 2, joined: 2 };
    counts.look({ here: [a], elsewhere: NOBODY }, 0);
    expect(counts.look({ here: [{ ...a, joined: 3 }], elsewhere: NOBODY }, 1)) //
      .toEqual([{ channel: A, viewers: 2 }]);
  });

  it('FEED-10 goes by what others last said for 15 s when they cannot be asked', () => {
    const counts = new ViewerCounts();
    const here = [{ channel: A, readers: 2, joined: 2 }];
    counts.look({ here, elsewhere: new Map([[A, 3]]) }, 0);
    const later = FEED_LIMITS.viewersExpireMs;
    expect(counts.look({ here, elsewhere: undefined }, later - 1)).toEqual([]);
    expect(counts.look({ here, elsewhere: undefined }, later)) //
      .toEqual([{ channel: A, viewers: 2 }]);
  });
});
