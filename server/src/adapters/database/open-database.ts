import { type Kysely } from 'kysely';
import { ServiceError } from '../../service-error.ts';
import { migrate } from './migrate.ts';
import { type OnQuery, queryLog } from './query-log.ts';
import { type Database } from './schema.ts';

/** Where the broadcast service keeps what it knows. */
export type DatabaseOptions =
  /** A file, made when it is not there. */
  | { readonly type: 'sqlite'; readonly file: string }
  /** `postgres://user:password@host/database`; its password is never logged. */
  | { readonly type: 'postgres'; readonly url: string };

/** An open database. */
export type OpenDatabase = {
  readonly db: Kysely<Database>;
  readonly close: () => Promise<void>;
};

/** Opens the database and brings its tables up to date; rejects with a `ServiceError` (`database`). The driver that is not used is not loaded. */
export async function openDatabase(
  options: DatabaseOptions,
  onQuery?: OnQuery,
): Promise<OpenDatabase> {
  const open =
    options.type === 'sqlite'
      ? async () => (await import('./sqlite.ts')).openSqlite(options.file, queryLog(onQuery))
      : async () => (await import('./postgres.ts')).openPostgres(options.url, queryLog(onQuery));
  let db: Kysely<Database> | undefined;
  try {
    db = await open();
    await migrate(db);
    const opened = db;
    return { db: opened, close: () => opened.destroy() };
  } catch (cause) {
    await db?.destroy().catch(() => undefined);
    const where = options.type === 'sqlite' ? options.file : 'PostgreSQL';
    throw new ServiceError('database', `cannot open the database (${where})`, { cause });
  }
}
