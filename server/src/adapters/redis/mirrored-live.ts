import { type LivePath } from '@shoal/protocol';
import { isToCome, type ListPath, type LiveObject, ORIGIN_LIMITS } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { FollowedChannels } from './followed-channels.ts';
import { TOPICS } from './keys.ts';
import { type MediaPath, MediaReader, type MediaReaderLimits } from './media-reader.ts';
import { parseList } from './messages.ts';
import { type LinkLog, type RedisConnection, RedisLink } from './redis-link.ts';

/** Where an origin mirrors what is live. */
export type MirroredLiveOptions = {
  readonly url: string;
  readonly log: LinkLog;
  readonly now: () => number;
  /** The playlist under a path is another one, or gone. */
  readonly onPlaylist: (path: string) => void;
  readonly limits?: Partial<MediaReaderLimits>;
};

/** How long somebody waits for a playlist that is mirrored only since then. */
const WANTED_WAIT_MS = 2_000;
/** How often the origin is told that it still is wanted. */
const WANTED_AGAIN_MS = ORIGIN_LIMITS.mirrorWantedMs / 3;

/** What an origin mirrors, as a delivery process serves it: what is in memory at once, all else after it was brought (ORG-33). */
export class MirroredLive {
  readonly #options: MirroredLiveOptions;
  readonly #link: RedisLink;
  readonly #channels: FollowedChannels;
  readonly #media: MediaReader;
  readonly #wanted = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #bringing = new Map<string, Promise<undefined>>();
  #lostAt: number;

