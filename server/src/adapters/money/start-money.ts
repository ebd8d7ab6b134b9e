import { type Kysely } from 'kysely';
import { type ChannelId, type Envelope } from '@shoal/protocol';
import { type FeedId, type FeedLog, MONEY_LIMITS, type PaymentProvider } from '../../core/index.ts';
import { DonationTable } from '../database/donation-table.ts';
import { type IdempotencyTable } from '../database/idempotency-table.ts';
import { eventOf, OutboxTable } from '../database/outbox-table.ts';
import { PaymentTable } from '../database/payment-table.ts';
import { SandboxTable } from '../database/sandbox-table.ts';
import { type Database } from '../database/schema.ts';
import { SubscriptionTable } from '../database/subscription-table.ts';
import { Rounds } from '../rounds.ts';
import { Cashier } from './cashier.ts';
import { SandboxProvider } from './sandbox-provider.ts';

/** Everything that has to do with donations, subscriptions and the alerts about them. */
export type MoneyParts = {
  readonly provider: PaymentProvider;
  /** Undefined where another provider takes the payments. */
  readonly sandbox: SandboxProvider | undefined;
  readonly cashier: Cashier;
  readonly payments: PaymentTable;
  readonly donations: DonationTable;
  readonly subscriptions: SubscriptionTable;
  readonly outbox: OutboxTable;
};

/** Running money parts. */
export type RunningMoney = {
  readonly parts: MoneyParts;
  /** Alerts of a feed that were sent and not acknowledged. */
  readonly waiting: (feed: FeedId) => Promise<readonly Envelope[]>;
  /** A reader of a feed says something; false where it is no acknowledgement, and left to others. */
  readonly onMessage: (feed: FeedId, message: unknown) => boolean;
  readonly close: () => Promise<void>;
};

const SEND_EVERY_MS = 5_000;
const LOOK_EVERY_MS = 20_000;

/** Puts the parts together, with the sandbox as the provider, and begins with what an earlier process left undone. */
export function startMoney(of: {
  readonly db: Kysely<Database>;
  readonly feed: FeedLog;
  readonly keys: IdempotencyTable;
  readonly now: () => number;
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
}): RunningMoney {
  const { db, feed, keys, now, newId, onError } = of;
  const sandbox = new SandboxProvider(new SandboxTable(db), now);
  const [payments, donations] = [new PaymentTable(db), new DonationTable(db)];
  const [subscriptions, outbox] = [new SubscriptionTable(db), new OutboxTable(db)];
  const sending = new Rounds({
    run: () => sendAll(outbox, feed),
    ...{ everyMs: SEND_EVERY_MS, onError },
  });
  const cashier = new Cashier({
    ...{ provider: sandbox, payments, donations, subscriptions, now, newId, onError },
    onAlert: () => {
      sending.wake();
    },
  });
  const looking = new Rounds({
    run: async () => {
      await cashier.lookAround();
      await outbox.deleteAcknowledged(now() - MONEY_LIMITS.acknowledgedMs);
      await keys.deleteExpired(now());
    },
    ...{ everyMs: LOOK_EVERY_MS, onError },
  });
  return {
    parts: { provider: sandbox, sandbox, cashier, payments, donations, subscriptions, outbox },
    waiting: (id) => (id.audience === 'streamer' ? outbox.waiting(id) : Promise.resolve([])),
    onMessage: ({ channel, audience }, message) => {
      const id = audience === 'streamer' ? acknowledged(message) : undefined;
      if (id === undefined) return false;
      outbox.acknowledge(channel, id, now()).catch(onError);
      return true;
    },
    close: async () => {
      cashier.close();
      await Promise.all([looking.close(), sending.close()]);
    },
  };
}

/** Gives alerts their numbers in the streamers' feeds. One that has one, of a process that died before it had noted it, gets the same. */
async function sendAll(outbox: OutboxTable, feed: FeedLog): Promise<void> {
  for (;;) {
    const rows = await outbox.unsent(MONEY_LIMITS.batch);
    for (const row of rows) {
      const id = { channel: row.channel as ChannelId, audience: 'streamer' } as const; // kept as it was checked
      const { seq } = await feed.append(id, eventOf(row), { at: row.created_at, id: row.id });
      await outbox.sent(row.id, seq);
    }
    if (rows.length < MONEY_LIMITS.batch) return;
  }
}

/** Id of the alert that a message acknowledges. */
function acknowledged(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message) || message.type !== 'ack' || !('id' in message)) return undefined;
  return typeof message.id === 'string' ? message.id : undefined;
}
