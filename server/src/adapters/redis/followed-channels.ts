import { type ChannelId } from '@shoal/protocol';
import {
  type ChannelAbout,
  ChannelView,
  type LiveObject,
  type MirroredList,
  ORIGIN_LIMITS,
  type ViewSnapshot,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { ABOUT, KEYS, PLACE, TOPICS } from './keys.ts';
import { redisReason } from './redis-reason.ts';
import { parseAbout, parseField, parseMessage, parsePlace } from './messages.ts';
import { answered, QUIET, type RedisConnection, RedisLink } from './redis-link.ts';

/** What following channels needs of the rest. */
export type FollowPorts = {
  readonly now: () => number;
  readonly client: () => RedisConnection | undefined;
  /** The playlist under a path is another one, or gone. */
  readonly onPlaylist: (path: string) => void;
};

/** A channel that somebody watches. */
type Followed = {
  readonly view: ChannelView;
  /** When it was last known that the view is all that there is, Unix milliseconds. */
  heardAt: number;
  askedAt: number;
  reading: Promise<unknown> | undefined;
};

/** A channel that is not there; `unknown`: nothing is known of it yet. */
export type NotThere = 'none' | 'unknown';

const UNHEARD_MS = 2.5 * ORIGIN_LIMITS.mirrorBeatMs;
const SWEEP_MS = 1_000;

/**
 * The playlists of channels as their origin tells them, of those that somebody asks for: read once, and then kept up by messages. After
 * anything that may have been missed they are read anew.
 */
export class FollowedChannels {
  readonly #ports: FollowPorts;
  readonly #listener: RedisLink;
  readonly #followed = new Map<ChannelId, Followed>();
  readonly #beginning = new Map<ChannelId, Promise<Followed | NotThere>>();
  #sweep: NodeJS.Timeout | undefined;
  #upAt = Infinity;

  constructor(url: string, ports: FollowPorts) {
    this.#ports = ports;
    this.#listener = new RedisLink(url, QUIET, {
      onUp: (client) => {
        for (const channel of this.#followed.keys()) void this.#subscribe(client, channel);
        this.readAll();
      },
    });
  }

  start(): void {
    this.#listener.start();
    this.#sweep = setInterval(() => {
      this.#tick();
    }, SWEEP_MS);
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#listener.close();
  }

  /** There is a connection again for reading. */
  onUp(): void {
    this.#upAt = this.#ports.now();
    this.readAll();
  }

  /** There is none any more. */
  onDown(): void {
    this.#upAt = Infinity;
  }

  /** Reads everything that is followed anew. */
  readAll(): void {
    for (const [channel, followed] of this.#followed) void this.#refresh(channel, followed);
  }

  /** What is known of a channel that is followed, while that may be true. */
  about(channel: ChannelId): ChannelAbout | undefined {
    return this.#true(channel)?.view.about;
  }

  /** The playlist under a path, or its mark, of a channel that is followed, while it may be true. */
  list(channel: ChannelId, path: string): MirroredList | undefined {
    return this.#true(channel)?.view.list(path);
  }

  /** Whether what is known of a channel may be true. */
  knows(channel: ChannelId): boolean {
    return this.#true(channel) !== undefined;
  }

  /** Whether a channel that is not there may be so only because its origin has not written it again yet. */
  get settling(): boolean {
    return this.#ports.now() - this.#upAt < ORIGIN_LIMITS.deliverySettleMs;
  }

  /**
   * Follows a channel from now on; those who ask at the same time ask once. Rejects with an `OriginError` (`redis`) when what was known
   * of it may no longer be true, and nothing else can be found out.
   */
  async follow(channel: ChannelId): Promise<'there' | NotThere> {
    if (this.#true(channel) !== undefined) return 'there';
    const followed = this.#followed.get(channel);
    if (followed !== undefined) {
      await this.#refresh(channel, followed);
      if (this.#true(channel) !== undefined) return 'there';
      throw new OriginError('redis', 'it is not known whether this is still true');
    }
    let beginning = this.#beginning.get(channel);
    if (beginning === undefined) {
      if (this.#beginning.size >= ORIGIN_LIMITS.deliveryReads)
        throw new OriginError('redis', 'too many ask for channels');
      beginning = this.#begin(channel).finally(() => this.#beginning.delete(channel));
      this.#beginning.set(channel, beginning);
    }
    const begun = await beginning;
    return typeof begun === 'string' ? begun : 'there';
  }

  /** Puts a large playlist that was read into its place, unless there is another one meanwhile. */
  keep(
    { channel, path }: { readonly channel: ChannelId; readonly path: string },
    large: MirroredList,
    object: LiveObject,
  ): void {
    this.#followed.get(channel)?.view.keep(path, large, object);
  }

  #true(channel: ChannelId): Followed | undefined {
    const followed = this.#followed.get(channel);
    if (followed === undefined) return undefined;
    const now = this.#ports.now();
    followed.askedAt = now;
    const targetMs = followed.view.about.status.targetDurationMs ?? 0;
    const staleMs = Math.max(ORIGIN_LIMITS.deliveryListsMs, 3 * targetMs);
    return now - followed.heardAt > staleMs ? undefined : followed;
  }

  async #begin(channel: ChannelId): Promise<Followed | NotThere> {
    // Names that nobody knows are not listened for.
    if ((await this.#snapshot(channel)) === undefined) return this.settling ? 'unknown' : 'none';
    const listener = this.#listener.client;
    if (listener !== undefined) await this.#subscribe(listener, channel);
    const snapshot = await this.#snapshot(channel);
    if (snapshot === undefined) {
      this.#unsubscribe(channel);
      return 'unknown';
    }
    const now = this.#ports.now();
    const view = new ChannelView(snapshot);
    const followed: Followed = { view, heardAt: now, askedAt: now, reading: undefined };
    if (this.#followed.size >= ORIGIN_LIMITS.channels) this.#leaveOldest();
    this.#followed.set(channel, followed);
    // What was told between the reading and this moment was not taken in.
    void this.#refresh(channel, followed);
    return followed;
  }

  async #subscribe(listener: RedisConnection, channel: ChannelId): Promise<void> {
    try {
      const hear = (text: string): void => {
        this.#hear(channel, text);
      };
      const subscribing = listener.subscribe(TOPICS.lists(channel), hear);
      await answered(subscribing, ORIGIN_LIMITS.redisReadMs);
    } catch (error) {
      this.#listener.fail(listener, redisReason(error));
    }
  }

  #hear(channel: ChannelId, text: string): void {
    const followed = this.#followed.get(channel);
    const message = parseMessage(text);
    if (followed === undefined || message === undefined) return;
    const heard = followed.view.hear(message);
    if (heard === 'missed') {
      void this.#refresh(channel, followed);
      return;
    }
    followed.heardAt = this.#ports.now();
    for (const path of heard.paths) this.#ports.onPlaylist(path);
  }

  /** Reads anew; one reading at a time. */
  #refresh(channel: ChannelId, followed: Followed): Promise<unknown> {
    return (followed.reading ??= this.#readAgain(channel, followed).finally(() => {
      followed.reading = undefined;
    }));
  }

  async #readAgain(channel: ChannelId, followed: Followed): Promise<void> {
    const snapshot = await this.#snapshot(channel).catch(() => 'unread' as const);
    if (snapshot === 'unread') return;
    const now = this.#ports.now();
    if (snapshot === undefined) {
      // Its origin may write it again; one that has been away so long is no more.
      const gone = now - followed.heardAt > ORIGIN_LIMITS.deliveryFollowMs && !this.settling;
      if (gone && this.#followed.get(channel) === followed) this.#leave(channel);
      return;
    }
    followed.heardAt = now;
    for (const path of followed.view.replace(snapshot)) this.#ports.onPlaylist(path);
  }

  /** Undefined where there is none; rejects with an `OriginError` (`redis`). */
  async #snapshot(channel: ChannelId): Promise<ViewSnapshot | undefined> {
    const client = this.#ports.client();
    if (client === undefined) throw new OriginError('redis', 'Redis cannot be reached');
    const reading = client.hGetAll(KEYS.lists(channel));
    const fields = Object.entries(await answered(reading, ORIGIN_LIMITS.redisReadMs));
    const named = new Map(fields);
    const about = parseAbout(named.get(ABOUT) ?? '');
    const place = parsePlace(named.get(PLACE) ?? '');
    if (about === undefined || place === undefined) return undefined;
    const lists = fields.flatMap(([path, text]): [string, MirroredList][] => {
      const list = path.startsWith('/') ? parseField(text) : undefined;
      return list === undefined ? [] : [[path, list]];
    });
    return { ...place, about, lists: new Map(lists) };
  }

  /** Channels that nobody asks for are left; those of which nothing was heard are read, whether they still are there. */
  #tick(): void {
    const now = this.#ports.now();
    const deaf = this.#listener.client === undefined;
    for (const [channel, followed] of this.#followed) {
      if (now - followed.askedAt > ORIGIN_LIMITS.deliveryFollowMs) this.#leave(channel);
      else if (deaf || now - followed.heardAt > UNHEARD_MS) void this.#refresh(channel, followed);
    }
  }

  #leaveOldest(): void {
    const all = [...this.#followed].sort(([, a], [, b]) => a.askedAt - b.askedAt);
    const [oldest] = all[0] ?? [];
    if (oldest !== undefined) this.#leave(oldest);
  }

  #leave(channel: ChannelId): void {
    this.#followed.delete(channel);
    this.#unsubscribe(channel);
  }

  #unsubscribe(channel: ChannelId): void {
    this.#listener.client?.unsubscribe(TOPICS.lists(channel)).catch(() => undefined);
  }
}
