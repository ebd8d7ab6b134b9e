import { expect, it } from 'vitest';
import { FetchTimeLog } from '../../../../client-sdk/src/node/fetch-times.ts';

it('knows nothing before the first segment', () => {
  expect(new FetchTimeLog().read()).toEqual({
    segments: 0,
    medianMs: undefined,
    p95Ms: undefined,
    maxMs: undefined,
  });
});

it('gives median, 95th percentile and maximum of the last 256 segments', () => {
  const log = new FetchTimeLog();
  for (let i = 0; i < 50; i++) log.add(1_000_000);
  for (let i = 1; i <= 256; i++) log.add(i);
  expect(log.read()).toEqual({ segments: 306, medianMs: 129, p95Ms: 244, maxMs: 256 });
});
