import { type ChannelId } from '@shoal/protocol';
import { FEED_LIMITS, ViewerCounts } from '../../core/index.ts';
import { Pauses } from '../pauses.ts';
import { type FeedServer } from './feed-server.ts';

/** Where processes tell each other how many readers they have. */
export type ViewerExchange = {
  /** Says how many there are here, and answers how many there are elsewhere; undefined where that cannot be found out. */
  readonly exchange: (
    here: ReadonlyMap<ChannelId, number>,
  ) => Promise<ReadonlyMap<ChannelId, number> | undefined>;
  readonly leave: () => Promise<void>;
};

/** What the counter works with. */
export type ViewerCounterParts = {
  readonly feeds: FeedServer;
  /** Undefined where there are no other processes. */
  readonly others: ViewerExchange | undefined;
  readonly now: () => number;
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
};

/** Tells readers of the feed of viewers how many they are, at most each 5 s (FEED-10). */
export class ViewerCounter {
  readonly #parts: ViewerCounterParts;
  readonly #counts = new ViewerCounts();
  readonly #pauses: Pauses;

  constructor(parts: ViewerCounterParts) {
    this.#parts = parts;
    this.#pauses = new Pauses({
      run: () => this.#look(),
      pauseMs: FEED_LIMITS.viewerCountMs,
      onError: parts.onError,
    });
  }

  /** How many watch a channel, as its viewers were told last. */
  viewers(channel: ChannelId): number {
    return this.#counts.viewers(channel);
  }

  async close(): Promise<void> {
    await this.#pauses.close();
    // Without Redis the others find out when it has expired.
    await this.#parts.others?.leave().catch(() => undefined);
  }

  async #look(): Promise<void> {
    const { others, now, newId } = this.#parts;
    const counted = new Map([...this.#audiences()].map((of) => [of.channel, of.readers]));
    // That Redis is away is said by the link.
    const elsewhere =
      others === undefined
        ? new Map<ChannelId, number>()
        : await others.exchange(counted).catch(() => undefined);
    const here = [...this.#audiences()];
    const at = now();
    for (const { channel, viewers } of this.#counts.look({ here, elsewhere }, at)) {
      const event = { type: 'viewer.count', data: { viewers } } as const;
      this.#parts.feeds.pass({ channel, audience: 'viewers' }, event, { id: newId(), at });
    }
  }

  *#audiences(): Iterable<{
    readonly channel: ChannelId;
    readonly readers: number;
    readonly joined: number;
  }> {
    for (const { feed, readers, unwatching, joined } of this.#parts.feeds.audiences())
      if (feed.audience === 'viewers')
        yield { channel: feed.channel, readers: readers.size - unwatching.size, joined };
  }
}
