import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { type Answer, field, type TestReader, TestService } from './test-service.ts';

let test: TestService;
let [ana, bob, guest]: readonly string[] = [];
beforeAll(async () => {
  test = await TestService.start();
  await test.makeChannel('demo', 'ana');
  [ana, bob, guest] = [
    await test.tokenOf('ana'),
    await test.tokenOf('bob', 'Bob'),
    await test.guest('Gil'),
  ];
});
afterAll(() => test.close());

const PATH = '/v1/channels/demo/donations';
const EUROS = { minorUnits: 500, currency: 'EUR' };

function donate(
  token: string | undefined,
  body: Readonly<Record<string, unknown>> = {},
  key?: string,
): Promise<Answer> {
  return test.call('POST', PATH, {
    token,
    body: { amount: EUROS, method: 'sandbox-pays', ...body },
    ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
  });
}

const overlay = (after?: number): Promise<TestReader> =>
  test.read('demo', {
    audience: 'streamer',
    token: ana ?? '',
    ...(after !== undefined && { after }),
  });

async function waiting(): Promise<readonly { readonly id: string }[]> {
  const { body } = await test.call('GET', '/v1/channels/demo/outbox', { token: ana });
  return (body as { alerts: { id: string }[] }).alerts;
}

async function clear(): Promise<void> {
  for (const { id } of await waiting())
    await test.call('POST', `/v1/channels/demo/outbox/${id}/ack`, { token: ana });
}

