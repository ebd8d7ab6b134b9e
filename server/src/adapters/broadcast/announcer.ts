import { type ChannelId, type FeedAudience } from '@shoal/protocol';
import { BROADCAST_LIMITS, type FeedLog } from '../../core/index.ts';
import { announced, type AnnouncementTable } from '../database/announcement-table.ts';
import { Rounds } from '../rounds.ts';

const EVERY_MS = 5_000;

/**
 * Tells what is to be told (BRD-7): each event is appended to its feed under the id that was kept with the change, which makes it one event however
 * often that happens, and then forgotten here. What an earlier process left is told by the next one.
 */
export class Announcer {
  readonly #table: AnnouncementTable;
  readonly #feed: FeedLog;
  readonly #rounds: Rounds;
  #line: Promise<unknown> = Promise.resolve();

  constructor(table: AnnouncementTable, feed: FeedLog, onError: (error: unknown) => void) {
    this.#table = table;
    this.#feed = feed;
    this.#rounds = new Rounds({ run: () => this.tell(), everyMs: EVERY_MS, onError });
  }

  /** Tells what there is, of a channel or of all. */
  tell(channel?: ChannelId): Promise<void> {
    // One after the other, so that none goes before the one that was there first.
    const told = this.#line.then(() => this.#tell(channel));
    this.#line = told.catch(() => undefined);
    return told;
  }

  async close(): Promise<void> {
    await this.#rounds.close();
    await this.#line;
  }

  async #tell(channel: ChannelId | undefined): Promise<void> {
    const limit = BROADCAST_LIMITS.batch;
    for (;;) {
      const rows = await this.#table.untold({ ...(channel !== undefined && { channel }), limit });
      for (const row of rows) {
        const feed = {
          channel: row.channel as ChannelId, // kept as it was checked
          audience: row.audience as FeedAudience, // written from one
        };
        await this.#feed.append(feed, announced(row), { at: row.at, id: row.id });
        await this.#table.told(row.id);
      }
      if (rows.length < limit) return;
    }
  }
}
