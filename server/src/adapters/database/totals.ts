import { type Kysely } from 'kysely';
import { type Counts, type ServiceTotals } from '../metrics/service-metrics.ts';
import { type Database } from './schema.ts';

/** Counts what metrics tell of the whole service. */
export async function readTotals(db: Kysely<Database>): Promise<ServiceTotals> {
  const [outbox, deliveries] = await Promise.all([
    db
      .selectFrom('outbox')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('acknowledged_at', 'is', null)
      .executeTakeFirst(),
    db
      .selectFrom('deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', '=', 'pending')
      .executeTakeFirst(),
  ]);
  const [broadcasts, donations, subscriptions] = await Promise.all([
    byState(db, 'broadcasts'),
    byState(db, 'donations'),
    byState(db, 'subscriptions'),
  ]);
  return {
    ...{ outbox: outbox?.count ?? 0, deliveries: deliveries?.count ?? 0 },
    ...{ broadcasts, donations, subscriptions },
  };
}

async function byState(
  db: Kysely<Database>,
  table: 'broadcasts' | 'donations' | 'subscriptions',
): Promise<Counts> {
  const rows = await db
    .selectFrom(table)
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