describe('a donation', () => {
  it('MON-1 says that no real money moves', async () => {
    const { body } = await test.call('GET', '/v1/payments');
    expect(body).toMatchObject({ provider: 'sandbox', realMoney: false });
    expect((await donate(guest)).body).toMatchObject({ realMoney: false });
    await clear();
  });

  it('MON-2 reaches the streamer, until it is acknowledged', async () => {
    const first = await overlay();
    const made = await donate(bob, { message: '  <b>Hi</b> \u202ethere ' });
    expect(made).toMatchObject({
      status: 201,
      body: { state: 'paid', from: 'Bob', amount: EUROS },
    });
    const donation = field(made.body, 'id');
    const [told] = await first.of('donation.received');
    const data = { donation, from: 'Bob', amount: EUROS, message: '<b>Hi</b> there' };
    expect(told).toMatchObject({ channel: 'demo', data });
    first.close();
    // Whoever comes later gets it again, with the same id, wherever they were.
    for (const after of [undefined, 0, Number(told?.['seq'])]) {
      const later = await overlay(after);
      expect(await later.of('donation.received')).toContainEqual(told);
      later.close();
    }
    const last = await overlay();
    last.say({ type: 'ack', id: told?.['id'] });
    await until(async () => (await waiting()).length === 0, { what: 'an empty outbox' });
    const none = await overlay();
    await donate(bob, { message: 'next' });
    const [next] = await none.of('donation.received');
    expect(next).toMatchObject({ data: { message: 'next' } });
    const ack = `/v1/channels/demo/outbox/${String(next?.['id'])}/ack`;
    for (let i = 0; i < 2; i++)
      expect((await test.call('POST', ack, { token: ana })).status).toBe(204);
    expect(await waiting()).toEqual([]);
    expect(none.told).toHaveLength(1);
  });

  it('MON-2 acknowledgements are those of the streamer of the channel alone', async () => {
    await donate(bob);
    const [alert] = await waiting();
    await test.makeChannel('bobs', 'bob');
    const other = `/v1/channels/bobs/outbox/${String(alert?.id)}/ack`;
    expect((await test.call('POST', other, { token: bob })).status).toBe(404);
    const viewer = await test.read('demo', { token: bob ?? '' });
    for (const message of [
      { type: 'ack', id: alert?.id },
      null,
      7,
      { type: 'ack' },
      { type: 'ack', id: {} },
    ])
      viewer.say(message);
    const streamer = await test.read('bobs', { audience: 'streamer', token: bob ?? '' });
    streamer.say({ type: 'ack', id: alert?.id });
    streamer.say({ type: 'ack', id: 'none' });
    await donate(bob);
    await until(async () => (await waiting()).length === 2, { what: 'both alerts' });
    expect(viewer.closed ?? streamer.closed).toBeUndefined();
    await clear();
  });

  it('MON-3 is refused where it is not paid, and then nobody is told', async () => {
    for (const method of ['sandbox-fails', 'no-such'])
      expect(await donate(bob, { method })).toMatchObject({
        status: 402,
        body: { code: 'payment-failed' },
      });
    const { body } = await test.call('GET', `${PATH}?state=failed`, { token: ana });
    expect((body as { donations: unknown[] }).donations).toHaveLength(2);
    expect(await waiting()).toEqual([]);
  });

  it('MON-3 that is pending is told when it is paid, once', async () => {
    const made = await donate(bob, { method: 'sandbox-waits' });
    const id = field(made.body, 'id');
    expect(made).toMatchObject({ status: 201, body: { state: 'pending' } });
    expect(await waiting()).toEqual([]);
    const complete = (outcome: string, token = test.admin): Promise<Answer> =>
      test.call('POST', `/v1/sandbox/payments/${id}/complete`, { token, body: { outcome } });
    expect((await complete('paid', bob)).status).toBe(403);
    expect((await complete('paid')).status).toBe(200);
    expect((await complete('paid')).status).toBe(409);
    const reader = await overlay();
    expect(await reader.of('donation.received')).toMatchObject([{ data: { donation: id } }]);
    const own = await test.call('GET', `${PATH}/${id}`, { token: bob });
    expect(own).toMatchObject({ status: 200, body: { state: 'paid' } });
    expect((await test.call('GET', `${PATH}/${id}`, { token: guest })).status).toBe(404);
    expect((await test.call('GET', `${PATH}/${id}`, { token: ana })).status).toBe(200);
    await clear();
  });

  it('MON-4 is of whole smallest units of a known currency, within bounds', async () => {
    for (const amount of [
      ...[0, -1, 99, 1.5, '500', null, 1e9, Number.MAX_SAFE_INTEGER, 2 ** 60].map((minorUnits) => ({
        minorUnits,
        currency: 'EUR',
      })),
      ...['eur', 'XXX', '', null, 7].map((currency) => ({ minorUnits: 500, currency })),
    ])
      expect((await donate(bob, { amount })).status).toBe(400);
    expect((await donate(bob, { message: 'x'.repeat(501) })).status).toBe(422);
  });
});

describe('an Idempotency-Key', () => {
  it('API-6 makes a request happen once', async () => {
    const first = await donate(bob, {}, 'once');
    const again = await donate(bob, {}, 'once');
    expect(first.status).toBe(201);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    await until(async () => (await waiting()).length === 1, { what: 'one alert' });
    // Somebody else's key is another one.
    expect((await donate(guest, {}, 'once')).body).not.toMatchObject({
      id: field(first.body, 'id'),
    });
    await clear();
  });

  it('API-6 goes with one request alone', async () => {
    await donate(bob, {}, 'mine');
    const other = { status: 422, body: { code: 'idempotency-key-reused' } };
    expect(await donate(bob, { message: 'other' }, 'mine')).toMatchObject(other);
    const elsewhere = await test.call('POST', '/v1/channels/bobs/donations', {
      token: bob,
      body: { amount: EUROS, method: 'sandbox-pays' },
      headers: { 'Idempotency-Key': 'mine' },
    });
    expect(elsewhere).toMatchObject(other);
    for (const key of ['ä', 'x'.repeat(256), 'a b'])
      expect((await donate(bob, {}, key)).status).toBe(400);
    await clear();
  });

  it('API-6 repeats refusals too, and is not used up by who may not ask', async () => {
    const refused = await donate(bob, { method: 'sandbox-fails' }, 'refused');
    const again = await donate(bob, { method: 'sandbox-fails' }, 'refused');
    expect([again.status, again.body]).toEqual([402, refused.body]);
    expect(again.headers.get('content-type')).toContain('application/problem+json');
    expect((await donate(undefined, {}, 'k')).status).toBe(401);
    expect((await donate(bob, { amount: 1 }, 'k2')).status).toBe(400);
    expect((await donate(bob, {}, 'k2')).status).toBe(201);
    await clear();
  });

  it('API-6 answers one of many at once, and the others with what there is', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => donate(bob, {}, 'many')));
    const ids = new Set(
      all.filter(({ status }) => status === 201).map(({ body }) => field(body, 'id')),
    );
    expect(ids.size).toBe(1);
    for (const { status, body } of all)
      if (status !== 201)
        expect([status, field(body, 'code')]).toEqual([409, 'request-in-progress']);
    await clear();
  });
});

