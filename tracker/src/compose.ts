import { createHash, randomBytes } from 'node:crypto';
import type { ChannelId } from '@shoal/protocol';
import type { Connection } from './adapters/connection.ts';
import type { Cluster } from './cluster.ts';
import { Metrics } from './adapters/metrics.ts';
import { TokenVerifier } from './adapters/token-verifier.ts';
import { WsServer } from './adapters/ws-server.ts';
import type { EventSink } from './adapters/redis/redis-bus.ts';
import { type Log, readConfig, type ServerConfig, type TrackerOptions } from './config.ts';
import {
  type ChannelStatus,
  type SwarmView,
  TrackerCore,
  type TrackerTotals,
} from './core/index.ts';
import { TrackerStartError } from './errors.ts';

/** A tracker that runs. */
export type Tracker = {
  /** The port it listens on. */
  readonly port: number;
  /** Who watches a channel; undefined when the `channels` option does not know it. */
  readonly channel: (id: ChannelId) => ChannelStatus | undefined;
  /** The swarm of a channel; undefined when the `channels` option does not know it. */
  readonly swarm: (id: ChannelId) => SwarmView | undefined;
  /** Switches the P2P of a channel: off, its viewers play over HTTP from the next segment on (TRK-25). Rejects when other nodes could not be told. */
  readonly setP2P: (id: ChannelId, enabled: boolean) => Promise<void>;
  /** Takes a viewer's right to a channel back (TRK-24): its sockets close, and its tokens no longer count. Rejects as `setP2P`. */
  readonly revoke: (id: ChannelId, viewer: string) => Promise<void>;
  /** Connections, channels and WebTorrent swarms in all. */
  readonly totals: () => TrackerTotals;
  /** Sends everybody to the other nodes, where there are some, before `close`: within six seconds. */
  readonly drain: () => Promise<void>;
  /** Closes all sockets with `CLOSE.goingAway` and stops; may be called again. */
  readonly close: () => Promise<void>;
};

/**
 * Starts a tracker: WebSockets of both dialects on any path, and its status over HTTP on the same port.
 * Rejects with `TrackerStartError` (port-in-use, cannot-listen, redis-unreachable, bad-option).
 */
export async function startTracker(options: TrackerOptions): Promise<Tracker> {
  const config = readConfig(options);
  const { bus, channels, limits } = options;
  const core = new TrackerCore<Connection>({
    random: Math.random,
    // 96 random bits: nobody guesses the name of a peer or of an introduction.
    newId: () => randomBytes(12).toString('base64url'),
    nameOf,
    channels,
    limits: limits ?? {},
  });
  const metrics = new Metrics(() => core.totals(), { process: options.processMetrics ?? false });
  const verifier = options.auth && new TokenVerifier(options.auth);
  if (verifier === undefined)
    config.log('warn', 'DEVELOPMENT MODE: no tokens, everybody may join every channel', {});
  const cluster = await joinCluster(config);
  const server = new WsServer({ core, config, metrics, verifier, cluster });
  const port = await server.listen(options.host, options.port).catch(async (cause: unknown) => {
    await cluster?.close();
    throw startError(cause, options);
  });
  await cluster?.listen({
    onNodes: (nodes) => {
      server.step({ type: 'nodes', self: cluster.self, nodes });
    },
    onCommand: (command) => {
      server.step(command);
    },
    onEvent: (event) => {
      server.step({ type: 'origin-event', event });
    },
  });
  const unsubscribe = bus?.subscribe((event) => {
    server.step({ type: 'origin-event', event });
  });
  config.log('info', 'tracker listens', { host: options.host, port });
  return {
    port,
    channel: (id) => core.channel(id),
    swarm: (id) => core.swarm(id, Date.now()),
    setP2P: (channel, enabled) => server.command({ type: 'p2p', channel, enabled }),
    revoke: (channel, viewer) => server.command({ type: 'revoke', channel, viewer }),
    totals: () => core.totals(),
    drain: () => server.drain(),
    close: async () => {
      unsubscribe?.();
      await server.close();
      await cluster?.close();
    },
  };
}

/**
 * Connects an origin to the nodes of a tracker behind a Redis (`redis://` or `rediss://`); resolves before it is connected, and
 * connects as soon as it can.
 */
export async function publishEvents(redis: string, log: Log = () => {}): Promise<EventSink> {
  const { publishToRedis } = await import('./adapters/redis/redis-bus.ts');
  return publishToRedis(redis, log);
}

/** Redis is loaded by those alone that have several nodes. */
async function joinCluster({ cluster, log }: ServerConfig): Promise<Cluster | undefined> {
  if (cluster === undefined) return undefined;
  const { RedisCluster } = await import('./adapters/redis/redis-cluster.ts');
  return RedisCluster.join({ url: cluster.redis, node: cluster.node, log });
}

/** 120 bits of a digest: without the key nobody finds another one of that name (TRK-21). */
function nameOf(key: string): string {
  return createHash('sha256').update(`shoal-peer:${key}`).digest('base64url').slice(0, 20);
}

function startError(cause: unknown, { host, port }: TrackerOptions): TrackerStartError {
  const inUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
  return inUse
    ? new TrackerStartError('port-in-use', `port ${port} of ${host} is in use`, cause)
    : new TrackerStartError('cannot-listen', `cannot listen on ${host}:${port}`, cause);
}
