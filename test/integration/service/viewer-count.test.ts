import { describe, expect, it, onTestFinished } from 'vitest';
import { FEED_LIMITS } from '@shoal/server/core';
import { findPostgres } from '../../support/find-postgres.ts';
import { until } from '../../support/until.ts';
import { type TestReader, TestService } from './test-service.ts';
import { TwoProcesses } from './two-processes.ts';

const SOON = { timeoutMs: 4 * FEED_LIMITS.viewersExpireMs };

/** Counts that a reader was told. */
function counts(reader: TestReader): readonly number[] {
  return reader.told
    .filter(({ type }) => type === 'viewer.count')
    .map(({ data }) => (data as { readonly viewers: number }).viewers);
}

/** Waits until all of them were last told so many. */
async function told(readers: readonly TestReader[], viewers: number): Promise<void> {
  const last = (): readonly (number | undefined)[] => readers.map((one) => counts(one).at(-1));
  await until(() => last().every((count) => count === viewers), {
    what: () => `${viewers} everywhere, have ${last().join()}`,
    ...SOON,
  });
}

it('FEED-10 viewers are told how many they are, by events that have no number of their own, at most each 5 s', async () => {
  const test = await TestService.start();
  onTestFinished(() => test.close());
  await test.makeChannel('demo', 'ana');
  await test.makeChannel('other');
  const readers = [await test.read('demo'), await test.read('demo')];
  const elsewhere = await test.read('other');
  // A studio hears of everything, and does not watch.
  const studio = await test.read('demo', { watching: '0' });
  const token = await test.tokenOf('ana');
  const streamer = await test.read('demo', { audience: 'streamer', token });
  const change = { token, body: { title: 'new' } };
  expect((await test.call('PATCH', '/v1/channels/demo', change)).status).toBe(200);
  await told([...readers, studio], 2);
  const [first] = await (readers[0]?.of('viewer.count') ?? []);
  expect(first).toMatchObject({ channel: 'demo', version: 1, seq: 1, data: { viewers: 2 } });
  readers.push(await test.read('demo'));
  await told(readers, 3);
  readers.pop()?.close();
  await told(readers, 2);
  await told([elsewhere], 1);
  expect(counts(elsewhere)).toEqual([1]);
  expect(counts(streamer)).toEqual([]);
  const times = (readers[0]?.told ?? [])
    .filter(({ type }) => type === 'viewer.count')
    .map(({ at }) => Number(at));
  for (const [i, at] of times.entries())
    expect((times[i + 1] ?? Infinity) - at).toBeGreaterThanOrEqual(FEED_LIMITS.viewerCountMs - 2);
});

describe.runIf(findPostgres() !== undefined)('over two processes', () => {
  it('FEED-10 viewers of all processes are counted, not those of one that is gone', async () => {
    const all = await TwoProcesses.start();
    await all.here.makeChannel('demo');
    const here = [await all.here.read('demo'), await all.here.read('demo')];
    const there = [await all.there.read('demo')];
    await told([...here, ...there], 3);
    there.push(await all.there.read('demo'));
    await told([...here, ...there], 4);
    await all.kill();
    await told(here, 2);
    await all.revive();
    const again = await all.there.read('demo');
    await told([...here, again], 3);
    // Without Redis each process counts its own, and then all of them again.
    await all.redis.stop();
    await told(here, 2);
    await all.redis.start();
    await told([...here, again], 3);
  });
});
