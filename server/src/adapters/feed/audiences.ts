import { type Envelope } from '@shoal/protocol';
import { type FeedId } from '../../core/index.ts';
import { feedKey } from './feed-key.ts';

/** Who reads one feed here. */
export type Audience<Reader> = {
  readonly feed: FeedId;
  readonly readers: ReadonlySet<Reader>;
  /** Those of them who do not watch, as a studio. */
  readonly unwatching: ReadonlySet<Reader>;
  /** The last number that is known here. */
  seq: number;
  /** How many have come, ever. */
  readonly joined: number;
  /** What they are sent next, by number. */
  readonly pending: Envelope[];
};

type Kept<Reader> = Audience<Reader> & {
  readonly readers: Set<Reader>;
  readonly unwatching: Set<Reader>;
  joined: number;
  readonly unfollow: (() => void) | undefined;
};

/** Feeds that have readers in this process. */
export class Audiences<Reader> {
  readonly #all = new Map<string, Kept<Reader>>();
  readonly #follow: ((feed: FeedId) => () => void) | undefined;

  /** `follow` is called when a feed has its first reader, and its answer when that has no more. */
  constructor(follow: ((feed: FeedId) => () => void) | undefined) {
    this.#follow = follow;
  }

  of(feed: FeedId): Audience<Reader> | undefined {
    return this.#all.get(feedKey(feed));
  }

  all(): Iterable<Audience<Reader>> {
    return this.#all.values();
  }

  *readers(): Iterable<Reader> {
    for (const { readers } of this.#all.values()) yield* readers;
  }

  join(feed: FeedId, reader: Reader, watches = true): Audience<Reader> {
    const key = feedKey(feed);
    let audience = this.#all.get(key);
    if (audience === undefined) {
      const unfollow = this.#follow?.(feed);
      audience = {
        ...{ feed, readers: new Set(), unwatching: new Set() },
        ...{ seq: 0, joined: 0, pending: [], unfollow },
      };
      this.#all.set(key, audience);
    }
    audience.readers.add(reader);
    if (!watches) audience.unwatching.add(reader);
    audience.joined += 1;
    return audience;
  }

  leave(feed: FeedId, reader: Reader): void {
    const key = feedKey(feed);
    const audience = this.#all.get(key);
    audience?.unwatching.delete(reader);
    if (audience?.readers.delete(reader) !== true || audience.readers.size > 0) return;
    this.#all.delete(key);
    audience.unfollow?.();
  }
}
