import {
  FEED_LIMITS,
  type FeedBus,
  type FeedBusHandlers,
  type FeedId,
  ORIGIN_LIMITS,
} from '../../core/index.ts';
import { type Envelope } from '@shoal/protocol';
import { formatFeedMessage, parseFeedMessage } from './feed-messages.ts';
import { answered, type LinkLog, QUIET, type RedisConnection, RedisLink } from './redis-link.ts';

/** What the bus works with. */
export type RedisFeedBusOptions = {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** Of the database that the processes have in common: others may have the same Redis. */
  readonly service: string;
  /** Of this process, other than that of every other one. */
  readonly process: string;
  readonly log: LinkLog;
};

/** A bus over Redis: what happens while that is away is not told later, since it is in the log. */
export class RedisFeedBus implements FeedBus {
  readonly #topic: string;
  readonly #process: string;
  readonly #handlers: FeedBusHandlers;
  readonly #talking: RedisLink;
  readonly #listening: RedisLink;
  #unpublished = 0;

  /** Begins to connect; needs no Redis to be there. */
  constructor({ url, service, process, log }: RedisFeedBusOptions, handlers: FeedBusHandlers) {
    this.#topic = `shoal:service:feeds:${service}`;
    this.#process = process;
    this.#handlers = handlers;
    this.#talking = new RedisLink(url, log);
    this.#listening = new RedisLink(url, QUIET, {
      onUp: (client) => void this.#listen(client),
    });
    this.#talking.start();
    this.#listening.start();
  }

  /** The connection for what else is shared, where there is one. */
  get client(): RedisConnection | undefined {
    return this.#talking.client;
  }

  publish({ audience }: FeedId, envelope: Envelope): void {
    const { client } = this.#talking;
    if (client === undefined || this.#unpublished >= FEED_LIMITS.unpublished) return;
    this.#unpublished += 1;
    client
      .publish(this.#topic, formatFeedMessage(this.#process, audience, envelope))
      // The link has noticed by itself.
      .catch(() => undefined)
      .finally(() => (this.#unpublished -= 1));
  }

  close(): void {
    this.#talking.close();
    this.#listening.close();
  }

  async #listen(client: RedisConnection): Promise<void> {
    try {
      const hear = (text: string): void => {
        const heard = parseFeedMessage(text);
        if (heard !== undefined && heard.process !== this.#process)
          this.#handlers.onEvent(heard.feed, heard.envelope);
      };
      await answered(client.subscribe(this.#topic, hear), ORIGIN_LIMITS.redisReadMs);
    } catch (error) {
      this.#listening.fail(client, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#handlers.onUp();
  }
}
