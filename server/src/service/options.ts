import { type DatabaseOptions } from '../adapters/database/open-database.ts';
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
  /** Where webhooks may go; by default HTTPS servers of the Internet on the usual ports alone. */
  readonly webhooks?: WebhookPolicy;
  /** Default `info`. */
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug';
};
