import LibsqlDatabase from 'libsql';
import {
  Kysely,
  type Logger,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely';
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
  const dialect = new SqliteDialect({ database: remembering(database) });
  return new Kysely<Database>({ dialect, log });
}

/** Statements that are kept; the service has some two hundred, some of them with lists of many lengths. */
const STATEMENTS = 500;

/** Compiles a statement once, which would be a quarter of what appending an event costs; the one that was not used the longest is forgotten first. */
function remembering(database: InstanceType<typeof LibsqlDatabase>): SqliteDatabase {
  const known = new Map<string, SqliteStatement>();
  return {
    prepare: (sql) => {
      const statement: SqliteStatement = known.get(sql) ?? database.prepare(sql);
      known.delete(sql);
      known.set(sql, statement);
      if (known.size > STATEMENTS) {
        const [oldest] = known.keys();
        if (oldest !== undefined) known.delete(oldest);
      }
      return statement;
    },
    close: () => {
      database.close();
    },
  };
}
