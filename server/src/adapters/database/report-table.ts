import { type Kysely, type Selectable } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { type MessageRow } from './message-table.ts';
import { type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** A report as it is kept. */
export type ReportRow = Selectable<Database['reports']>;

/** A report, and the message if that is still kept. */
export type Reported = { readonly report: ReportRow; readonly message: MessageRow | undefined };

/** Reports of messages: one of each viewer about each message. */
export class ReportTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** False when the reporter has reported this message before. */
  async insert(row: ReportRow): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await this.#db
      .insertInto('reports')
      .values(row)
      .onConflict((conflict) => conflict.columns(['message', 'reporter']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0;
  }

  findOf(message: string, reporter: string): Promise<ReportRow | undefined> {
    return this.#db
      .selectFrom('reports')
      .selectAll()
      .where('message', '=', message)
      .where('reporter', '=', reporter)
      .executeTakeFirst();
  }

  /** Reports of somebody that nobody has resolved. */
  async openOf(channel: ChannelId, reporter: string): Promise<number> {
    const { count } = await this.#db
      .selectFrom('reports')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('channel', '=', channel)
      .where('reporter', '=', reporter)
      .where('resolved_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Newest first. */
  async list(
    channel: ChannelId,
    page: Page,
    { open }: { readonly open: boolean },
  ): Promise<Paged<Reported>> {
    const { cursor, limit } = page;
    let query = this.#db.selectFrom('reports').selectAll().where('channel', '=', channel);
    if (open) query = query.where('resolved_at', 'is', null);
    if (cursor !== undefined)
      query = query.where((where) =>
        where.or([
          where('at', '<', cursor.at),
          where.and([where('at', '=', cursor.at), where('id', '<', cursor.id)]),
        ]),
      );
    const reports = await query
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    const { rows, next } = pageOf(reports, limit, ({ at, id }) => ({ at, id }));
    return { rows: await this.#withMessages(rows), next };
  }

  /** The report, resolved: by whom first. Undefined when there is none. */
  async resolve(
    channel: ChannelId,
    id: string,
    { by, at }: { readonly by: string; readonly at: number },
  ): Promise<Reported | undefined> {
    await this.#db
      .updateTable('reports')
      .set({ resolved_at: at, resolved_by: by })
      .where('id', '=', id)
      .where('channel', '=', channel)
      .where('resolved_at', 'is', null)
      .execute();
    const report = await this.#db
      .selectFrom('reports')
      .selectAll()
      .where('id', '=', id)
      .where('channel', '=', channel)
      .executeTakeFirst();
    return report && (await this.#withMessages([report]))[0];
  }

  /** Deletes all but the last so many of a channel. */
  async trim(channel: ChannelId, keep: number): Promise<void> {
    const oldest = await this.#db
      .selectFrom('reports')
      .select(['at', 'id'])
      .where('channel', '=', channel)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .offset(keep)
      .executeTakeFirst();
    if (oldest === undefined) return;
    await this.#db
      .deleteFrom('reports')
      .where('channel', '=', channel)
      .where((where) =>
        where.or([
          where('at', '<', oldest.at),
          where.and([where('at', '=', oldest.at), where('id', '<=', oldest.id)]),
        ]),
      )
      .execute();
  }

  async #withMessages(reports: readonly ReportRow[]): Promise<readonly Reported[]> {
    if (reports.length === 0) return [];
    const messages = await this.#db
      .selectFrom('chat_messages')
      .selectAll()
      .where(
        'id',
        'in',
        reports.map(({ message }) => message),
      )
      .execute();
    const byId = new Map(messages.map((message) => [message.id, message]));
    return reports.map((report) => ({ report, message: byId.get(report.message) }));
  }
}