describe('a subscription', () => {
  const SUBS = '/v1/channels/demo/subscriptions';
  const body = { tier: '2', method: 'sandbox-pays' };

  it('MON-5 is told of, is one’s own, and is cancelled', async () => {
    const reader = await overlay();
    expect((await test.call('GET', `${SUBS}/me`, { token: bob })).status).toBe(404);
    expect((await test.call('POST', SUBS, { token: guest, body })).status).toBe(403);
    const made = await test.call('POST', SUBS, { token: bob, body });
    expect(made).toMatchObject({
      status: 201,
      body: { months: 1, subscribed: true, renews: true },
    });
    expect(await reader.of('subscription.created')).toMatchObject([
      { data: { user: 'bob', name: 'Bob', tier: '2', months: 1 } },
    ]);
    expect(await test.call('POST', SUBS, { token: bob, body })).toMatchObject({
      ...{ status: 409, body: { code: 'already-subscribed' } },
    });
    const { body: list } = await test.call('GET', SUBS, { token: ana });
    expect(list).toMatchObject({ subscriptions: [{ user: 'bob' }], next: null });
    const cancelled = await test.call('DELETE', `${SUBS}/me`, { token: bob });
    expect(cancelled).toMatchObject({ status: 200, body: { renews: false, subscribed: true } });
    await clear();
  });

  it('MON-8 can be given to somebody with an account, and is not renewed', async () => {
    await test.tokenOf('eve', 'Eve');
    const gift = (to: string, token = guest): Promise<Answer> =>
      test.call('POST', `${SUBS}/gifts`, { token, body: { ...body, to } });
    expect((await gift('nobody')).status).toBe(404);
    expect((await gift('bob')).status).toBe(409);
    const reader = await overlay();
    expect(await gift('eve')).toMatchObject({ status: 201, body: { user: 'eve', renews: false } });
    expect(await reader.of('subscription.gifted')).toMatchObject([
      { data: { from: 'Gil', to: 'Eve', tier: '2' } },
    ]);
    await clear();
  });

  it('MON-3 whose first payment fails is none, and may be tried again', async () => {
    const dan = await test.tokenOf('dan');
    const order = (method: string): Promise<Answer> =>
      test.call('POST', SUBS, { token: dan, body: { tier: '1', method } });
    expect((await order('sandbox-fails')).status).toBe(402);
    const pending = await order('sandbox-waits');
    expect(pending).toMatchObject({ status: 201, body: { state: 'pending', subscribed: false } });
    expect(await order('sandbox-pays')).toMatchObject({ body: { code: 'payment-pending' } });
    const complete = `/v1/sandbox/payments/${field(pending.body, 'payment')}/complete`;
    await test.call('POST', complete, { token: test.admin, body: { outcome: 'failed' } });
    await until(async () => (await order('sandbox-pays')).status === 201, {
      what: 'a subscription',
    });
  });
});
