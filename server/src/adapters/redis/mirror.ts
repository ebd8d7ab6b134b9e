import {
  type ChannelId,
  formatOriginEvent,
  ORIGIN_EVENTS_TOPIC,
  type OriginEvent,
  parseLivePath,
  type SegmentId,
} from '@shoal/protocol';
import {
  type ChannelAbout,
  ChannelMirror,
  type LiveObject,
  type MirrorLimits,
  type MirrorWrite,
  type ObjectStore,
  ORIGIN_LIMITS,
} from '../../core/index.ts';
import { type TellReport } from '../http/channel-report.ts';
import { ABOUT, KEYS, PLACE, TOPICS } from './keys.ts';
import { redisReason } from './redis-reason.ts';
import { formatAbout, formatField, formatMessage, formatPlace } from './messages.ts';
import { answered, type LinkLog, QUIET, type RedisConnection, RedisLink } from './redis-link.ts';
import { type ServedTotal, ServedTotals } from './served-totals.ts';
import { WantedLists } from './wanted-lists.ts';

/** What a mirror needs of the rest of the origin. */
export type MirrorPorts = {
  readonly now: () => number;
  readonly about: (channel: ChannelId) => ChannelAbout;
  /** A playlist that is made when somebody asks for it; undefined where there is none. */
  readonly onDemand: (path: string) => LiveObject | undefined;
  /** What the status API tells, and how what others served gets into it. */
  readonly report: TellReport;
  readonly served: (channel: ChannelId, id: SegmentId, total: ServedTotal) => void;
};

/** Where to mirror what, and bounds of it. */
export type MirrorOptions = {
  readonly url: string;
  readonly channels: readonly ChannelId[];
  readonly log: LinkLog;
  readonly limits?: Partial<MirrorLimits>;
};

/** What delivery processes tell of a channel, beside its status. */
const REPORTED = ['delivery', 'recordings', 'jobs', 'health', 'playback'] as const;
const NOTHING = new Uint8Array(0);

/**
 * Writes what is live into Redis, where delivery processes read it, and tells them of playlists at once. The origin never waits for it:
 * while Redis is away, or slower than the broadcast, nothing grows here, and when it is back all that there is is written (ORG-31,
 * ORG-32). Events go to trackers by the same connection, after the media that they are about.
 */
