import { afterEach, describe, expect, it } from 'vitest';
import { HOOK_LIMITS, RETRY_PAUSES_MS } from '@shoal/server/core';
import { openDatabase } from '../../../server/src/adapters/database/open-database.ts';
import { type DeliveryRow } from '../../../server/src/adapters/database/delivery-table.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { startWebhooks } from '../../../server/src/adapters/webhooks/start-webhooks.ts';
import { channelId } from '../../support/builders.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';
import { bothDatabases } from './databases.ts';
import { Receiver } from './receiver.ts';

const CHANNEL = channelId();
const VIEWERS = { channel: CHANNEL, audience: 'viewers' } as const;
const START = Date.parse('2027-01-31T12:00:00Z');

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

function fail(error: unknown): never {
  throw error;
}

describe.each(bothDatabases())('a webhook that fails, in %s', (_, make) => {
  async function start() {
    const clock = new ManualClock(START);
    const { db, close } = await openDatabase(await make());
    undo.push(close);
    const receiver = await Receiver.start();
    undo.push(() => receiver.close());
    const feed = new SqlFeedLog(db, fail);
    let ids = 0;
    const running = startWebhooks({
      ...{ db, feed, now: () => clock.now, random: () => 0.5, newId: () => `id${(ids += 1)}` },
      policy: { allowHttp: true, allowPrivateAddresses: true, allowAnyPort: true },
      onError: fail,
    });
    undo.push(() => running.close());
    const { parts } = running;
    await parts.webhooks.insert({
      ...{ id: 'w', channel: CHANNEL, url: receiver.url, types: null, active: 1, version: 1 },
      secrets: JSON.stringify([{ secret: `whsec_${btoa('x'.repeat(32))}`, until: null }]),
      ...{ disabled_reason: null, failing_since: null, created_at: START },
      ...{ after_viewers: 0, after_streamer: 0 },
    });
    const happens = (id: string) =>
      feed.append(VIEWERS, { type: 'stream.online', data: {} }, { at: clock.now, id });
    /** The delivery of an event after so many attempts. */
    const attempted = async (event: string, attempts: number): Promise<DeliveryRow> => {
      let found: DeliveryRow | undefined;
      await until(
        async () => {
          const page = { limit: 100, cursor: undefined };
          const { rows } = await parts.deliveries.list('w', undefined, page);
          found = rows.find((row) => row.event_id === event && row.attempts >= attempts);
          return found !== undefined;
        },
        { what: `${attempts} attempts of ${event}` },
      );
      if (found === undefined) throw new Error('not found');
      return found;
    };
    return { clock, receiver, happens, attempted, ...parts };
  }

  it('HOOK-4 is tried after each pause of the plan and not before, then given up', async () => {
    const { clock, receiver, happens, attempted, wake, webhooks } = await start();
    receiver.answer = { status: 500 };
    await happens('e1');
    for (const [i, pause] of RETRY_PAUSES_MS.entries()) {
      const { state, next_at } = await attempted('e1', i + 1);
      expect([state, next_at - clock.now]).toEqual(['pending', pause]);
      clock.advance(pause - 1);
      wake();
      expect(receiver.received).toHaveLength(i + 1);
      clock.advance(1);
      wake();
    }
    const total = RETRY_PAUSES_MS.length + 1;
    expect(await attempted('e1', total)).toMatchObject({ state: 'failed', last_status: 500 });
    const signed = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(signed).toEqual(Array.from({ length: total }, () => 'e1'));
    expect(await webhooks.find('w')).toMatchObject({ active: 1, failing_since: START });
  });

  it('HOOK-5 is switched off after five days without a success, and a success begins them anew', async () => {
    const { clock, receiver, happens, attempted, webhooks } = await start();
    receiver.answer = { status: 500 };
    await happens('a');
    await attempted('a', 1);
    receiver.answer = { status: 200 };
    await happens('b');
    await attempted('b', 1);
    await until(async () => (await webhooks.find('w'))?.failing_since === null, { what: 'health' });
    receiver.answer = { status: 500 };
    clock.advance(1_000);
    await happens('c');
    await attempted('c', 1);
    const since = clock.now;
    await until(async () => (await webhooks.find('w'))?.failing_since === since, { what: 'since' });
    clock.advance(HOOK_LIMITS.disableAfterMs);
    await happens('d');
    await until(async () => (await webhooks.find('w'))?.active === 0, { what: 'an end' });
    expect((await webhooks.find('w'))?.disabled_reason).toBe('it has failed for 5 days');
    const before = receiver.received.length;
    await happens('e');
    expect(await webhooks.behind()).toEqual([]);
    expect(receiver.received).toHaveLength(before);
  });
});
