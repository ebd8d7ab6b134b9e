import { describe, expect, it } from 'vitest';
import { jobsOver, recordingsOf } from './jobs-scene.ts';
import { until } from '../../support/until.ts';
import { scene } from './scene.ts';

const { start, publish, makeFolder } = scene();

describe('a publisher of sound alone', () => {
  it.each([
    ['copied', {}],
    ['with its sound apart', { audioRendition: true }],
    ['in parts', { lowLatency: true }],
  ])('ORG-29 that sends all it has at once makes a broadcast, %s', async (_what, choices) => {
    const store = { type: 'disk', folder: makeFolder() } as const;
    const test = await start({
      ...{ interruptedMs: 300, closeAfterMs: 200, ladder: [], ...choices },
      recording: { store, mp4: true },
    });
    const publisher = await publish(test.rtmpUrl(), {
      ...{ burst: true, videoArgs: ['-map', '1:a', '-t', '6'] },
    });
    await publisher.exit();
    const http = test.url('');
    await until(async () => (await recordingsOf(http))[0]?.state === 'ended', {
      ...{ what: 'the broadcast', timeoutMs: 20_000 },
    });
    const [recorded] = await recordingsOf(http);
    expect(Math.abs((recorded?.durationMs ?? 0) - 6_000)).toBeLessThan(100);
    expect(await jobsOver(http, 1)).toMatchObject([{ type: 'mp4', state: 'done' }]);
  });
});
