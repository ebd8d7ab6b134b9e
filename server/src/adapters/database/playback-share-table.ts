import { type Kysely } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { BROADCAST_LIMITS, type PlaybackShare } from '../../core/index.ts';
import { type Database } from './schema.ts';

/** What viewers of each process say of playback, for all of them. */
export class PlaybackShareTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Says what the viewers of a process said; what others said long ago goes. */
  async put(
    channel: ChannelId,
    process: string,
    of: PlaybackShare & { readonly at: number },
  ): Promise<void> {
    const { viewers, troubled, at } = of;
    await this.#db
      .insertInto('playback_shares')
      .values({ channel, process, viewers, troubled, at })
      .onConflict((conflict) =>
        conflict.columns(['channel', 'process']).doUpdateSet({ viewers, troubled, at }),
      )
      .execute();
    await this.#db
      .deleteFrom('playback_shares')
      .where('channel', '=', channel)
      .where('at', '<=', at - BROADCAST_LIMITS.playbackMs)
      .execute();
  }

  /** What the viewers of all other processes said lately. */
  async others(channel: ChannelId, process: string, now: number): Promise<PlaybackShare> {
    const rows = await this.#db
      .selectFrom('playback_shares')
      .select(['viewers', 'troubled'])
      .where('channel', '=', channel)
      .where('process', '<>', process)
      .where('at', '>', now - BROADCAST_LIMITS.shareMs)
      .execute();
    const [viewers, troubled] = [rows.map((row) => row.viewers), rows.map((row) => row.troubled)];
    return { viewers: sum(viewers), troubled: sum(troubled) };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
