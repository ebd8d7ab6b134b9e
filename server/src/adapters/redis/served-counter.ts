import { type ChannelId, type SegmentId } from '@shoal/protocol';
import { ORIGIN_LIMITS, ServedCounts } from '../../core/index.ts';
import { KEYS } from './keys.ts';
import { answered, type RedisConnection } from './redis-link.ts';

const TELL_MS = 1_000;
/** Longer than a segment is counted. */
const KEEP_MS = 3_600_000;

/** Adds what this process serves to what the others do, once a second; while Redis is away it is kept, within a limit. */
export class ServedCounter {
  readonly #client: () => RedisConnection | undefined;
  readonly #counts: ServedCounts = new ServedCounts();
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(client: () => RedisConnection | undefined) {
    this.#client = client;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#telling = this.#tell();
    }, TELL_MS);
  }

  /** Tells the rest. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
    await this.#tell();
  }

  /** Counts a response that is over. */
  served(channel: ChannelId, id: SegmentId, bytes: number): void {
    this.#counts.served(channel, id, bytes);
  }

  async #tell(): Promise<void> {
    const client = this.#client();
    if (client === undefined) return;
    const counts = this.#counts.take();
    if (counts.length === 0) return;
    const all = client.multi();
    for (const { channel, segment, bytes, requests } of counts) {
      all.hIncrBy(KEYS.served(channel), `${segment} bytes`, bytes);
      all.hIncrBy(KEYS.served(channel), `${segment} requests`, requests);
    }
    for (const channel of new Set(counts.map((count) => count.channel)))
      all.pExpire(KEYS.served(channel), KEEP_MS);
    // Told twice would be worse than not at all: it is not known whether what failed was counted.
    await answered(all.exec(), ORIGIN_LIMITS.redisWriteMs).catch(() => undefined);
  }
}
