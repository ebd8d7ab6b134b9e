import { randomBytes } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { type Bus, type ChannelId, LIMITS } from '@shoal/protocol';
import type { TrackerLimits, TrackerNode } from './core/index.ts';
import type { AuthOptions } from './adapters/token-verifier.ts';
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
  /** Who signs the viewers' tokens. Default: nobody, and **everybody may join every channel**: for development. */
  readonly auth?: AuthOptions;
  /**
   * What operators show as a bearer to see swarms, switch the P2P of channels and revoke viewers over HTTP: at least 16
   * characters of `A-Z a-z 0-9 . _ ~ + / = -`. Default: nobody may.
   */
  readonly adminToken?: string;
  /**
   * The Redis that several nodes of one tracker share, and this one's place among them. Default: it is the only one, and everything
   * is in memory.
   */
  readonly cluster?: {
    /** `redis://` or `rediss://`. */
    readonly redis: string;
    /** 1–64 of `A-Z a-z 0-9 _ -`; default: a new one at each start. */
    readonly id?: string;
    /** Where viewers and the other nodes reach this one, `ws://` or `wss://`. */
    readonly url: string;
  };
  /** Metrics of the Node process beside the tracker's own: where it has the process for itself. Default false. */
  readonly processMetrics?: boolean;
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
  readonly adminToken: string | undefined;
  readonly cluster: { readonly redis: string; readonly node: TrackerNode } | undefined;
  readonly log: Log;
};

/** What a bearer token is made of (RFC 6750 section 2.1). */
const ADMIN_TOKEN = /^[A-Za-z0-9._~+/=-]{16,}$/;

/** Fills in defaults; throws `TrackerStartError` (bad-option) for a value that makes no sense. */
export function readConfig(options: TrackerOptions): ServerConfig {
  const { connectionsPerAddress = 256, connections = 50_000 } = options;
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535)
    throw new TrackerStartError('bad-option', `port: ${options.port} is no port`);
  for (const [name, value] of Object.entries({ connectionsPerAddress, connections }))
    if (!(value >= 1)) throw new TrackerStartError('bad-option', `${name}: must be at least 1`);
  const { adminToken } = options;
  if (adminToken !== undefined && !ADMIN_TOKEN.test(adminToken))
    throw new TrackerStartError('bad-option', `adminToken: must match ${ADMIN_TOKEN.source}`);
  return {
    adminToken,
    cluster: readCluster(options.cluster),
    allowedOrigins: options.allowedOrigins && new Set(options.allowedOrigins),
    trustedProxies: readRanges(options.trustedProxies ?? []),
    connectionsPerAddress,
    connections,
    log: options.log ?? (() => {}),
  };
}

const NODE_ID = /^[A-Za-z0-9_-]{1,64}$/;

function readCluster(cluster: TrackerOptions['cluster']): ServerConfig['cluster'] {
  if (cluster === undefined) return undefined;
  const { redis, url, id = randomBytes(9).toString('base64url') } = cluster;
  if (!NODE_ID.test(id))
    throw new TrackerStartError('bad-option', `cluster.id must match ${NODE_ID.source}`);
  if (!hasProtocol(redis, ['redis:', 'rediss:']))
    throw new TrackerStartError('bad-option', 'cluster.redis: not a redis:// or rediss:// URL');
  if (!hasProtocol(url, ['ws:', 'wss:']) || url.length > LIMITS.urlBytes)
    throw new TrackerStartError('bad-option', 'cluster.url: not a ws:// or wss:// URL');
  return { redis, node: { id, url } };
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
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
