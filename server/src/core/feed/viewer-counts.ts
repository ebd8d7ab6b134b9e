import { type ChannelId } from '@shoal/protocol';
import { FEED_LIMITS } from './limits.ts';

/** Unix milliseconds. */
type Millis = number;

/** Readers of the feed of viewers of a channel, in this process. */
export type ReadersHere = {
  readonly channel: ChannelId;
  readonly readers: number;
  /** How many have come, ever. */
  readonly joined: number;
};

/** What is counted at one moment. */
export type ViewersLook = {
  /** Channels that have readers here. */
  readonly here: readonly ReadersHere[];
  /** Readers of those channels in other processes; undefined where that could not be found out. */
  readonly elsewhere: ReadonlyMap<ChannelId, number> | undefined;
};

/** Readers of a channel are to be told that there are so many. */
export type ViewersTold = { readonly channel: ChannelId; readonly viewers: number };

/**
 * How many watch each channel, over all processes (FEED-10). It is told where it has changed, and where somebody has come who was not told
 * yet. What others counted is believed for a while when they cannot be asked.
 */
export class ViewerCounts {
  #told = new Map<ChannelId, { readonly viewers: number; readonly joined: number }>();
  #elsewhere: ReadonlyMap<ChannelId, number> = new Map();
  #heardAt: Millis = -Infinity;

  /** As of the last look. */
  viewers(channel: ChannelId): number {
    return this.#told.get(channel)?.viewers ?? this.#elsewhere.get(channel) ?? 0;
  }

  look({ here, elsewhere }: ViewersLook, now: Millis): readonly ViewersTold[] {
    if (elsewhere !== undefined) [this.#elsewhere, this.#heardAt] = [elsewhere, now];
    else if (now - this.#heardAt >= FEED_LIMITS.viewersExpireMs) this.#elsewhere = new Map();
    const before = this.#told;
    this.#told = new Map();
    const told: ViewersTold[] = [];
    for (const { channel, readers, joined } of here) {
      const viewers = readers + (this.#elsewhere.get(channel) ?? 0);
      const last = before.get(channel);
      this.#told.set(channel, { viewers, joined });
      if (last?.viewers !== viewers || last.joined !== joined) told.push({ channel, viewers });
    }
    return told;
  }
}
