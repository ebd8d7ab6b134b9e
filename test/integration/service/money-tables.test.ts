import { afterEach, describe, expect, it } from 'vitest';
import { HOOK_LIMITS, monthsAfter, MONEY_LIMITS, TIER_PRICES } from '@shoal/server/core';
import { DeliveryTable } from '../../../server/src/adapters/database/delivery-table.ts';
import {
  IdempotencyTable,
  KEYS_OF_ONE,
} from '../../../server/src/adapters/database/idempotency-table.ts';
import {
  type DatabaseOptions,
  type OpenDatabase,
  openDatabase,
} from '../../../server/src/adapters/database/open-database.ts';
import { putInOutbox } from '../../../server/src/adapters/database/outbox-table.ts';
import { WebhookTable } from '../../../server/src/adapters/database/webhook-table.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { type RunningMoney, startMoney } from '../../../server/src/adapters/money/start-money.ts';
import { channelId } from '../../support/builders.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';
import { bothDatabases } from './databases.ts';

const CHANNEL = channelId();
const STREAMER = { channel: CHANNEL, audience: 'streamer' } as const;
const START = Date.parse('2027-01-31T12:00:00Z');
const BOB = { id: 'bob', name: 'Bob' };

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function open(options: DatabaseOptions): Promise<OpenDatabase['db']> {
  const { db, close } = await openDatabase(options);
  undo.push(close);
  return db;
}

function fail(error: unknown): never {
  throw error;
}

