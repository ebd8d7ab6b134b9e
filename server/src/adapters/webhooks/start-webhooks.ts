import { type Kysely } from 'kysely';
import { type FeedLog } from '../../core/index.ts';
import { DeliveryTable } from '../database/delivery-table.ts';
import { type Database } from '../database/schema.ts';
import { WebhookTable } from '../database/webhook-table.ts';
import { type WebhookPolicy } from './target.ts';
import { WebhookCollector } from './webhook-collector.ts';
import { type SenderParts, WebhookSender } from './webhook-sender.ts';

/** What routes of webhooks have to do with. */
export type WebhookParts = {
  readonly webhooks: WebhookTable;
  readonly deliveries: DeliveryTable;
  readonly policy: WebhookPolicy;
  /** There is something to deliver. */
  readonly wake: () => void;
};

/** Running webhooks. */
export type RunningWebhooks = {
  readonly parts: WebhookParts;
  readonly close: () => Promise<void>;
};

/** Begins to deliver events, also those that an earlier process left. */
export function startWebhooks(of: {
  readonly db: Kysely<Database>;
  readonly feed: FeedLog;
  readonly policy: WebhookPolicy;
  readonly now: () => number;
  readonly random: () => number;
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
  readonly onAttempt?: SenderParts['onAttempt'];
}): RunningWebhooks {
  const { db, feed, policy, now, random, newId, onError, onAttempt } = of;
  const [webhooks, deliveries] = [new WebhookTable(db), new DeliveryTable(db)];
  const sender = new WebhookSender({
    ...{ webhooks, deliveries, policy, now, random, onError, onAttempt },
  });
  const wake = (): void => {
    sender.wake();
  };
  const collector = new WebhookCollector({
    ...{ feed, webhooks, deliveries, now, newId, onError },
    onDeliveries: wake,
  });
  return {
    parts: { webhooks, deliveries, policy, wake },
    close: async () => {
      await collector.close();
      await sender.close();
    },
  };
}
