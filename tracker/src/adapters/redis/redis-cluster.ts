import { randomBytes } from 'node:crypto';
import {
  type ChannelId,
  ORIGIN_EVENTS_TOPIC,
  parseChannelId,
  parseOriginEvent,
} from '@shoal/protocol';
import type { Cluster, ClusterListener, SwitchCommand } from '../../cluster.ts';
import type { Log } from '../../config.ts';
import { TRACKER_LIMITS, type TrackerNode } from '../../core/index.ts';
import { TrackerStartError } from '../../errors.ts';
import { KEYS, TOPICS } from './keys.ts';
import { parseSwitchCommand } from './messages.ts';
import { openRedis, type RedisConnection } from './redis-client.ts';

/** How often a node says that it is there, and how long that counts. */
const BEAT_MS = 1_000;
const ALIVE_MS = 3_500;
/** After Redis was away all nodes have to say anew that they are there; nobody is taken for gone meanwhile. */
const SETTLE_MS = 3_000;
const SECRET_BYTES = 32;

export type RedisClusterOptions = {
  readonly url: string;
  readonly node: TrackerNode;
  readonly log: Log;
};

/** A {@link Cluster} over Redis: a registry of nodes that expire, switches that last, and messages (TRK-26). */
export class RedisCluster implements Cluster {
  readonly self: string;
  readonly secret: Buffer;
  readonly #node: TrackerNode;
  readonly #log: Log;
  readonly #client: RedisConnection;
  readonly #subscriber: RedisConnection;
  #listener: ClusterListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  /** When Redis was last found after it had been away; views before it has settled do not count. */
  #foundAt = -Infinity;
  #lost = false;
  #left = false;
  #known = '';
  #off: ReadonlySet<ChannelId> = new Set();

  private constructor(
    { node, log }: RedisClusterOptions,
    at: {
      readonly client: RedisConnection;
      readonly subscriber: RedisConnection;
      readonly secret: Buffer;
    },
  ) {
    this.self = node.id;
    this.secret = at.secret;
    this.#node = node;
    this.#log = log;
    this.#client = at.client;
    this.#subscriber = at.subscriber;
  }

  /** Connects; throws `TrackerStartError` (redis-unreachable) when Redis is not there at the start. */
  static async join(options: RedisClusterOptions): Promise<RedisCluster> {
    const client = openRedis(options.url, options.log);
    const subscriber = openRedis(options.url, options.log);
    try {
      await within(CONNECT_WITHIN_MS, Promise.all([client.connect(), subscriber.connect()]));
      const made = randomBytes(SECRET_BYTES).toString('base64url');
      await client.set(KEYS.secret, made, { condition: 'NX' });
      const secret = Buffer.from((await client.get(KEYS.secret)) ?? made, 'base64url');
      return new RedisCluster(options, { client, subscriber, secret });
    } catch (cause) {
      client.destroy();
      subscriber.destroy();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TrackerStartError('redis-unreachable', `Redis cannot be reached: ${why}`, cause);
    }
  }

  async listen(listener: ClusterListener): Promise<void> {
    this.#listener = listener;
    await this.#subscriber.subscribe(TOPICS.commands, (text) => {
      const command = parseSwitchCommand(text);
      if (command !== undefined) this.#obey(command);
    });
    await this.#subscriber.subscribe(ORIGIN_EVENTS_TOPIC, (text) => {
      const event = parseOriginEvent(text);
      if (event !== undefined) listener.onEvent(event);
    });
    await this.#recall();
    await this.#beat();
    this.#timer = setInterval(() => {
      this.#beating = this.#beat();
    }, BEAT_MS);
  }

  async tell(command: SwitchCommand): Promise<void> {
    const { channel } = command;
    if (command.type === 'revoke')
      await this.#client.set(KEYS.revoked(channel, command.viewer), '', {
        expiration: { type: 'PX', value: TRACKER_LIMITS.revokedMs },
      });
    else if (command.enabled) await this.#client.sRem(KEYS.off, channel);
    else await this.#client.sAdd(KEYS.off, channel);
    await this.#client.publish(TOPICS.commands, JSON.stringify(command));
  }

  problem(): string | undefined {
    return this.#lost ? 'Redis cannot be reached' : undefined;
  }

  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    clearInterval(this.#timer);
    await this.#beating;
    // Without Redis the others find out when the node has expired.
    await this.#client
      .multi()
      .del(KEYS.node(this.self))
      .sRem(KEYS.nodes, this.self)
      .exec()
      .catch(() => {});
    await this.#look().catch(() => {});
  }

  async close(): Promise<void> {
    await this.leave();
    this.#client.destroy();
    this.#subscriber.destroy();
  }

  /** Says that this node is there, and looks who else is. */
  async #beat(): Promise<void> {
    try {
      await this.#client
        .multi()
        .set(KEYS.node(this.self), this.#node.url, { expiration: { type: 'PX', value: ALIVE_MS } })
        .sAdd(KEYS.nodes, this.self)
        .exec();
      if (this.#lost) {
        this.#lost = false;
        this.#foundAt = Date.now();
        await this.#recall();
      }
      if (Date.now() - this.#foundAt >= SETTLE_MS) await this.#look();
    } catch {
      this.#lost = true;
    }
  }

  async #look(): Promise<void> {
    const ids = (await this.#client.sMembers(KEYS.nodes)).slice(0, TRACKER_LIMITS.nodes);
    const urls = ids.length === 0 ? [] : await this.#client.mGet(ids.map(KEYS.node));
    const nodes = ids.flatMap((id, i) => {
      const url = urls[i];
      return typeof url === 'string' ? [{ id, url }] : [];
    });
    const gone = ids.filter((id) => !nodes.some((node) => node.id === id));
    if (gone.length > 0) await this.#client.sRem(KEYS.nodes, gone);
    nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
    const known = JSON.stringify(nodes);
    if (known === this.#known) return;
    this.#known = known;
    this.#log('info', 'nodes', { ids: nodes.map(({ id }) => id) });
    this.#listener?.onNodes(nodes);
  }

  /** Takes in what was switched before this node came, or while it did not hear. */
  async #recall(): Promise<void> {
    const off = new Set<ChannelId>();
    for (const name of await this.#client.sMembers(KEYS.off)) {
      const channel = parseChannelId(name);
      if (channel.ok) off.add(channel.value);
    }
    for (const channel of this.#off)
      if (!off.has(channel)) this.#obey({ type: 'p2p', channel, enabled: true });
    for (const channel of off) this.#obey({ type: 'p2p', channel, enabled: false });
    for await (const names of this.#client.scanIterator({ MATCH: KEYS.anyRevoked, COUNT: 1_000 }))
      for (const name of names) {
        const [channel, ...viewer] = name.slice(KEYS.anyRevoked.length - 1).split(':');
        const command = { type: 'revoke', channel, viewer: viewer.join(':') };
        const parsed = parseSwitchCommand(JSON.stringify(command));
        if (parsed !== undefined) this.#obey(parsed);
      }
  }

  #obey(command: SwitchCommand): void {
    if (command.type === 'p2p') {
      const off = new Set(this.#off);
      if (command.enabled) off.delete(command.channel);
      else off.add(command.channel);
      this.#off = off;
    }
    this.#listener?.onCommand(command);
  }
}

const CONNECT_WITHIN_MS = 5_000;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('no answer'));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
