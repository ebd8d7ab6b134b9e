import { type ChannelId, type Envelope, type FeedAudience } from '@shoal/protocol';
import { type FeedLog, hookBody, isWanted } from '../../core/index.ts';
import { type DeliveryTable, type NewDelivery } from '../database/delivery-table.ts';
import {
  positionOf,
  wantedOf,
  type WebhookRow,
  type WebhookTable,
} from '../database/webhook-table.ts';
import { Rounds } from '../rounds.ts';

/** What the collector works with. */
export type CollectorParts = {
  readonly feed: FeedLog;
  readonly webhooks: WebhookTable;
  readonly deliveries: DeliveryTable;
  readonly now: () => number;
  readonly newId: () => string;
  /** There is something to deliver. */
  readonly onDeliveries: () => void;
  readonly onError: (error: unknown) => void;
};

const AUDIENCES: readonly FeedAudience[] = ['viewers', 'streamer'];
/** Channels looked at in one query. */
const CHANNELS = 100;
const EVERY_MS = 250;
/** How often all webhooks are looked at: a process that died may have appended what it did not make deliveries of. */
const LOOK_EVERY_MS = 10_000;

/**
 * Makes deliveries of events (HOOK-2). Each webhook has a place of its own in its channel's feeds, which moves on together with the
 * deliveries that were made: what happened while nobody looked is found in the log.
 */
export class WebhookCollector {
  readonly #parts: CollectorParts;
  readonly #changed = new Set<string>();
  readonly #unsubscribe: () => void;
  readonly #rounds: Rounds;
  #lookedAt = -Infinity;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.feed.subscribe(({ channel }) => {
      this.#changed.add(channel);
    });
    this.#rounds = new Rounds({
      run: () => this.#round(),
      ...{ everyMs: EVERY_MS, onError: parts.onError },
    });
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#rounds.close();
  }

  async #round(): Promise<void> {
    const { webhooks, onDeliveries, now } = this.#parts;
    if (now() - this.#lookedAt >= LOOK_EVERY_MS) {
      for (const channel of await webhooks.behind()) this.#changed.add(channel);
      this.#lookedAt = now();
    }
    const channels = [...this.#changed];
    let made = 0;
    for (let i = 0; i < channels.length; i += CHANNELS) {
      const some = channels.slice(i, i + CHANNELS);
      for (const channel of some) this.#changed.delete(channel);
      try {
        for (const hook of await webhooks.active(some)) made += await this.#collect(hook);
      } catch (error) {
        for (const channel of some) this.#changed.add(channel);
        throw error;
      }
    }
    if (made > 0) onDeliveries();
  }

  async #collect(hook: WebhookRow): Promise<number> {
    const { feed, deliveries } = this.#parts;
    let made = 0;
    for (const audience of AUDIENCES) {
      const at = positionOf(hook, audience);
      const channel = hook.channel as ChannelId; // kept as it was checked
      const missed = await feed.after({ channel, audience }, at);
      const events = missed.type === 'events' ? missed.events : [];
      const upTo = missed.type === 'events' ? (events.at(-1)?.seq ?? at) : missed.seq;
      if (upTo === at) continue;
      const wanted = wantedOf(hook);
      const found = events.filter(({ type }) => isWanted(type, wanted)).map((e) => this.#make(e));
      await deliveries.collect(hook, { audience, upTo, deliveries: found });
      made += found.length;
    }
    return made;
  }

  #make(event: Envelope): NewDelivery {
    const { now, newId } = this.#parts;
    return {
      ...{ id: newId(), event_id: event.id, event_type: event.type },
      ...{ body: hookBody(event), created_at: now() },
    };
  }
}
