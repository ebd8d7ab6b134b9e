import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServiceOptions } from '@shoal/server';
import { expect, it, onTestFinished } from 'vitest';
import { channelId } from '../../support/builders.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { pause, until } from '../../support/until.ts';
import { freePort } from './free-port.ts';
import { KillableService } from './killable-service.ts';
import { ScriptedOrigin } from './scripted-origin.ts';
import { ScriptedStatusApi } from './scripted-status-api.ts';
import { TestService, type Told } from './test-service.ts';

const DEMO = channelId();
const CHAIN = ['created', 'ready', 'revoked'] as const;

it('BRD-7 over kill -9 at any moment every transition is told once, in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-killed-streams-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const origin = new ScriptedOrigin(DEMO);
  const api = await ScriptedStatusApi.start(origin);
  onTestFinished(() => api.close());
  const options: ServiceOptions = {
    http: { host: '127.0.0.1', port: await freePort() },
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    ...{ originUrl: api.url, logLevel: 'silent' },
  };
  let service = await KillableService.start(options);
  onTestFinished(() => service.kill());
  const admin = service.adminToken ?? '';
  const test = TestService.elsewhere(() => ({ port: service.port, admin }));
  await test.makeChannel('plans');
  const random = seededRandom(11);
  let stop = false;
  // Streamers who plan broadcasts and take them back.
  const ids = new Set<string>();
  const post = async (path: string, body: object): Promise<unknown> => {
    try {
      const url = `/v1/channels/plans/broadcasts${path}`;
      return (await test.call('POST', url, { token: admin, body })).body;
    } catch {
      // Nobody is there: what was asked for may have been done.
      await pause(20);
      return undefined;
    }
  };
  const streamer = async (): Promise<void> => {
    while (!stop) {
      const made = await post('', { autoStart: false });
      const id = Object(made) as { id?: string };
      if (id.id === undefined) continue;
      ids.add(id.id);
      await post(`/${id.id}/transition`, { to: 'ready' });
      await post(`/${id.id}/transition`, { to: 'revoked' });
      // No more than a feed keeps.
      await pause(150);
    }
  };
  const stream = async (): Promise<void> => {
    for (let i = 0; !stop; i++) {
      origin.becomes(DEMO, (['live', 'interrupted', 'live', 'ended'] as const)[i % 4] ?? 'ended');
      await pause(300 + random() * 2_000);
    }
  };
  const all = [streamer(), streamer(), stream()];
  for (let kills = 0; kills < 5; kills++) {
    const [before, asked] = [ids.size, api.asked];
    await until(() => ids.size >= before + 15 && api.asked > asked + 8, {
      what: 'broadcasts',
      timeoutMs: 60_000,
    });
    await pause(random() * 50);
    await service.kill();
    service = await KillableService.start(options);
  }
  stop = true;
  await Promise.all(all);
  origin.becomes(DEMO, 'ended');

  const kept = new Map<string, string>();
  for (let cursor = ''; ;) {
    const path = `/v1/channels/plans/broadcasts?limit=100${cursor}`;
    const page = (await test.call('GET', path, { token: admin })).body as {
      readonly broadcasts: readonly { id: string; state: string; startedAt: number | null }[];
      readonly next: string | null;
    };
    for (const { id, state } of page.broadcasts) kept.set(id, state);
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  const read = async (channel: string, audience: string): Promise<readonly Told[]> => {
    const reader = await test.read(channel, { audience, token: admin, after: 0 });
    const { seq } = (await reader.welcomed()) as unknown as { seq: number };
    await until(() => reader.told.length >= seq, { what: 'all of it' });
    reader.close();
    return reader.told;
  };
  const states = new Map<string, string[]>();
  const planned = await read('plans', 'streamer');
  for (const { type, data } of planned) {
    if (type !== 'broadcast.transitioned') continue;
    const { broadcast, state } = data as { broadcast: string; state: string };
    states.set(broadcast, [...(states.get(broadcast) ?? []), state]);
  }
  for (const [id, chain] of states) {
    const state = kept.get(id) ?? '';
    const until = CHAIN.findIndex((step) => step === state) + 1;
    expect(chain, id).toEqual(CHAIN.slice(0, until));
  }
  for (const id of ids) expect(states.has(id)).toBe(true);

  // Viewers: each state of the stream with that of its broadcast, never the same twice.
  const shown = (await read('demo', 'viewers')).map(({ type, data }) =>
    type === 'broadcast.transitioned' ? (data as { state: string }).state : type,
  );
  const pairs = new Map([
    ['stream.online', 'live'],
    ['stream.interrupted', 'interrupted'],
    ['stream.offline', 'complete'],
  ]);
  for (let i = 0; i < shown.length; i += 2) {
    expect(shown[i + 1]).toBe(pairs.get(shown[i] ?? ''));
    expect(shown[i]).not.toBe(shown[i - 2]);
  }
  expect(shown.length).toBeGreaterThan(4);
  console.info({ planned: ids.size, told: planned.length, shown: shown.length, kills: 5 });
});
