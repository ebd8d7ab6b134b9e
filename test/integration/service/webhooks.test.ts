import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { HOOK_LIMITS } from '@shoal/server/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { isSigned, Receiver } from './receiver.ts';
import { type Answer, field, TestService } from './test-service.ts';

const OPEN = { allowHttp: true, allowPrivateAddresses: true, allowAnyPort: true };
const HOOKS = '/v1/channels/demo/webhooks';

let test: TestService;
let receiver: Receiver;
let ana = '';
beforeAll(async () => {
  test = await TestService.start({ webhooks: OPEN });
  await test.makeChannel('demo', 'ana');
  ana = await test.tokenOf('ana');
});
afterAll(() => test.close());
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(async () => {
  const { body } = await test.call('GET', HOOKS, { token: ana });
  for (const { id } of (body as { webhooks: { id: string }[] }).webhooks)
    await test.call('DELETE', `${HOOKS}/${id}`, { token: ana });
  await receiver.close();
});

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  test.call(method, path, { token: ana, body });

async function hook(of: Readonly<Record<string, unknown>> = {}) {
  const made = await call('POST', HOOKS, { url: receiver.url, ...of });
  expect(made.status).toBe(201);
  return { path: `${HOOKS}/${field(made.body, 'id')}`, secret: field(made.body, 'secret') };
}

type Delivery = Readonly<Record<'id' | 'event' | 'state' | 'type', string>> & {
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
};

async function deliveries(path: string, query = ''): Promise<readonly Delivery[]> {
  const { body } = await call('GET', `${path}/deliveries${query}`);
  return (body as { deliveries: Delivery[] }).deliveries;
}

const retitle = (title: string): Promise<Answer> => call('PATCH', '/v1/channels/demo', { title });

