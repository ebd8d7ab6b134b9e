import { describe, expect, it, onTestFinished } from 'vitest';
import { FEED_LIMITS } from '@shoal/server/core';
import { findPostgres } from '../../support/find-postgres.ts';
import { channelId } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import { ScriptedOrigin } from './scripted-origin.ts';
import { type TestReader, TestService } from './test-service.ts';
import { TwoProcesses } from './two-processes.ts';

const DEMO = channelId();
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

it('FEED-11 readers of the streamer’s feed are told what the swarm saves, and how far recordings are', async () => {
  const test = await TestService.start();
  onTestFinished(() => test.close());
  await test.makeChannel('demo', 'ana');
  const token = await test.tokenOf('ana');
  const origin = new ScriptedOrigin(DEMO);
  await test.service.follow(origin);
  const segment = { rendition: 'source', epoch: 1, msn: 2, size: 1_000, durationMs: 2_000 };
  const served = { servedBytes: 1_000, requests: 3, readyAt: Date.now() - 10_000 };
  origin.says(DEMO, 'delivery', [{ ...segment, ...served }]);
  const job = { id: '7-mp4', broadcast: 7, type: 'mp4', state: 'running' } as const;
  origin.says(DEMO, 'jobs', [{ ...job, attempts: 1, createdAt: 0, progress: 40 }]);
  const ana = await test.read('demo', { audience: 'streamer', token });
  const viewer = await test.read('demo');
  const [stats] = await ana.of('p2p.stats');
  expect(stats).toMatchObject({ channel: 'demo', data: { copiesPerSegment: 1 } });
  const [progress] = await ana.of('vod.progress');
  expect(progress?.['data']).toEqual({
    recording: 7,
    made: 'mp4',
    state: 'running',
    progress: 40,
  });
  expect(viewer.told.map(({ type }) => type)).not.toContain('p2p.stats');
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
