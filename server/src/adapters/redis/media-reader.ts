import { type LivePath, type ChannelId } from '@shoal/protocol';
import { HotFiles, type LiveObject, ORIGIN_LIMITS } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { immutableObject } from '../channel/live-objects.ts';
import { KEYS } from './keys.ts';
import { answered, type RedisConnection } from './redis-link.ts';

/** What never changes under its path. */
export type MediaPath = Extract<
  LivePath,
  { readonly type: 'segment' | 'part' | 'init' | 'digests' }
>;

/** Bounds of what is kept, and read at a time. Default of each: the one of `ORIGIN_LIMITS`. */
export type MediaReaderLimits = {
  readonly deliveryCacheBytes: number;
  readonly deliveryReads: number;
};

/** What is in Redis under a path; `unknown`: nothing, nor anything else of its channel, so that it may only not be there yet. */
export type MediaRead = LiveObject | undefined | 'unknown';

/**
 * Live media from Redis: read once however many want it at the same time, and then kept in memory until others need the room. What was
 * read once is served whether Redis is there or not.
 */
export class MediaReader {
  readonly #client: () => RedisConnection | undefined;
  readonly #limits: MediaReaderLimits;
  readonly #hot: HotFiles<LiveObject>;
  readonly #reads = new Map<string, Promise<MediaRead>>();

  constructor(client: () => RedisConnection | undefined, limits: Partial<MediaReaderLimits> = {}) {
    this.#client = client;
    this.#limits = { ...ORIGIN_LIMITS, ...limits };
    this.#hot = new HotFiles(this.#limits.deliveryCacheBytes);
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#hot.bytes;
  }

  /** What is in memory. */
  get(path: string): LiveObject | undefined {
    return this.#hot.get(path);
  }

  /** Rejects with an `OriginError` (`redis`), also when too many want something. */
  read(path: string, live: MediaPath): Promise<MediaRead> {
    const under = this.#reads.get(path);
    if (under !== undefined) return under;
    const reading = this.#read(path, live.channel, (bytes) => {
      const { type: kind } = live;
      return immutableObject({ path, kind, bytes, ...(kind === 'segment' && { id: live.id }) });
    }).finally(() => this.#reads.delete(path));
    this.#reads.set(path, reading);
    return reading;
  }

  /** The text of a playlist that is too large to be told whole. */
  async readList(path: string, channel: ChannelId): Promise<string | undefined> {
    const client = this.#ready();
    const reading = client.hGet(KEYS.media(channel), path);
    return (await answered(reading, ORIGIN_LIMITS.redisReadMs)) ?? undefined;
  }

  async #read(
    path: string,
    channel: ChannelId,
    make: (bytes: Uint8Array) => LiveObject,
  ): Promise<MediaRead> {
    const client = this.#ready();
    // In this order: where playlists were there, so was what they named.
    const reading = Promise.all([
      client.exists(KEYS.lists(channel)),
      client.withTypeMapping(BYTES).hGet(KEYS.media(channel), path),
    ]);
    const [known, bytes] = await answered(reading, ORIGIN_LIMITS.redisReadMs);
    if (bytes === null) return known === 1 ? undefined : 'unknown';
    const object = make(ownBytes(bytes));
    if (this.#hot.add(path, object, object.bytes.length)) this.#hot.loaded(path);
    return object;
  }

  #ready(): RedisConnection {
    const client = this.#client();
    if (client === undefined) throw new OriginError('redis', 'Redis cannot be reached');
    if (this.#reads.size >= this.#limits.deliveryReads)
      throw new OriginError('redis', 'too many want something of Redis');
    return client;
  }
}

/** RESP type of a binary string. */
const BYTES = { 36: Buffer } as const;

/** A short reply is a view of all that came with it, which would stay in memory. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.length ? Uint8Array.from(bytes) : bytes;
}
