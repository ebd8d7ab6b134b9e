import { type Kysely } from 'kysely';
import { type Database } from './schema.ts';

/** The id of this database, by which processes that have it in common know each other; `made` where it has none yet. */
export async function databaseId(db: Kysely<Database>, made: string): Promise<string> {
  await db
    .insertInto('facts')
    .values({ name: 'id', value: made })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await db
    .selectFrom('facts')
    .select('value')
    .where('name', '=', 'id')
    .executeTakeFirstOrThrow();
  return value;
}