describe('a webhook', () => {
  it('HOOK-1 is sent what happens, signed, and shows its secret once', async () => {
    const { path, secret } = await hook();
    await retitle('signed');
    const [got] = await receiver.of('channel.updated');
    expect(got).toMatchObject({ body: { channel: 'demo', data: { title: 'signed' } } });
    expect(got && isSigned(got, secret)).toBe(true);
    expect(got && isSigned({ ...got, text: `${got.text} ` }, secret)).toBe(false);
    expect(got?.headers['webhook-id']).toBe(got?.body['id']);
    for (const { body } of [await call('GET', HOOKS), await call('GET', path)])
      expect(JSON.stringify(body)).not.toContain(secret);
    await until(async () => (await deliveries(path, '?state=delivered')).length === 1, {
      what: 'a delivery',
    });
    expect(await deliveries(path)).toMatchObject([{ attempts: 1, lastStatus: 204 }]);
  });

  it('HOOK-1 has what it asks for, from when it was made', async () => {
    await retitle('before');
    const { path } = await hook({ types: ['donation.received'] });
    await retitle('between');
    const donation = { amount: { minorUnits: 500, currency: 'EUR' }, method: 'sandbox-pays' };
    await call('POST', '/v1/channels/demo/donations', donation);
    await receiver.of('donation.received');
    expect((await call('PATCH', path, { types: null })).status).toBe(200);
    await retitle('after');
    await receiver.of('channel.updated');
    expect(receiver.received.map(({ body }) => body.type)).toEqual([
      ...['donation.received', 'channel.updated'],
    ]);
    expect((await call('PATCH', path, { types: ['nonsense'] })).status).toBe(400);
  });

  it('HOOK-6 is signed with both secrets while they change', async () => {
    const { path, secret } = await hook();
    const rotated = field((await call('POST', `${path}/secret`)).body, 'secret');
    expect((await call('POST', `${path}/test`)).status).toBe(202);
    const [got] = await receiver.of('webhook.test');
    expect([secret, rotated].map((each) => got && isSigned(got, each))).toEqual([true, true]);
    await call('POST', `${path}/secret`);
    await call('POST', `${path}/test`);
    const [, next] = await receiver.of('webhook.test', 2);
    expect([secret, rotated].map((each) => next && isSigned(next, each))).toEqual([false, true]);
  });

  it('HOOK-4 is tried again where it is not taken, with the same id; redirects are not followed', async () => {
    const elsewhere = await Receiver.start();
    try {
      receiver.answer = { status: 307, headers: { Location: elsewhere.url } };
      const { path, secret } = await hook();
      await call('POST', `${path}/test`);
      await until(async () => (await deliveries(path))[0]?.lastStatus === 307, { what: 'a 307' });
      receiver.answer = { status: 200 };
      const [first, second] = await receiver.of('webhook.test', 2);
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
      expect(second && isSigned(second, secret)).toBe(true);
      expect(elsewhere.received).toEqual([]);
      await until(async () => (await deliveries(path))[0]?.state === 'delivered', { what: 'it' });
    } finally {
      await elsewhere.close();
    }
  });

  it('HOOK-5 is switched off by 410, delivers when it is on again, and can deliver again', async () => {
    receiver.answer = { status: 410 };
    const { path } = await hook();
    await call('POST', `${path}/test`);
    await until(
      async () =>
        (await call('GET', path)).body !== undefined &&
        (await deliveries(path))[0]?.state === 'failed',
      { what: 'a failure' },
    );
    await until(async () => JSON.stringify((await call('GET', path)).body).includes('410 Gone'), {
      what: 'a webhook that is off',
    });
    const [delivery] = await deliveries(path);
    const again = `${path}/deliveries/${delivery?.id ?? ''}/redeliver`;
    expect(await call('POST', again)).toMatchObject({ status: 409, body: { code: 'webhook-off' } });
    receiver.answer = { status: 200 };
    await retitle('while off');
    const on = await call('PATCH', path, { active: true });
    expect(on).toMatchObject({ body: { active: true, disabledReason: null, failingSince: null } });
    expect((await call('POST', again)).status).toBe(202);
    const [first, second] = await receiver.of('webhook.test', 2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(receiver.received.map(({ body }) => body.type)).not.toContain('channel.updated');
    expect((await call('POST', `${path}/deliveries/none/redeliver`)).status).toBe(404);
  });

  it('HOOK-2 goes on after a restart with what happened before', async () => {
    receiver.answer = { status: 503 };
    const { path } = await hook();
    await retitle('before the restart');
    await receiver.of('channel.updated');
    await test.down();
    receiver.answer = { status: 200 };
    await test.up();
    const got = await receiver.of('channel.updated', 2);
    expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    await until(async () => (await deliveries(path))[0]?.state === 'delivered', { what: 'it' });
  });

  it('HOOK-4 that does not answer in time holds up no other, and is tried again', async () => {
    const slow = await Receiver.start();
    try {
      slow.answer = undefined;
      const { path } = await hook({ url: slow.url });
      await hook();
      for (let i = 0; i < 6; i++) await call('POST', `${path}/test`);
      await slow.of('webhook.test', HOOK_LIMITS.requestsPerHook);
      const begun = performance.now();
      await retitle('not held up');
      await receiver.of('channel.updated');
      expect(performance.now() - begun).toBeLessThan(HOOK_LIMITS.requestMs / 2);
      expect(slow.received).toHaveLength(HOOK_LIMITS.requestsPerHook);
      await until(
        async () =>
          (await deliveries(path)).some(
            ({ lastError }) => lastError === 'the receiver did not answer in time',
          ),
        { what: 'an end of waiting', timeoutMs: 2 * HOOK_LIMITS.requestMs },
      );
    } finally {
      await slow.close();
    }
  });

  it('HOOK-3 has a certificate that is trusted', async () => {
    const secure = await Receiver.start({ secure: true });
    try {
      const { path } = await hook({ url: secure.url });
      await call('POST', `${path}/test`);
      await until(
        async () => (await deliveries(path))[0]?.lastError?.includes('SELF_SIGNED_CERT') === true,
        { what: 'a refusal' },
      );
      expect(secure.received).toEqual([]);
    } finally {
      await secure.close();
    }
  });

  it('HOOK-3 is not read beyond a bound, whatever it answers', async () => {
    let [sent, closed] = [0, false];
    const endless = createServer((request, response) => {
      request.resume();
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      response.on('close', () => (closed = true));
      more();
    }).listen(0, '127.0.0.1');
    await once(endless, 'listening');
    try {
      const { port } = endless.address() as AddressInfo;
      const { path } = await hook({ url: `http://127.0.0.1:${port}/` });
      await call('POST', `${path}/test`);
      await until(() => closed, { what: 'the end of the connection' });
      await until(async () => (await deliveries(path))[0]?.state === 'delivered', { what: 'it' });
      // What fits into the buffers of two sockets.
      expect(sent).toBeLessThan(32 * 1_048_576);
    } finally {
      endless.closeAllConnections();
      endless.close();
    }
  });

  it('HOOK-7 is one of at most ten, is its channel’s alone, and its deliveries come in pages', async () => {
    const { path } = await hook();
    for (let i = 0; i < 9; i++) await hook();
    expect(await call('POST', HOOKS, { url: receiver.url })).toMatchObject({
      ...{ status: 409, body: { code: 'too-many-webhooks' } },
    });
    await test.makeChannel('bobs', 'bob');
    const foreign = path.replace('/demo/', '/bobs/');
    const bob = await test.tokenOf('bob');
    for (const [method, to] of [
      ...([
        ['GET', foreign],
        ['DELETE', foreign],
        ['POST', `${foreign}/test`],
      ] as const),
      ...([
        ['GET', `${foreign}/deliveries`],
        ['POST', `${foreign}/secret`],
      ] as const),
    ])
      expect((await test.call(method, to, { token: bob })).status).toBe(404);
    for (let i = 0; i < 3; i++) await call('POST', `${path}/test`);
    const { body } = await call('GET', `${path}/deliveries?limit=2`);
    const { next } = body as { next: string | null };
    expect(next).not.toBeNull();
    expect(await deliveries(path, `?limit=2&cursor=${String(next)}`)).toHaveLength(1);
  });
});

describe('a webhook of an operator who allows nothing special', () => {
  it('HOOK-3 goes to no address but those of the Internet', async () => {
    const strict = await TestService.start();
    try {
      await strict.makeChannel('demo', 'ana');
      const token = await strict.tokenOf('ana');
      const make = (url: string): Promise<Answer> =>
        strict.call('POST', HOOKS, { token, body: { url } });
      for (const url of [receiver.url, 'https://127.0.0.1/', 'https://[::1]/', 'https://x.org:22/'])
        expect(await make(url)).toMatchObject({ status: 422, body: { code: 'invalid-url' } });
      // A name that turns out to be of this machine only when it is resolved.
      const made = await make('https://localhost/');
      const path = `${HOOKS}/${field(made.body, 'id')}`;
      await strict.call('POST', `${path}/test`, { token });
      await until(
        async () => {
          const { body } = await strict.call('GET', `${path}/deliveries`, { token });
          const [delivery] = (body as { deliveries: Delivery[] }).deliveries;
          return delivery?.lastError === 'the address of the receiver is not of the Internet';
        },
        { what: 'a refusal' },
      );
      expect(receiver.received).toEqual([]);
    } finally {
      await strict.close();
    }
  });
});
