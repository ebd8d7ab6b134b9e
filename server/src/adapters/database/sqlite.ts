import LibsqlDatabase from 'libsql';
import { Kysely, type Logger, SqliteDialect } from 'kysely';
import { type Database } from './schema.ts';

/** Who writes waits for another who writes so long. */
const BUSY_MS = 5_000;

/**
 * Opens a file with libsql. In write-ahead mode what was committed survives the death of the process; a failure of the machine may take the
 * last moments (SQLite, "PRAGMA synchronous").
 */
export function openSqlite(file: string, log: Logger): Kysely<Database> {
  const database = new LibsqlDatabase(file);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  return new Kysely<Database>({ dialect: new SqliteDialect({ database }), log });
}
