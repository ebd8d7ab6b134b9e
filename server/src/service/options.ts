import { type ChannelId } from '@shoal/protocol';
import { type PlaybackOptions } from '../adapters/broadcast/playback-options.ts';
import { type DatabaseOptions } from '../adapters/database/open-database.ts';
import { type WebhookPolicy } from '../adapters/webhooks/target.ts';

/** What may be chosen about the broadcast service. */
export type ServiceOptions = {
  /** Where it is served; port 0 takes any that is free. */
  readonly http: { readonly host: string; readonly port: number };
  readonly database: DatabaseOptions;
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
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug';
};
