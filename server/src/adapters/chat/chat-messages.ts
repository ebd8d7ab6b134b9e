import { type ChannelId, type ChatAuthor } from '@shoal/protocol';
import { CHAT_LIMITS, type FeedLog } from '../../core/index.ts';
import { type Deletion, type MessageRow, type MessageTable } from '../database/message-table.ts';
import { type Page, type Paged } from '../database/page.ts';

/**
 * Messages in the database and in the feed of viewers (CHT-6). A message is kept first, marked as untold, and then appended to the feed
 * under its own id, whose number is its place. Whoever finds it untold does the same again, which makes no second event; so neither the
 * death of a process loses or doubles it, nor do two processes at once.
 */
export class ChatMessages {
  readonly #table: MessageTable;
  readonly #feed: FeedLog;
  readonly #telling = new Map<string, Promise<MessageRow>>();
  /** Channels in which messages came since old ones were deleted. */
  readonly #written = new Set<ChannelId>();

  constructor(table: MessageTable, feed: FeedLog) {
    this.#table = table;
    this.#feed = feed;
  }

  /** Keeps and tells it; resolves with it in its place. */
  async post(channel: ChannelId, row: Omit<MessageRow, 'channel'>): Promise<MessageRow> {
    const kept: MessageRow = { ...row, channel };
    await this.#table.insert(kept);
    this.#written.add(channel);
    const told = this.#tell(channel, kept);
    this.#telling.set(row.id, told);
    return told.finally(() => this.#telling.delete(row.id));
  }

  find(channel: ChannelId, id: string): Promise<MessageRow | undefined> {
    return this.#table.find(channel, id);
  }

  /** The last ones first. Whatever the feed had when it was asked for is there. */
  async list(channel: ChannelId, page: Page): Promise<Paged<MessageRow>> {
    const limit = CHAT_LIMITS.untoldBatch;
    for (let left: number = CHAT_LIMITS.untoldBatches; left > 0; left--) {
      const untold = await this.#table.untold({ channel, limit });
      await Promise.all(untold.map((row) => this.#telling.get(row.id) ?? this.#tell(channel, row)));
      if (untold.length < limit) break;
    }
    return this.#table.list(channel, page);
  }

  /** False when it was deleted before. */
  async delete(channel: ChannelId, id: string, by: Deletion): Promise<boolean> {
    const row = await this.#table.delete(channel, id, by);
    if (row === undefined) return false;
    await this.#tell(channel, row);
    return true;
  }

  /** Deletes the last messages of somebody; how many. */
  async deleteLast(channel: ChannelId, author: string, by: Deletion): Promise<number> {
    const limit = CHAT_LIMITS.deletedWithBan;
    const rows = await this.#table.deleteLast({ channel, author, limit }, by);
    for (const row of rows) await this.#tell(channel, row);
    return rows.length;
  }

  /** Tells of everything that is kept and was not told, as after the death of a process. */
  async settle(): Promise<void> {
    for (;;) {
      const rows = await this.#table.untold({ limit: CHAT_LIMITS.untoldBatch });
      // Those under way are settled by who began.
      const left = rows.filter(({ id }) => !this.#telling.has(id));
      for (const row of left) await this.#tell(row.channel as ChannelId, row); // written from one
      if (left.length < CHAT_LIMITS.untoldBatch) return;
    }
  }

  /** Deletes the oldest messages where there are too many. */
  async trim(): Promise<void> {
    for (const channel of [...this.#written]) {
      this.#written.delete(channel);
      await this.#table.trim(channel, CHAT_LIMITS.keptMessages);
    }
  }

  /** The message in its place: what is done twice here is done once. */
  async #tell(channel: ChannelId, row: MessageRow): Promise<MessageRow> {
    const feed = { channel, audience: 'viewers' } as const;
    const { id, at, text } = row;
    let told = row;
    if (row.seq === null) {
      const data = { message: id, author: authorOf(row), text };
      const { seq } = await this.#feed.append(feed, { type: 'chat.message', data }, { at, id });
      told = (await this.#table.place(id, seq)) ?? { ...row, seq };
    }
    if (told.deleted_at === null) return told;
    const of = { at: told.deleted_at, id: `${id}.deleted` };
    await this.#feed.append(feed, { type: 'chat.message.deleted', data: { message: id } }, of);
    await this.#table.settle(id);
    return told;
  }
}

/** Who wrote it, and which rank they had then. */
export function authorOf(row: MessageRow): ChatAuthor {
  return {
    ...{ id: row.author_id, name: row.author_name },
    rank: row.author_rank as ChatAuthor['rank'], // written from one
  };
}
