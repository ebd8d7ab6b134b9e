import { type ChannelId, parseChannelId } from '@shoal/protocol';
import { type ChannelStatus, ORIGIN_LIMITS } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { type ChannelReport } from '../http/channel-report.ts';
import { ABOUT, KEYS } from './keys.ts';
import { parseAbout } from './messages.ts';
import { answered, type RedisConnection } from './redis-link.ts';

/** How long an answer is given again. */
const SAME_MS = 500;

/** What the status API of a delivery process tells: what the origins say, read at most twice a second however many ask. */
export class ChannelReports {
  readonly #client: () => RedisConnection | undefined;
  readonly #now: () => number;
  #channels: { readonly at: number; readonly all: Promise<readonly ChannelStatus[]> } | undefined;

  constructor(client: () => RedisConnection | undefined, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** All channels that have an origin. Rejects with an `OriginError` (`redis`). */
  channels(): Promise<readonly ChannelStatus[]> {
    const now = this.#now();
    const last = this.#channels;
    if (last !== undefined && now - last.at < SAME_MS) return last.all;
    const all = this.#read();
    this.#channels = { at: now, all };
    return all;
  }

  /** Rejects with an `OriginError` (`redis`), also where the origin has not said yet. */
  async report<Field extends keyof ChannelReport>(
    channel: ChannelId,
    field: Field,
  ): Promise<ChannelReport[Field]> {
    const text = await this.#answer(this.#ready().hGet(KEYS.reports(channel), field));
    if (text === null) throw new OriginError('redis', `the origin has not told its ${field}`);
    // An origin of the same version wrote it, and it is only shown.
    return JSON.parse(text) as ChannelReport[Field];
  }

  async #read(): Promise<readonly ChannelStatus[]> {
    const client = this.#ready();
    // Those that were heard of last, in the order of their names.
    const newest = client.zRange(KEYS.channels, -ORIGIN_LIMITS.channels, -1);
    const names = (await this.#answer(newest)).sort();
    const read = names.flatMap((name) => {
      const channel = parseChannelId(name);
      return channel.ok ? [client.hGet(KEYS.lists(channel.value), ABOUT)] : [];
    });
    const abouts = await this.#answer(Promise.all(read));
    return abouts.flatMap((text) => parseAbout(text ?? '')?.status ?? []);
  }

  #answer<T>(reading: Promise<T>): Promise<T> {
    return answered(reading, ORIGIN_LIMITS.redisReadMs).catch((cause: unknown) => {
      if (cause instanceof OriginError) throw cause;
      throw new OriginError('redis', 'Redis cannot be read', { cause });
    });
  }

  #ready(): RedisConnection {
    const client = this.#client();
    if (client === undefined) throw new OriginError('redis', 'Redis cannot be reached');
    return client;
  }
}