describe.each(bothDatabases())('money in %s', (_, make) => {
  let clock: ManualClock;
  let ids = 0;
  const newId = (): string => `id${(ids += 1)}`;

  async function start(): Promise<
    RunningMoney & { readonly feed: SqlFeedLog; readonly db: OpenDatabase['db'] }
  > {
    clock = new ManualClock(START);
    const db = await open(await make());
    const feed = new SqlFeedLog(db, fail);
    const keys = new IdempotencyTable(db);
    const money = startMoney({ db, feed, keys, now: () => clock.now, newId, onError: fail });
    undo.push(() => money.close());
    return { ...money, feed, db };
  }

  const types = async (feed: SqlFeedLog): Promise<readonly string[]> => {
    const replay = await feed.after(STREAMER, 0);
    return replay.type === 'events' ? replay.events.map(({ type }) => type) : [];
  };

  it('MON-5 a subscription is renewed each month, once, by however many look', async () => {
    const { parts, feed } = await start();
    const { cashier, subscriptions } = parts;
    const order = {
      id: newId(),
      channel: CHANNEL,
      for: BOB,
      tier: '1',
      method: 'sandbox-pays',
    } as const;
    expect((await cashier.subscribe(order)).ok).toBe(true);
    for (let months = 2; months <= 4; months++) {
      clock.advanceTo(monthsAfter(START, months - 1));
      await Promise.all([cashier.lookAround(), cashier.lookAround(), cashier.lookAround()]);
      const row = await subscriptions.findOf(CHANNEL, 'bob');
      expect(row).toMatchObject({ months, expires_at: monthsAfter(START, months) });
    }
    await until(async () => (await types(feed)).length === 4, { what: 'four alerts' });
    expect(await types(feed)).toEqual([
      ...['subscription.created', 'subscription.renewed', 'subscription.renewed'],
      'subscription.renewed',
    ]);
  });

  it('MON-6 MON-7 one that cannot be renewed ends after its grace, one that is cancelled on its day', async () => {
    const { parts, db } = await start();
    const { cashier, subscriptions } = parts;
    const order = { channel: CHANNEL, tier: '1', method: 'sandbox-pays' } as const;
    await cashier.subscribe({ ...order, id: newId(), for: BOB });
    await cashier.subscribe({ ...order, id: newId(), for: { id: 'eve', name: 'Eve' } });
    await cashier.cancel(CHANNEL, 'eve');
    await db.updateTable('subscriptions').set({ method: 'sandbox-fails' }).execute();
    const end = monthsAfter(START, 1);
    clock.advanceTo(end);
    await cashier.lookAround();
    expect(await subscriptions.isSubscribed(CHANNEL, 'eve', clock.now)).toBe(false);
    expect(await subscriptions.findOf(CHANNEL, 'bob')).toMatchObject({ failures: 1 });
    while (clock.now < end + MONEY_LIMITS.graceMs) {
      expect(await subscriptions.isSubscribed(CHANNEL, 'bob', clock.now)).toBe(true);
      clock.advance(86_400_000);
      await cashier.lookAround();
    }
    expect(await subscriptions.findOf(CHANNEL, 'bob')).toMatchObject({ state: 'ended', months: 1 });
    expect(await subscriptions.due(Infinity > 0 ? clock.now * 2 : 0, 10)).toEqual([]);
  });

  it('MON-2 a payment that was broken off is asked about, and one that is settled is settled once', async () => {
    const { parts, feed } = await start();
    const { cashier, payments, sandbox, donations } = parts;
    const amount = TIER_PRICES[1];
    const order = { channel: CHANNEL, from: BOB, amount, message: '', method: 'sandbox-waits' };
    const { payment } = await cashier.donate({ ...order, id: 'paid-later' });
    expect(payment.state).toBe('pending');
    // Two that the process died over: before the provider was asked, and before its answer was noted.
    for (const id of ['never-asked', 'asked'])
      await payments.openDonation(
        {
          ...{ id, channel: CHANNEL, from_id: 'bob', from_name: 'Bob', minor_units: 500 },
          ...{ currency: 'EUR', message: '', state: 'pending', created_at: START, paid_at: null },
        },
        {
          ...{ id, channel: CHANNEL, purpose: 'donation', subject: id, giver: null },
          ...{ minor_units: 500, currency: 'EUR', state: 'pending', reason: null },
          ...{ created_at: START, ask_at: START + MONEY_LIMITS.askAgainMs, settled_at: null },
        },
      );
    await sandbox?.charge({ id: 'asked', amount, method: 'sandbox-pays', description: '' });
    await cashier.lookAround();
    expect(await donations.find(CHANNEL, 'asked')).toMatchObject({ state: 'pending' });
    clock.advance(MONEY_LIMITS.askAgainMs);
    await Promise.all([cashier.lookAround(), cashier.lookAround()]);
    expect(await donations.find(CHANNEL, 'asked')).toMatchObject({ state: 'paid' });
    expect(await donations.find(CHANNEL, 'never-asked')).toMatchObject({ state: 'failed' });
    const settled = Array.from({ length: 5 }, () =>
      payments.settle('paid-later', { type: 'paid' }, { now: clock.now, alert: newId() }),
    );
    expect((await Promise.all(settled)).filter(Boolean)).toHaveLength(1);
    await until(
      async () => {
        await cashier.donate({ ...order, method: 'sandbox-pays', id: newId() });
        return (await types(feed)).length >= 3;
      },
      { what: 'alerts' },
    );
    // A day later the sandbox fails what nobody has completed.
    await cashier.donate({ ...order, id: 'forgotten' });
    clock.advance(86_400_000);
    // Of several processes one asks.
    const due = await payments.toAsk(clock.now, 100);
    const takes = due.flatMap((row) => [1, 2].map(() => payments.takeAsk(row, clock.now)));
    expect((await Promise.all(takes)).filter(Boolean)).toHaveLength(due.length);
    await cashier.lookAround();
    expect(await donations.find(CHANNEL, 'forgotten')).toMatchObject({ state: 'failed' });
  });

  it('MON-9 the outbox of a channel is bounded: the oldest alert goes', async () => {
    const { db, parts, waiting } = await start();
    const event = { type: 'stream.health', data: { status: 'good', issues: [] } } as const;
    const total = MONEY_LIMITS.outbox + 5;
    for (let at = 1; at <= total; at++)
      await putInOutbox(db, { id: `a${at}`, channel: CHANNEL, event, at });
    await putInOutbox(db, { id: 'other', channel: 'other', event, at: 1 });
    const { rows } = await parts.outbox.list(CHANNEL, { limit: total, cursor: undefined });
    expect(rows).toHaveLength(MONEY_LIMITS.outbox);
    expect([rows[0]?.id, rows.at(-1)?.id]).toEqual([`a${total}`, 'a6']);
    // All of them are sent to who connects.
    const sent = async (): Promise<number> => (await waiting(STREAMER)).length;
    await until(async () => (await sent()) === MONEY_LIMITS.outbox, {
      what: 'all of them',
      timeoutMs: 60_000,
    });
    expect(await parts.outbox.acknowledge(CHANNEL, `a${total}`, clock.now)).toBe(true);
    expect(await parts.outbox.acknowledge('other', 'a7', clock.now)).toBe(false);
    await parts.outbox.deleteAcknowledged(clock.now + 1);
    expect(await parts.outbox.acknowledge(CHANNEL, `a${total}`, clock.now)).toBe(false);
    expect(await sent()).toBe(MONEY_LIMITS.outbox - 1);
  });

  it('API-6 of many with one key at once one is begun; keys are bounded, and over after a day', async () => {
    const db = await open(await make());
    const table = new IdempotencyTable(db);
    const keyed = { actor: 'user:bob', key: 'k', digest: 'd' };
    const begun = await Promise.all(
      Array.from({ length: 8 }, (_, i) => table.begin(keyed, `m${i}`, START)),
    );
    expect(begun.filter(({ type }) => type === 'begun')).toHaveLength(1);
    expect(begun.filter(({ type }) => type === 'busy')).toHaveLength(7);
    const made = begun.flatMap((known) => (known.type === 'begun' ? [known.made] : []));
    // The process died: whoever comes after the lease goes on with the same id.
    const [took] = made;
    expect(await table.begin(keyed, 'new', START + 29_999)).toEqual({ type: 'busy' });
    expect(await table.begin(keyed, 'new', START + 30_000)).toEqual({ type: 'begun', made: took });
    await table.finish(keyed, { status: 201, body: '{}', headers: { etag: '"1"' } });
    expect(await table.begin(keyed, 'new', START + 30_001)).toEqual({
      ...{ type: 'answered', answer: { status: 201, body: '{}', headers: { etag: '"1"' } } },
    });
    expect(await table.begin({ ...keyed, digest: 'e' }, 'new', START)).toEqual({ type: 'other' });
    for (let i = 1; i < KEYS_OF_ONE; i++) await table.begin({ ...keyed, key: `k${i}` }, 'm', START);
    const next = { ...keyed, key: 'one more' };
    expect(await table.begin(next, 'm', START)).toEqual({ type: 'full' });
    expect((await table.begin({ ...next, actor: 'user:eve' }, 'm', START)).type).toBe('begun');
    const tomorrow = START + 86_400_000;
    expect(await table.begin(keyed, 'new', tomorrow)).toEqual({ type: 'begun', made: 'new' });
    await table.deleteExpired(tomorrow);
    expect((await table.begin(next, 'm', tomorrow)).type).toBe('begun');
  });

  it('HOOK-7 the log of a webhook is bounded, and a delivery is one sender’s at a time', async () => {
    const db = await open(await make());
    const [webhooks, deliveries] = [new WebhookTable(db), new DeliveryTable(db)];
    await webhooks.insert({
      ...{ id: 'w', channel: CHANNEL, url: 'https://example.org/', secrets: '[]', types: null },
      ...{ active: 1, disabled_reason: null, failing_since: null, created_at: 1, version: 1 },
      ...{ after_viewers: 0, after_streamer: 0 },
    });
    const delivery = (at: number) => ({
      ...{ id: `d${at}`, event_id: `e${at}`, event_type: 't', body: '{}', created_at: at },
    });
    const hook = await webhooks.find('w');
    if (hook === undefined) throw new Error('no webhook');
    const total = HOOK_LIMITS.deliveries + 3;
    const all = Array.from({ length: total }, (_, i) => delivery(i + 1));
    const found = { audience: 'viewers', upTo: total, deliveries: all } as const;
    // The second comes too late: the place has moved on.
    await Promise.all([deliveries.collect(hook, found), deliveries.collect(hook, found)]);
    const page = { limit: 2 * total, cursor: undefined };
    const { rows } = await deliveries.list('w', undefined, page);
    expect(rows).toHaveLength(HOOK_LIMITS.deliveries);
    expect(rows.at(-1)?.id).toBe('d4');
    expect(await webhooks.find('w')).toMatchObject({ after_viewers: total, after_streamer: 0 });
    expect(await deliveries.dueHooks(total, [])).toEqual(['w']);
    expect(await deliveries.dueHooks(total, ['w'])).toEqual([]);
    const now = total;
    const claims = await Promise.all([1, 2, 3].map(() => deliveries.claim('w', now, 5)));
    const claimed = claims.flat().map(({ id }) => id);
    expect(new Set(claimed).size).toBe(claimed.length);
    expect(claimed.length).toBeGreaterThanOrEqual(5);
    const [mine] = claims.flat();
    if (mine === undefined) throw new Error('nothing was claimed');
    const later = await deliveries.claim('w', now + HOOK_LIMITS.leaseMs, total);
    expect(later.map(({ id }) => id)).toContain(mine.id);
    // Who was too slow says nothing about it any more.
    const done = {
      state: 'delivered',
      attempts: 1,
      next_at: 0,
      last_status: 200,
      last_error: null,
    };
    await deliveries.note(mine, done);
    expect(await deliveries.find('w', mine.id)).toMatchObject({ state: 'pending' });
    await deliveries.add('w', delivery(total));
    await webhooks.delete('w');
    expect((await deliveries.list('w', undefined, page)).rows).toEqual([]);
  });
});