export class Mirror {
  readonly #ports: MirrorPorts;
  readonly #log: LinkLog;
  readonly #link: RedisLink;
  readonly #listener: RedisLink;
  readonly #channels = new Map<ChannelId, ChannelMirror>();
  readonly #limits: Partial<MirrorLimits> | undefined;
  readonly #wanted: WantedLists;
  readonly #totals: ServedTotals;
  readonly #run: number;
  /** Of which something may have to be written. */
  readonly #due = new Set<ChannelId>();
  #scheduled = false;
  #working = false;
  #refused = false;
  #retryAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ url, channels, log, limits }: MirrorOptions, ports: MirrorPorts) {
    this.#ports = ports;
    this.#log = log;
    this.#run = ports.now();
    this.#limits = limits;
    for (const channel of channels) this.#channels.set(channel, new ChannelMirror(limits));
    this.#wanted = new WantedLists(ports);
    this.#totals = new ServedTotals({
      delivery: (channel) => ports.report(channel, 'delivery'),
      served: ports.served,
    });
    this.#link = new RedisLink(url, log, {
      onUp: () => {
        this.#lose();
        this.#scheduleAll();
      },
      onDown: () => {
        this.#lose();
      },
    });
    this.#listener = new RedisLink(url, QUIET, {
      onUp: (client) => {
        client
          .subscribe(TOPICS.wanted, (path) => {
            this.#want(path);
          })
          .catch((error: unknown) => {
            this.#listener.fail(client, String(error));
          });
      },
    });
  }

  /** Begins; resolves at once, whether Redis is there or not. */
  start(): void {
    this.#link.start();
    this.#listener.start();
    this.#timer = setInterval(() => {
      this.#beat();
    }, ORIGIN_LIMITS.mirrorBeatMs);
  }

  /** Takes in one more channel. */
  add(channel: ChannelId): void {
    this.#channels.set(channel, new ChannelMirror(this.#limits));
    this.#schedule(channel);
  }

  /** Takes away all that it has of a channel; what cannot be reached now expires by itself. */
  remove(channel: ChannelId): void {
    this.#channels.delete(channel);
    this.#due.delete(channel);
    const all = [KEYS.media, KEYS.lists, KEYS.reports, KEYS.served].map((key) => key(channel));
    const removing = this.#link.client?.multi().del(all).zRem(KEYS.channels, channel).exec();
    removing?.catch(() => undefined);
  }

  /** Whether all that there was has been written. */
  get idle(): boolean {
    const all = [...this.#channels.values()];
    return !this.#working && all.every(({ synced, waiting }) => synced && waiting === 0);
  }

  /** The same store, whose changes are mirrored. */
  over(store: ObjectStore): ObjectStore {
    return {
      get: store.get,
      put: (path, object) => {
        store.put(path, object);
        this.#change(path, (channel) => {
          channel.put(path, object);
        });
      },
      delete: (path) => {
        store.delete(path);
        this.#change(path, (channel) => {
          channel.delete(path);
        });
      },
    };
  }

  /** Tells trackers. */
  publish(event: OriginEvent): void {
    this.#channels.get(event.channel)?.event(event);
    this.#schedule(event.channel);
  }

  /** Writes what waits, within a second, and stops. What is there expires by itself, since viewers may play it to its end. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const until = performance.now() + 1_000;
    while (this.#link.client !== undefined && !this.idle && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
    this.#link.close();
    this.#listener.close();
  }

  #change(path: string, how: (channel: ChannelMirror) => void): void {
    const live = parseLivePath(path);
    const channel = live.ok ? this.#channels.get(live.value.channel) : undefined;
    if (!live.ok || channel === undefined) return;
    how(channel);
    this.#schedule(live.value.channel);
  }

  #scheduleAll(): void {
    for (const id of this.#channels.keys()) this.#schedule(id);
  }

  #lose(): void {
    for (const channel of this.#channels.values()) channel.lose();
  }

  /** All that one input of a channel changes is written together. */
  #schedule(id: ChannelId): void {
    this.#due.add(id);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    const client = this.#link.client;
    if (this.#working || client === undefined || this.#ports.now() < this.#retryAt) return;
    this.#working = true;
    try {
      // What is due meanwhile is at the end.
      for (const id of this.#due) await this.#writeAll(client, id);
      if (this.#refused) this.#log.info('Redis takes what is live again');
      this.#refused = false;
    } catch (error) {
      this.#failed(client, error);
    } finally {
      this.#working = false;
    }
  }

  async #writeAll(client: RedisConnection, id: ChannelId): Promise<void> {
    const channel = this.#channels.get(id);
    this.#due.delete(id);
    if (channel === undefined) return;
    if (!channel.synced) await this.#begin(client, id, channel);
    channel.about(formatAbout(this.#ports.about(id)));
    for (let writes = channel.take(); writes.length > 0; writes = channel.take())
      await this.#write(client, id, writes);
  }

  /** Looks what is there, and has the rest written. */
  async #begin(client: RedisConnection, id: ChannelId, channel: ChannelMirror): Promise<void> {
    const [media, lists] = await answered(
      Promise.all([client.hKeys(KEYS.media(id)), client.hKeys(KEYS.lists(id))]),
      ORIGIN_LIMITS.redisWriteMs,
    );
    const paths = lists.filter((field) => field !== ABOUT && field !== PLACE);
    channel.begin(new Set([...media, ...paths]), this.#ports.now());
  }

  async #write(
    client: RedisConnection,
    id: ChannelId,
    writes: readonly MirrorWrite[],
  ): Promise<void> {
    const [media, lists] = [KEYS.media(id), KEYS.lists(id)];
    const all = client.multi();
    for (const write of writes) {
      switch (write.type) {
        case 'media':
          all.hSet(media, write.path, bufferOf(write.bytes));
          break;
        case 'drop-media':
          all.hDel(media, write.path);
          break;
        case 'list': {
          const { path, list, seq } = write;
          const place = { run: this.#run, seq };
          const here = formatField(list === undefined ? { type: 'gone' } : fieldOf(list));
          const large = here.length > ORIGIN_LIMITS.mirrorListBytes;
          const field = large ? formatField({ type: 'large' }) : here;
          if (large) all.hSet(media, path, here);
          else if (list === undefined) all.hDel(media, path);
          all.hSet(lists, { [path]: field, [PLACE]: formatPlace(place) });
          all.publish(TOPICS.lists(id), formatMessage(place, { path, list: field }));
          break;
        }
        case 'about': {
          const place = { run: this.#run, seq: write.seq };
          all.hSet(lists, { [ABOUT]: write.text, [PLACE]: formatPlace(place) });
          all.publish(TOPICS.lists(id), formatMessage(place, { about: write.text }));
          break;
        }
        case 'event':
          all.publish(ORIGIN_EVENTS_TOPIC, formatOriginEvent(write.event));
          break;
      }
    }
    for (const key of [media, lists]) all.pExpire(key, ORIGIN_LIMITS.mirrorKeepMs);
    await answered(all.exec(), ORIGIN_LIMITS.redisWriteMs);
  }

  #failed(client: RedisConnection, error: unknown): void {
    const reason = redisReason(error);
    if (client !== this.#link.client) return;
    // It is not known what of it was written, or it was refused, as by a Redis that is full.
    this.#lose();
    if (!this.#refused) this.#log.warn({ reason }, 'Redis does not take what is live');
    this.#refused = true;
    this.#retryAt = this.#ports.now() + ORIGIN_LIMITS.mirrorBeatMs / 2;
    if (reason.includes('does not answer')) this.#link.fail(client, reason);
  }

  /** Says that the channels are there, does what is due, and finds out whether Redis has lost them. */
  #beat(): void {
    const now = this.#ports.now();
    for (const [id, channel] of this.#channels) {
      channel.tick(now);
      for (const { path, list } of this.#wanted.changed(id, now)) this.#putList(path, list);
    }
    this.#scheduleAll();
    const client = this.#link.client;
    if (client === undefined || this.#working) return;
    for (const [id, channel] of this.#channels)
      if (channel.synced && channel.seq > 0)
        this.#say(client, id, channel).catch((error: unknown) => {
          this.#failed(client, error);
        });
  }

  async #say(client: RedisConnection, id: ChannelId, channel: ChannelMirror): Promise<void> {
    const now = this.#ports.now();
    const told = REPORTED.map((field) => [field, JSON.stringify(this.#ports.report(id, field))]);
    const replies = await answered(
      client
        .multi()
        .pExpire(KEYS.lists(id), ORIGIN_LIMITS.mirrorKeepMs)
        .pExpire(KEYS.media(id), ORIGIN_LIMITS.mirrorKeepMs)
        .publish(TOPICS.lists(id), formatMessage({ run: this.#run, seq: channel.seq }))
        .zAdd(KEYS.channels, { score: now, value: id })
        .pExpire(KEYS.channels, ORIGIN_LIMITS.mirrorKeepMs)
        .zRemRangeByScore(KEYS.channels, '-inf', now - CHANNEL_FORGOTTEN_MS)
        .hSet(KEYS.reports(id), Object.fromEntries(told) as Record<string, string>)
        .pExpire(KEYS.reports(id), ORIGIN_LIMITS.mirrorKeepMs)
        .hGetAll(KEYS.served(id))
        .exec(),
      ORIGIN_LIMITS.redisWriteMs,
    );
    const [lists, media] = replies as readonly unknown[];
    // Somebody has emptied it without a word.
    if (lists === 0 || (media === 0 && channel.hasMedia)) {
      channel.lose();
      this.#schedule(id);
    }
    const gone = this.#totals.take(id, replies.at(-1));
    if (gone.length > 0) await client.hDel(KEYS.served(id), gone);
  }

  #want(path: string): void {
    const live = parseLivePath(path);
    if (!live.ok || !this.#channels.has(live.value.channel)) return;
    const found = this.#wanted.want(live.value, path);
    if (found !== undefined) this.#putList(path, found.list);
  }

  #putList(path: string, list: LiveObject | undefined): void {
    this.#change(path, (channel) => {
      // One that never was there is taken away too: whoever wants it waits for an answer.
      channel.put(path, list ?? NO_LIST);
      if (list === undefined) channel.delete(path);
    });
  }
}

/** A day; clocks of machines may differ. */
const CHANNEL_FORGOTTEN_MS = 86_400_000;
const NO_LIST: LiveObject = { bytes: NOTHING, contentType: '', etag: '', cacheControl: '' };

function fieldOf(object: LiveObject): { readonly type: 'here'; readonly object: LiveObject } {
  return { type: 'here', object };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
