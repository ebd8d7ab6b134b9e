import { createHash, randomBytes } from 'node:crypto';
import type { ChannelId } from '@shoal/protocol';
import type { Connection } from './adapters/connection.ts';
import { WsServer } from './adapters/ws-server.ts';
import { readConfig, type TrackerOptions } from './config.ts';
import { type ChannelStatus, TrackerCore, type TrackerTotals } from './core/index.ts';
import { TrackerStartError } from './errors.ts';

/** A tracker that runs. */
export type Tracker = {
  /** The port it listens on. */
  readonly port: number;
  /** Who watches a channel; undefined when the `channels` option does not know it. */
  readonly channel: (id: ChannelId) => ChannelStatus | undefined;
  /** Connections, channels and WebTorrent swarms in all. */
  readonly totals: () => TrackerTotals;
  /** Closes all sockets with `CLOSE.goingAway` and stops; may be called again. */
  readonly close: () => Promise<void>;
};

/**
 * Starts a tracker: WebSockets of both dialects on any path, and its status over HTTP on the same port.
 * Rejects with `TrackerStartError` (port-in-use, cannot-listen, bad-option).
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
  const server = new WsServer(core, config);
  const port = await server.listen(options.host, options.port).catch((cause: unknown) => {
    throw startError(cause, options);
  });
  const unsubscribe = bus?.subscribe((event) => {
    server.step({ type: 'origin-event', event });
  });
  config.log('info', 'tracker listens', { host: options.host, port });
  return {
    port,
    channel: (id) => core.channel(id),
    totals: () => core.totals(),
    close: () => {
      unsubscribe?.();
      return server.close();
    },
  };
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
