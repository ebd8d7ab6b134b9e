import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unwrap } from '@shoal/protocol';
import { readMovie } from '@shoal/server/core';
import { describe, expect, it } from 'vitest';
import { decode } from './decode.ts';
import { joinFlv, makeFlv } from './flv-files.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';

const { start, publish } = scene();

describe('a publisher that changes what it sends', () => {
  it('ORG-11 another picture size begins another epoch, which plays in all renditions', async () => {
    const test = await start({ ladder: LADDER });
    const file = join(test.dataDir, 'changing.flv');
    writeFileSync(file, joinFlv([await makeFlv('160x90', 4), await makeFlv('192x108', 4)]));
    await publish(test.rtmpUrl(), { file });
    const playlist = await test.playlistWhere(
      (p) => new Set(p.segments.map(({ epoch }) => epoch)).size === 2 && p.segments.length >= 6,
      'segments before and after the change',
      30_000,
    );
    const maps = [...new Set(playlist.segments.map(({ map }) => map))];
    expect(maps).toHaveLength(2);
    const sizes = {
      source: [
        [160, 90],
        [192, 108],
      ],
      low: [
        [128, 72],
        [128, 72],
      ],
    } as const;
    for (const [name, expected] of Object.entries(sizes))
      for (const [i, map] of maps.entries()) {
        const init = Buffer.from(await test.get(`/live/demo/${name}/${map}`));
        const [video] = unwrap(readMovie(init.subarray(init.indexOf('moov') + 4)));
        expect(video?.kind === 'video' && [video.width, video.height]).toEqual(expected[i]);
        const parts = [init];
        for (const segment of playlist.segments)
          if (segment.map === map)
            parts.push(Buffer.from(await test.verifiedSegment(segment.uri, name)));
        expect(await decode(Buffer.concat(parts))).toBe('');
      }
    // Nothing of what was sent is missing: eight seconds.
    const seconds = playlist.segments.reduce((sum, { duration }) => sum + duration, 0);
    expect(seconds).toBeGreaterThan(5.5);
    expect(test.linter.problems).toEqual([]);
  });
});
