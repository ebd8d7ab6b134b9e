import { type ChannelId } from '@shoal/protocol';
import { FEED_LIMITS, ORIGIN_LIMITS } from '../../core/index.ts';
import { answered, type RedisConnection } from './redis-link.ts';

/** Processes that are asked at most. */
const PROCESSES = 256;

/** How many readers each process of a service has of each channel, in Redis. */
export class ViewerRegistry {
  readonly #client: () => RedisConnection | undefined;
  readonly #process: string;
  /** Set of processes, some of which may be gone. */
  readonly #processes: string;

  /** `process` is other than that of every other process, `service` that of their database. */
  constructor(
    client: () => RedisConnection | undefined,
    { service, process }: { readonly service: string; readonly process: string },
  ) {
    this.#client = client;
    this.#process = process;
    this.#processes = `shoal:service:viewers:${service}`;
  }

  /**
   * Says how many readers this process has of each channel, and answers how many others have of those. Rejects where Redis does not
   * answer; undefined where there is none.
   */
  async exchange(
    here: ReadonlyMap<ChannelId, number>,
  ): Promise<ReadonlyMap<ChannelId, number> | undefined> {
    const client = this.#client();
    if (client === undefined) return undefined;
    return answered(this.#exchange(client, here), ORIGIN_LIMITS.redisReadMs);
  }

  /** Takes back what was said, so that the others need not wait until it expires. */
  async leave(): Promise<void> {
    const client = this.#client();
    if (client !== undefined) await answered(this.#leave(client), ORIGIN_LIMITS.redisReadMs);
  }

  async #exchange(
    client: RedisConnection,
    here: ReadonlyMap<ChannelId, number>,
  ): Promise<ReadonlyMap<ChannelId, number>> {
    if (here.size === 0) {
      await this.#leave(client);
      return new Map();
    }
    const own = this.#of(this.#process);
    const counts = Object.fromEntries([...here].map(([channel, count]) => [channel, `${count}`]));
    const [, , , , processes] = await client
      .multi()
      .del(own)
      .hSet(own, counts)
      .pExpire(own, FEED_LIMITS.viewersExpireMs)
      .sAdd(this.#processes, this.#process)
      .sMembers(this.#processes)
      .execTyped();
    const others = processes.filter((process) => process !== this.#process).slice(0, PROCESSES);
    const channels = [...here.keys()];
    const sums = new Map<ChannelId, number>();
    const gone: string[] = [];
    await Promise.all(
      others.map(async (process) => {
        const key = this.#of(process);
        const [there, values] = await Promise.all([
          client.exists(key),
          client.hmGet(key, channels),
        ]);
        if (there === 0) gone.push(process);
        for (const [i, channel] of channels.entries()) {
          const count = Number(values[i] ?? 0);
          if (count > 0) sums.set(channel, (sums.get(channel) ?? 0) + count);
        }
      }),
    );
    if (gone.length > 0) await client.sRem(this.#processes, gone);
    return sums;
  }

  /** Hash: readers by channel; expires when the process no longer writes it. */
  #of(process: string): string {
    return `${this.#processes}:${process}`;
  }

  async #leave(client: RedisConnection): Promise<void> {
    await client.multi().del(this.#of(this.#process)).sRem(this.#processes, this.#process).exec();
  }
}