  constructor(options: MirroredLiveOptions) {
    const { url, log, now, limits } = options;
    this.#options = options;
    this.#lostAt = -Infinity;
    const client = (): RedisConnection | undefined => this.#link.client;
    this.#media = new MediaReader(client, limits);
    this.#channels = new FollowedChannels(url, {
      now,
      client,
      onPlaylist: (path) => {
        for (const wake of this.#waiting.get(path) ?? []) wake();
        options.onPlaylist(path);
      },
    });
    this.#link = new RedisLink(url, log, {
      onUp: () => {
        this.#channels.onUp();
      },
      onDown: () => {
        this.#lostAt = now();
        this.#channels.onDown();
      },
    });
  }

  /** Begins to connect; resolves at once, whether Redis is there or not. */
  start(): void {
    this.#link.start();
    this.#channels.start();
  }

  close(): void {
    this.#channels.close();
    this.#link.close();
  }

  /** The connection, for what else is asked of Redis. */
  get client(): RedisConnection | undefined {
    return this.#link.client;
  }

  /** Bytes of media in memory. */
  get bytes(): number {
    return this.#media.bytes;
  }

  /** Whether Redis is there, or was so shortly ago that playlists may still be true. */
  get ready(): boolean {
    if (this.#link.client !== undefined) return true;
    return this.#options.now() - this.#lostAt < ORIGIN_LIMITS.deliveryListsMs;
  }

  /** What is in memory under a path, and may be true. */
  get(path: string, live: LivePath): LiveObject | undefined {
    switch (live.type) {
      case 'playlist':
      case 'multivariant': {
        const list = this.#channels.list(live.channel, path);
        if (list !== undefined && live.recording === 'dvr') this.#want(path);
        return list?.type === 'here' ? list.object : undefined;
      }
      case 'recordings':
      case 'product':
        return undefined;
      default:
        return this.#media.get(path);
    }
  }

  /** Whether a playlist that is not there is one that the channel makes while it is live. */
  expects(live: ListPath): boolean {
    const about = this.#channels.about(live.channel);
    return about !== undefined && isToCome(live, about);
  }

  /**
   * Looks for what is not in memory; undefined where that is of no use, since it is known that there is nothing. Resolves with media, and
   * when a playlist can be had by {@link get} if there is one. Rejects with an `OriginError` (`redis`) when it cannot be known.
   */
  bring(path: string, live: LivePath): Promise<LiveObject | undefined> | undefined {
    // They are in a store.
    if (live.type === 'recordings' || live.type === 'product') return undefined;
    if (live.type !== 'playlist' && live.type !== 'multivariant')
      return this.#bringMedia(path, live);
    // Playlists of broadcasts that are over are in a store.
    if (typeof live.recording === 'number') return undefined;
    if (this.#channels.knows(live.channel) && !this.#isElsewhere(path, live)) return undefined;
    const under = this.#bringing.get(path);
    if (under !== undefined) return under;
    const bringing = this.#bringList(path, live).finally(() => this.#bringing.delete(path));
    this.#bringing.set(path, bringing);
    return bringing;
  }

  async #bringMedia(path: string, live: MediaPath): Promise<LiveObject | undefined> {
    const read = await this.#media.read(path, live);
    if (read !== 'unknown') return read;
    // Nothing is known of the channel: a Redis that was emptied, or no channel.
    if (this.#channels.settling || (await this.#channels.follow(live.channel)) === 'unknown')
      throw new OriginError('redis', 'nothing is known of the channel yet');
    return undefined;
  }

  async #bringList(path: string, live: ListPath): Promise<undefined> {
    const { channel } = live;
    const found = await this.#channels.follow(channel);
    if (found === 'unknown') throw new OriginError('redis', 'nothing is known of the channel yet');
    if (found === 'none') return;
    if (live.recording === 'dvr') await this.#wanting(path, live);
    const list = this.#channels.list(channel, path);
    if (list?.type !== 'large') return;
    const object = parseList((await this.#media.readList(path, channel)) ?? '');
    if (object !== undefined) this.#channels.keep({ channel, path }, list, object);
  }

  /** Whether more can be found out of a playlist of a channel that is followed. */
  #isElsewhere(path: string, live: ListPath): boolean {
    const list = this.#channels.list(live.channel, path);
    if (list?.type === 'large') return true;
    const recorded = this.#channels.about(live.channel)?.recorded === true;
    return live.recording === 'dvr' && recorded && list?.type !== 'here';
  }

  /** Has the origin mirror a playlist, and waits for it where it is not there yet. */
  async #wanting(path: string, live: ListPath): Promise<void> {
    if (this.#channels.about(live.channel)?.recorded !== true) return;
    const list = this.#channels.list(live.channel, path);
    const answer = this.#answer(path);
    this.#want(path, list?.type === 'here' || list?.type === 'large' ? undefined : 'now');
    if (list?.type === 'here' || list?.type === 'large') answer.leave();
    else if (!(await answer.came))
      throw new OriginError('redis', 'the origin does not say what was on');
  }

  /** Waits for word of a playlist. */
  #answer(path: string): { readonly came: Promise<boolean>; readonly leave: () => void } {
    const waiting = this.#waiting.get(path) ?? new Set();
    this.#waiting.set(path, waiting);
    let leave = (): void => undefined;
    const came = new Promise<boolean>((resolve) => {
      const end = (answered: boolean) => (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiting.delete(path);
        resolve(answered);
      };
      const wake = end(true);
      leave = end(false);
      const timer = setTimeout(leave, WANTED_WAIT_MS);
      waiting.add(wake);
    });
    return { came, leave };
  }

  /** Tells the origin that somebody wants a playlist; not more often than it must be, unless it is `now`. */
  #want(path: string, when?: 'now'): void {
    const now = this.#options.now();
    if (when === undefined && now - (this.#wanted.get(path) ?? -Infinity) < WANTED_AGAIN_MS) return;
    this.#wanted.delete(path);
    this.#wanted.set(path, now);
    for (const [oldest, at] of this.#wanted) {
      if (now - at < WANTED_AGAIN_MS) break;
      this.#wanted.delete(oldest);
    }
    this.#link.client?.publish(TOPICS.wanted, path).catch(() => undefined);
  }
}
