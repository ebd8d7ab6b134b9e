import { type ChannelId } from '@shoal/protocol';
import { type PlaybackOptions } from '../adapters/broadcast/playback-options.ts';
import { type DatabaseOptions } from '../adapters/database/open-database.ts';
import { type LogLevel, type LogTo } from '../adapters/logging/make-log.ts';
import { type MetricsAddress } from '../adapters/metrics/serve-metrics.ts';
import { type WebhookPolicy } from '../adapters/webhooks/target.ts';

/** What may be chosen about the broadcast service. */
export type ServiceOptions = {
  /** Where it is served; port 0 takes any that is free. */
  readonly http: { readonly host: string; readonly port: number };
  readonly database: DatabaseOptions;
  /**
   * A Redis, `redis://` or `rediss://`, over which several processes with one PostgreSQL tell each other what happens, and count viewers
   * together. It need not be there at the start. Without it a process is the only one of its database.
   */
  readonly redis?: string;
  /**
   * A token of the operator, and tokens for alerts alone, that are good while the service runs and kept nowhere: 20 to 200 characters of
   * `A–Z a–z 0–9 _ -`. With one of the operator's none is made. Default: none.
   */
  readonly adminToken?: string;
  readonly overlayTokens?: readonly { readonly channel: ChannelId; readonly token: string }[];
  /** URL of an origin in another process, whose streams are followed. Default: none, until `follow` is called. */
  readonly originUrl?: string;
  /** What players are told. */
  readonly playback?: PlaybackOptions;
  /** Where webhooks may go; by default HTTPS servers of the Internet on the usual ports alone. */
  readonly webhooks?: WebhookPolicy;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
  /** Where lines of the log go, which are JSON. Default: standard output. */
  readonly logTo?: LogTo;
  /** Requests of one address or token that are answered in a minute. Default 600. */
  readonly requestsAMinute?: number;
  /** Counts what the process does too: CPU, memory, garbage collection, lag of the event loop. For one service of a process. Default false. */
  readonly processMetrics?: boolean;
  /** An address of its own for `/metrics`, where nobody is asked for a token; port 0 takes any that is free. Default: none. */
  readonly metrics?: MetricsAddress;
  /** How long it goes on when it is to end, while `/readyz` already says no, so that whoever spreads requests finds out. Default 0. */
  readonly drainMs?: number;
};
