import { BlockList, isIP } from 'node:net';
import type { Bus, ChannelId } from '@shoal/protocol';
import type { TrackerLimits } from './core/index.ts';
import { TrackerStartError } from './errors.ts';

/** One line of the log: a constant message, and its data. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** How to run a tracker. */
export type TrackerOptions = {
  /** Address to listen on, for instance `127.0.0.1` or `::`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where segment events come from. Without it there are no pushes and no duties. */
  readonly bus?: Pick<Bus, 'subscribe'>;
  /** Which channels exist; others are refused. Default: every channel. */
  readonly channels?: (channel: ChannelId) => boolean;
  /** Values of the `Origin` header that may connect. Default: all, also none at all. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Addresses and CIDR ranges of reverse proxies whose `X-Forwarded-For` is believed. Default: none.
   * Behind a proxy this is needed, or all viewers count as one address.
   */
  readonly trustedProxies?: readonly string[];
  /** WebSockets from one IPv4 address or IPv6 /64. Default: 256, room for an office behind one NAT. */
  readonly connectionsPerAddress?: number;
  /** WebSockets in all. Default: 50 000. */
  readonly connections?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
  /** Limits that differ from `TRACKER_LIMITS`. */
  readonly limits?: Partial<TrackerLimits>;
};

/** What the WebSocket server goes by. */
export type ServerConfig = {
  readonly allowedOrigins: ReadonlySet<string> | undefined;
  readonly trustedProxies: BlockList;
  readonly connectionsPerAddress: number;
  readonly connections: number;
  readonly log: Log;
};

/** Fills in defaults; throws `TrackerStartError` (bad-option) for a value that makes no sense. */
export function readConfig(options: TrackerOptions): ServerConfig {
  const { connectionsPerAddress = 256, connections = 50_000 } = options;
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535)
    throw new TrackerStartError('bad-option', `port: ${options.port} is no port`);
  for (const [name, value] of Object.entries({ connectionsPerAddress, connections }))
    if (!(value >= 1)) throw new TrackerStartError('bad-option', `${name}: must be at least 1`);
  return {
    allowedOrigins: options.allowedOrigins && new Set(options.allowedOrigins),
    trustedProxies: readRanges(options.trustedProxies ?? []),
    connectionsPerAddress,
    connections,
    log: options.log ?? (() => {}),
  };
}

function readRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...rest] = range.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (family === 0 || rest.length > 0 || !(prefix <= most))
      throw new TrackerStartError('bad-option', `trustedProxies: ${range} is no address or range`);
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
