import { afterEach, expect, it } from 'vitest';
import { type ChannelId } from '@shoal/protocol';
import { BROADCAST_LIMITS } from '@shoal/server/core';
import { OriginAway } from '../../../server/src/adapters/origins/get-json.ts';
import { remoteOrigin } from '../../../server/src/adapters/origins/remote-origin.ts';
import { channelId } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import { ScriptedOrigin } from './scripted-origin.ts';
import { type Manner, ScriptedStatusApi } from './scripted-status-api.ts';
import { type Answer, TestService } from './test-service.ts';

const DEMO = channelId();

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
});

async function scripted(
  ...channels: readonly ChannelId[]
): Promise<{ readonly origin: ScriptedOrigin; readonly api: ScriptedStatusApi }> {
  const origin = new ScriptedOrigin(...channels);
  const api = await ScriptedStatusApi.start(origin);
  undo.push(() => api.close());
  return { origin, api };
}

async function following(api: ScriptedStatusApi): Promise<TestService> {
  const test = await TestService.start({ originUrl: api.url });
  undo.push(() => test.close());
  return test;
}

it('BRD-4 an origin elsewhere is asked, and its answers read with care, in bounded time and size', async () => {
  const { origin, api } = await scripted(DEMO, channelId('other'));
  const remote = remoteOrigin(`${api.url}/`);
  origin.becomes(DEMO, 'live');
  const { since } = origin.list()[0] ?? {};
  const asked = await remote.streams();
  expect(asked).toMatchObject([
    { channel: DEMO, state: 'online', since },
    { channel: 'other', state: 'offline' },
  ]);
  // What is as it was is not asked for again, one by one.
  const before = api.asked;
  expect(await remote.streams()).toEqual(asked);
  expect(api.asked).toBe(before + 1);
  expect(await remote.report(DEMO, 'jobs')).toBeUndefined();
  origin.says(DEMO, 'health', { status: 'good', issues: [], kbps: 700 } as never);
  const reports = await Promise.all([1, 2, 3].map(() => remote.report(DEMO, 'health')));
  for (const report of reports) expect(report).toMatchObject({ status: 'good', kbps: 700 });
  // Many who ask at once are one question.
  expect(api.asked).toBe(before + 3);
  expect(await remote.drop(DEMO, 'why')).toBe(false);
  const manners: readonly Manner[] = [
    ...(['endlessly', 'not JSON', 'something else', 'fails', 'elsewhere', 'never'] as const),
  ];
  for (const manner of manners) {
    api.manner = manner;
    const begun = performance.now();
    await expect(remote.streams(), manner).rejects.toThrow(OriginAway);
    expect(performance.now() - begun).toBeLessThan(BROADCAST_LIMITS.originMs + 2_000);
  }
});

it('BRD-4 a service goes on while its origin is away, and makes up for what it missed', async () => {
  const { origin, api } = await scripted(DEMO);
  api.manner = 'fails';
  const test = await following(api);
  const state = async (): Promise<unknown> => {
    const { body } = await test.call('GET', '/v1/channels/demo/broadcasts');
    return (body as { broadcasts?: { state: string }[] }).broadcasts?.[0]?.state;
  };
  const becomes = (expected: string): Promise<void> =>
    until(async () => (await state()) === expected, { what: expected });
  origin.becomes(DEMO, 'live');
  api.manner = 'as it should';
  await becomes('live');
  api.manner = 'not JSON';
  // What it said a moment ago is forgotten soon.
  const vods = (): Promise<Answer> => test.call('GET', '/v1/channels/demo/vods');
  await until(async () => (await vods()).status === 503, {
    what: 'an answer of the service alone',
  });
  expect((await vods()).body).toMatchObject({ code: 'origin-away' });
  origin.becomes(DEMO, 'interrupted');
  origin.becomes(DEMO, 'live');
  origin.becomes(DEMO, 'interrupted');
  const missed = api.asked;
  await until(() => api.asked > missed + 1, { what: 'questions' });
  expect(await state()).toBe('live');
  api.manner = 'as it should';
  await becomes('interrupted');
  const viewer = await test.read('demo', { after: 0 });
  await viewer.of('broadcast.transitioned', 2);
  expect(viewer.told.map(({ type }) => type)).toEqual([
    ...['stream.online', 'broadcast.transitioned'],
    ...['stream.interrupted', 'broadcast.transitioned'],
  ]);
});

it('HLT-3 of more channels than are asked about in one look, each has its turn', async () => {
  const channels = Array.from({ length: BROADCAST_LIMITS.reportsPerLook + 40 }, (_, i) =>
    channelId(`c${i}`),
  );
  const { origin, api } = await scripted(...channels);
  for (const channel of channels) {
    origin.says(channel, 'health', { status: 'ok', issues: [] });
    origin.becomes(channel, 'live', { silent: true });
  }
  const test = await following(api);
  const readers = await Promise.all(
    channels
      .slice(-3)
      .map((channel) => test.read(channel, { audience: 'streamer', token: test.admin, after: 0 })),
  );
  const [first] = channels;
  readers.push(await test.read(first ?? '', { audience: 'streamer', token: test.admin, after: 0 }));
  for (const reader of readers)
    await until(() => reader.told.some(({ type }) => type === 'stream.health'), {
      what: 'the health of every stream',
      timeoutMs: 40_000,
    });
});
