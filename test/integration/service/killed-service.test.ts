import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServiceOptions } from '@shoal/server';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seededRandom } from '../../support/seeded-random.ts';
import { pause, until } from '../../support/until.ts';
import { freePort } from './free-port.ts';
import { KillableService } from './killable-service.ts';
import { CERTIFICATE, Receiver } from './receiver.ts';
import { TestReader } from './test-service.ts';

const DONATIONS = '/v1/channels/demo/donations';

const TRUSTING = { NODE_EXTRA_CA_CERTS: CERTIFICATE };

let folder: string;
let receiver: Receiver;
let service: KillableService;
let options: ServiceOptions;
let admin: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-killed-'));
  receiver = await Receiver.start({ secure: true });
  options = {
    http: { host: '127.0.0.1', port: await freePort() },
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
    webhooks: { allowPrivateAddresses: true, allowAnyPort: true },
    logLevel: 'silent',
  };
  service = await KillableService.start(options, TRUSTING);
  admin = service.adminToken ?? '';
  await call('POST', '/v1/channels', { body: { id: 'demo' } });
});
afterEach(async () => {
  await service.kill();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

async function call(
  method: string,
  path: string,
  { body, key }: { readonly body?: unknown; readonly key?: string } = {},
): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${admin}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(key !== undefined && { 'Idempotency-Key': key }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status >= 400) throw new Error(`${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function overlay(): Promise<TestReader> {
  const query = `channel=demo&audience=streamer&token=${admin}`;
  const reader = new TestReader(new WebSocket(`ws://127.0.0.1:${service.port}/v1/events?${query}`));
  await reader.welcomed();
  return reader;
}

it('MON-2 HOOK-2 donations over kill -9: each is made once, told once and delivered, none is lost', async () => {
  await call('POST', '/v1/channels/demo/webhooks', { body: { url: receiver.url } });
  const random = seededRandom(7);
  const made = new Map<string, string>();
  let [sent, kills] = [0, 0];
  let stop = false;
  const body = { amount: { minorUnits: 500, currency: 'EUR' }, method: 'sandbox-pays' };
  const ask = (key: string): Promise<'made' | 'busy' | 'away'> =>
    call('POST', DONATIONS, { body, key }).then(
      (answer) => {
        made.set(key, (answer as { id: string }).id);
        return 'made';
      },
      (error: unknown) => (String(error).includes('request-in-progress') ? 'busy' : 'away'),
    );
  // Whoever gets no answer asks again with the same key, at once or, where the first request still counts as being answered, later.
  const later: string[] = [];
  const donate = async (donor: number): Promise<void> => {
    for (let i = 0; !stop; i++) {
      const key = `d${donor}-${i}`;
      sent += 1;
      let answer = await ask(key);
      for (; answer === 'away'; answer = await ask(key)) await pause(20);
      if (answer === 'busy') later.push(key);
      await pause(3);
    }
  };
  const donors = [1, 2, 3, 4, 5, 6].map(donate);
  for (; kills < 5; kills++) {
    const before = made.size;
    await until(() => made.size >= before + 20, { what: 'donations', timeoutMs: 90_000 });
    await pause(random() * 60);
    await service.kill();
    service = await KillableService.start(options, TRUSTING);
  }
  stop = true;
  await Promise.all(donors);
  for (const key of later)
    await until(async () => (await ask(key)) === 'made', { what: key, timeoutMs: 60_000 });
  expect(made.size).toBe(sent);
  const donations = new Set(made.values());
  expect(donations.size).toBe(sent);

  // The overlay was away all the time.
  const late = await overlay();
  const told = await late.of('donation.received', sent);
  const of = (message: Readonly<Record<string, unknown>>): string =>
    (message['data'] as { donation: string }).donation;
  expect(new Set(told.map(of))).toEqual(donations);
  expect(told).toHaveLength(sent);
  // Some over the connection, which takes not all at once.
  for (const [i, { id }] of told.entries())
    if (i < 10) late.say({ type: 'ack', id });
    else await call('POST', `/v1/channels/demo/outbox/${String(id)}/ack`);
  await until(
    async () => {
      const { alerts } = (await call('GET', '/v1/channels/demo/outbox')) as { alerts: unknown[] };
      return alerts.length === 0;
    },
    { what: 'an empty outbox' },
  );
  // What was acknowledged stays so.
  await service.kill();
  service = await KillableService.start(options, TRUSTING);
  const last = await overlay();
  await call('POST', DONATIONS, { body });
  await last.of('donation.received');
  expect(last.told).toHaveLength(1);

  // The receiver has each at least once, always with the same id.
  const ids = new Map<string, Set<unknown>>();
  await until(
    () => {
      for (const { body, headers } of receiver.received) {
        const donation = of(body);
        ids.set(donation, (ids.get(donation) ?? new Set()).add(headers['webhook-id']));
      }
      return [...donations].every((id) => ids.has(id));
    },
    { what: () => `${sent} deliveries, have ${ids.size}`, timeoutMs: 60_000 },
  );
  expect([...ids.values()].every(({ size }) => size === 1)).toBe(true);
  console.info({
    sent,
    brokenOff: later.length,
    kills: kills + 1,
    deliveries: receiver.received.length,
  });
});
