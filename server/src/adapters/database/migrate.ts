import { type Kysely, Migrator } from 'kysely';
import { MIGRATIONS } from './migrations.ts';
import { type Database } from './schema.ts';

/** Brings the tables up to date; of several processes that begin at once one does it. */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const { error } = await new Migrator({ db, provider: MIGRATIONS }).migrateToLatest();
  if (error !== undefined)
    throw error instanceof Error ? error : new Error('migration', { cause: error });
}
