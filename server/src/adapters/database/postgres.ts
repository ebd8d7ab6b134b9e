import pg from 'pg';
import { Kysely, PostgresDialect } from 'kysely';
import { type Database } from './schema.ts';

const CONNECTIONS = 10;
const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;
/** Type of `bigint` in PostgreSQL, which the driver gives as text. Ours are times, counts and cents, all below 2^53. */
const INT8: number = pg.types.builtins.INT8;

/** Opens a pool of connections. */
export function openPostgres(url: string): Kysely<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    types: {
      getTypeParser: (oid, format) =>
        oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as (text: string) => unknown), // as pg declares it: any
    },
  });
  // A connection that breaks while nobody uses it: the next one is another.
  pool.on('error', () => undefined);
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}
