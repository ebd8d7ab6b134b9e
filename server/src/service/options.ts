import { type DatabaseOptions } from '../adapters/database/open-database.ts';

/** What may be chosen about the broadcast service. */
export type ServiceOptions = {
  /** Where it is served; port 0 takes any that is free. */
  readonly http: { readonly host: string; readonly port: number };
  readonly database: DatabaseOptions;
  /** Default `info`. */
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug';
};
