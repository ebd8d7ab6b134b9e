import { type Kysely, type Selectable } from 'kysely';
import { type FeedEvent } from '@shoal/protocol';
import { type Database } from './schema.ts';

/** An event that is to be told. */
export type AnnouncementRow = Selectable<Database['announcements']>;

/** Events that are to be told. They are put here together with what they tell of, and go when they are in their feed. */
export class AnnouncementTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Those of a channel, or of all, in their order. */
  untold(of: { readonly channel?: string; readonly limit: number }): Promise<AnnouncementRow[]> {
    const { channel, limit } = of;
    const query = this.#db.selectFrom('announcements').selectAll();
    return (channel === undefined ? query : query.where('channel', '=', channel))
      .orderBy('channel')
      .orderBy('place')
      .limit(limit)
      .execute();
  }

  async told(id: string): Promise<void> {
    await this.#db.deleteFrom('announcements').where('id', '=', id).execute();
  }
}

/** What is to be told. */
export function announced({ event }: AnnouncementRow): FeedEvent {
  return JSON.parse(event) as FeedEvent; // written from one
}
