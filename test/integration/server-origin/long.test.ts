import { describe, expect, it } from 'vitest';
import { runAccelerated } from '../../bench/long/accelerated.ts';
import { makeClip } from '../../bench/long/clip.ts';
import { growthOf } from '../../bench/long/growth.ts';

describe('a long broadcast', () => {
  it('ORG-4 ORG-5 keeps its memory and flawless playlists over wraps, changes and publishers that come and go', async () => {
    const clips = [
      await makeClip({ size: '160x90', bFrames: 0 }),
      await makeClip({ size: '128x72', bFrames: 2 }),
    ];
    const result = await runAccelerated({
      ...{ minutes: 40, every: 5, seed: 3, clips },
      onMeasured: () => undefined,
    });
    expect(result.findings).toEqual([]);
    expect(result.measurements).toHaveLength(9);
    expect(growthOf(result.measurements).grown).toBe(false);
    // A picture and a sound at the end of each publisher are all that may be missing.
    const share = result.listedSeconds / result.publishedSeconds;
    expect(share).toBeGreaterThan(0.998);
    expect(share).toBeLessThan(1.002);
    expect(result.decoded).toBeGreaterThan(40);
    expect(result.secondOpinions).toBeGreaterThan(50);
    expect(result.measurements.at(-1)?.epochs).toBeGreaterThan(5);
  });
});
