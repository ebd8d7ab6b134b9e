import { type ChannelId } from '@shoal/protocol';
import { type PlaybackReport, PlaybackReports, type PlaybackShare } from '../../core/index.ts';
import { type PlaybackShareTable } from '../database/playback-share-table.ts';

/** What viewers say of playback, those of other processes included (HLT-2). */
export class Viewers {
  readonly #reports = new PlaybackReports();
  readonly #table: PlaybackShareTable;
  readonly #process: string;
  readonly #now: () => number;

  /** `process` is the name of this one, which no other ever had. */
  constructor(table: PlaybackShareTable, process: string, now: () => number) {
    this.#table = table;
    this.#process = process;
    this.#now = now;
  }

  /** A viewer of this process says something; `viewer` is its connection. */
  take(channel: ChannelId, viewer: object, report: PlaybackReport): void {
    this.#reports.take(channel, { viewer, report }, this.#now());
  }

  /** How it goes for all of them. */
  async share(channel: ChannelId): Promise<PlaybackShare> {
    const now = this.#now();
    const own = this.#reports.share(channel, now);
    const others = await this.#table.others(channel, this.#process, now);
    return {
      viewers: own.viewers + others.viewers,
      troubled: own.troubled + others.troubled,
    };
  }

  /** Tells other processes of the viewers of this one, where there are any. */
  async tell(channel: ChannelId): Promise<void> {
    const at = this.#now();
    const own = this.#reports.share(channel, at);
    if (own.viewers > 0) await this.#table.put(channel, this.#process, { ...own, at });
  }
}
