import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bothDatabases } from './databases.ts';
import { type Rank, RANKS } from '@shoal/server/core';
import { type Answer, field, TestService } from './test-service.ts';

/** Routes of money and webhooks, and the least rank that each is for. */
const ROUTES: readonly (readonly [method: string, path: string, needed: Rank])[] = [
  ['GET', '/v1/payments', 'anonymous'],
  ['POST', '/v1/sandbox/payments/x/complete', 'admin'],
  ['POST', '/v1/channels/demo/donations', 'viewer'],
  ['GET', '/v1/channels/demo/donations', 'streamer'],
  ['GET', '/v1/channels/demo/donations/x', 'viewer'],
  ['POST', '/v1/channels/demo/subscriptions', 'viewer'],
  ['POST', '/v1/channels/demo/subscriptions/gifts', 'viewer'],
  ['GET', '/v1/channels/demo/subscriptions', 'streamer'],
  ['GET', '/v1/channels/demo/subscriptions/me', 'viewer'],
  ['DELETE', '/v1/channels/demo/subscriptions/me', 'viewer'],
  ['GET', '/v1/channels/demo/outbox', 'streamer'],
  ['POST', '/v1/channels/demo/outbox/x/ack', 'streamer'],
  ['GET', '/v1/channels/demo/webhooks', 'streamer'],
  ['POST', '/v1/channels/demo/webhooks', 'streamer'],
  ['GET', '/v1/channels/demo/webhooks/x', 'streamer'],
  ['PATCH', '/v1/channels/demo/webhooks/x', 'streamer'],
  ['DELETE', '/v1/channels/demo/webhooks/x', 'streamer'],
  ['POST', '/v1/channels/demo/webhooks/x/secret', 'streamer'],
  ['POST', '/v1/channels/demo/webhooks/x/test', 'streamer'],
  ['GET', '/v1/channels/demo/webhooks/x/deliveries', 'streamer'],
  ['POST', '/v1/channels/demo/webhooks/x/deliveries/y/redeliver', 'streamer'],
];

const DONATION = {
  ...{ amount: { minorUnits: 500, currency: 'EUR' }, method: 'sandbox-pays', message: 'x' },
};
/** A body that is right, for those that take one; what is right elsewhere is wrong here. */
const BODIES = new Map<string, object>([
  ['POST /v1/sandbox/payments/x/complete', { outcome: 'paid' }],
  ['POST /v1/channels/demo/donations', DONATION],
  ['POST /v1/channels/demo/subscriptions', { tier: '1', method: 'sandbox-fails' }],
  ['POST /v1/channels/demo/subscriptions/gifts', { tier: '1', method: 'sandbox-fails', to: 'x' }],
  ['POST /v1/channels/demo/webhooks', { url: 'https://example.org/' }],
  ['PATCH /v1/channels/demo/webhooks/x', { active: false }],
]);

let test: TestService;
const tokens = new Map<Rank | 'other streamer', string>();
beforeAll(async () => {
  test = await TestService.start();
  await test.makeChannel('demo', 'ana');
  await test.makeChannel('others', 'carl');
  tokens.set('viewer', await test.tokenOf('bob'));
  tokens.set('moderator', await test.tokenOf('mo'));
  tokens.set('streamer', await test.tokenOf('ana'));
  tokens.set('other streamer', await test.tokenOf('carl'));
  tokens.set('admin', test.admin);
  const path = '/v1/channels/demo/moderators/mo';
  await test.call('PUT', path, { token: test.admin, body: { name: 'Mo' } });
});
afterAll(() => test.close());

async function ask(
  [method, path]: (typeof ROUTES)[number],
  who: Rank | 'other streamer',
): Promise<Answer> {
  const body = BODIES.get(`${method} ${path}`);
  return test.call(method, path, { token: tokens.get(who), ...(body !== undefined && { body }) });
}

