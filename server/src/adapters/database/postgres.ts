import pg from 'pg';
import { Kysely, type Logger, PostgresDialect } from 'kysely';
import { type Database } from './schema.ts';

const CONNECTIONS = 10;
const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;

/** Opens a pool of connections. What the driver gives as text for `bigint` are numbers: ours are times, counts and cents, all below 2^53. */
export function openPostgres(url: string, log: Logger): Kysely<Database> {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    types,
  });
  // A connection that breaks while nobody uses it: the next one is another.
  pool.on('error', () => undefined);
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }), log });
}
