import { type Kysely, type Selectable, type Updateable } from 'kysely';
import { type FeedAudience } from '@shoal/protocol';
import { HOOK_LIMITS, type HookHealth } from '../../core/index.ts';
import { type Database } from './schema.ts';

/** A webhook as it is kept. */
export type WebhookRow = Selectable<Database['webhooks']>;

/** A secret with which deliveries are signed; the newest has no end. */
export type HookSecret = { readonly secret: string; readonly until: number | null };

/** Receivers of events. */
export class WebhookTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  find(id: string): Promise<WebhookRow | undefined> {
    return this.#db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Oldest first; they are few. */
  list(channel: string): Promise<WebhookRow[]> {
    return this.#db
      .selectFrom('webhooks')
      .selectAll()
      .where('channel', '=', channel)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  }

  /** One that is there is left as it is; `full` where the channel has as many as it may. */
  insert(row: WebhookRow): Promise<'inserted' | 'there' | 'full'> {
    return this.#db.transaction().execute(async (db) => {
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto('webhooks')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return 'there';
      const { count } = await db
        .selectFrom('webhooks')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('channel', '=', row.channel)
        .executeTakeFirstOrThrow();
      if (count <= HOOK_LIMITS.perChannel) return 'inserted';
      await db.deleteFrom('webhooks').where('id', '=', row.id).execute();
      return 'full';
    });
  }

  /** Changes the webhook if it still is of this version; the new row, or undefined. */
  update(
    id: string,
    change: Omit<Updateable<Database['webhooks']>, 'id' | 'version'>,
    version: number,
  ): Promise<WebhookRow | undefined> {
    return this.#db
      .updateTable('webhooks')
      .set({ ...change, version: version + 1 })
      .where('id', '=', id)
      .where('version', '=', version)
      .returningAll()
      .executeTakeFirst();
  }

  /** With all of its deliveries. */
  async delete(id: string): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      await db.deleteFrom('webhooks').where('id', '=', id).execute();
      await db.deleteFrom('deliveries').where('webhook', '=', id).execute();
    });
  }

  /** Channels in which something happened that an active webhook has no deliveries of yet. */
  async behind(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('webhooks')
      .innerJoin('feeds', 'feeds.channel', 'webhooks.channel')
      .select('webhooks.channel')
      .distinct()
      .where('webhooks.active', '=', 1)
      .where((where) =>
        where.or([
          where.and([
            where('feeds.audience', '=', 'viewers'),
            where('feeds.seq', '>', where.ref('webhooks.after_viewers')),
          ]),
          where.and([
            where('feeds.audience', '=', 'streamer'),
            where('feeds.seq', '>', where.ref('webhooks.after_streamer')),
          ]),
        ]),
      )
      .execute();
    return rows.map(({ channel }) => channel);
  }

  /** Active webhooks of these channels. */
  active(channels: readonly string[]): Promise<WebhookRow[]> {
    return this.#db
      .selectFrom('webhooks')
      .selectAll()
      .where('channel', 'in', channels)
      .where('active', '=', 1)
      .execute();
  }

  /** Notes how it fares; it is no change that anybody made, so the version stays, but for being switched off. */
  async judge(row: WebhookRow, health: HookHealth): Promise<void> {
    const { active, failingSince, disabledReason } = health;
    const since = failingSince ?? null;
    if (active === (row.active === 1) && since === row.failing_since) return;
    await this.#db
      .updateTable('webhooks')
      .set({
        failing_since: since,
        ...(!active && { active: 0, disabled_reason: disabledReason ?? null }),
        ...(!active && { version: row.version + 1 }),
      })
      .where('id', '=', row.id)
      .where('version', '=', row.version)
      .execute();
  }
}

/** Up to which number of a feed deliveries were made. */
export function positionOf(row: WebhookRow, audience: FeedAudience): number {
  return audience === 'viewers' ? row.after_viewers : row.after_streamer;
}

/** Secrets of a webhook, newest first. */
export function secretsOf(row: WebhookRow): readonly HookSecret[] {
  return JSON.parse(row.secrets) as readonly HookSecret[]; // written by `writeSecrets`
}

/** As they are kept. */
export function writeSecrets(secrets: readonly HookSecret[]): string {
  return JSON.stringify(secrets);
}

/** Types that a webhook asks for; undefined: all that need not be asked for. */
export function wantedOf(row: WebhookRow): readonly string[] | undefined {
  return row.types === null ? undefined : (JSON.parse(row.types) as readonly string[]); // written by the routes
}