describe.each(ROUTES)('%s %s', (...route) => {
  const [, , needed] = route;
  it.each(RANKS)('ACC-6 as %s', async (rank) => {
    const { status, body } = await ask(route, rank);
    const allowed = RANKS.indexOf(rank) >= RANKS.indexOf(needed);
    if (allowed) {
      expect([status, body]).not.toEqual([401, expect.anything()]);
      expect(status === 403 ? field(body, 'code') : '').not.toBe('forbidden');
      expect(status).toBeLessThan(500);
    } else expect(status).toBe(rank === 'anonymous' ? 401 : 403);
  });

  it('ACC-6 as the streamer of another channel', async () => {
    const { status } = await ask(route, 'other streamer');
    if (needed === 'streamer' || needed === 'admin') expect(status).toBe(403);
    else expect(status).not.toBe(403);
  });

  it('ACC-6 in a channel that is not there', async () => {
    const [method, path] = route;
    if (!path.includes('/demo/')) return;
    const to = path.replace('/demo/', '/none/');
    const body = BODIES.get(`${method} ${path}`);
    const options = { token: test.admin, ...(body !== undefined && { body }) };
    expect((await test.call(method, to, options)).status).toBe(404);
  });
});

it.each(bothDatabases())(
  'API-5 in %s, bodies, ids and queries of any kind are no failure of ours',
  async (_, make) => {
    const service = await TestService.start({ database: await make() });
    onTestFinished(() => service.close());
    await service.makeChannel('demo', 'ana');
    const streamer = await service.tokenOf('ana');
    const admin = service.admin;
    // Nested deeper than a call stack is.
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    for (const [method, path] of ROUTES.filter(([method]) => method !== 'GET')) {
      const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
        method,
        headers: {
          ...{ Authorization: `Bearer ${streamer}`, 'Content-Type': 'application/json' },
          'Idempotency-Key': 'deep',
        },
        body: deep,
      });
      expect([method, path, response.status < 500]).toEqual([method, path, true]);
    }
    const taking = ROUTES.filter(([method]) => method !== 'GET');
    const scalars = fc.oneof(
      fc.string(),
      fc.constantFrom('\0', '\ud800', '__proto__', 'sandbox-pays', 'https://x.org', '1', 'EUR'),
      fc.double(),
      fc.integer(),
      fc.constant(null),
      fc.boolean(),
    );
    const nearly = fc.record(
      {
        amount: fc.oneof(
          scalars,
          fc.record({ minorUnits: scalars, currency: fc.constantFrom('EUR', 'X', null) }),
        ),
        ...{ message: scalars, method: scalars, tier: scalars, to: scalars, url: scalars },
        ...{ types: fc.oneof(scalars, fc.array(scalars)), active: scalars, outcome: scalars },
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(fc.jsonValue(), nearly);
    const id = fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom('\0', '..', '%00', "';--"));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...taking),
        body,
        id,
        async ([method, path], value, made) => {
          const to = path.replace(/\/[xy](?=\/|$)/g, `/${encodeURIComponent(made) || 'x'}`);
          const { status, body: answer } = await service.call(method, to, {
            ...{ token: admin, body: value },
            headers: { 'Idempotency-Key': encodeURIComponent(made).slice(0, 255) || 'k' },
          });
          expect([status < 500, method, to, value, answer]).toEqual([
            true,
            method,
            to,
            value,
            answer,
          ]);
        },
      ),
      { numRuns: 300 },
    );
    const gets = ROUTES.filter(([method]) => method === 'GET');
    const query = fc.record({
      ...{ limit: scalars.map(String), cursor: scalars.map(String), state: scalars.map(String) },
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...gets), query, async ([, path], asked) => {
        const params = new URLSearchParams(asked).toString();
        expect((await service.call('GET', `${path}?${params}`, { token: streamer })).status) //
          .toBeLessThan(500);
      }),
      { numRuns: 100 },
    );
  },
);
