import { type ChannelId } from '@shoal/protocol';
import { FEED_LIMITS, StreamerFigures } from '../../core/index.ts';
import { type FeedServer } from '../feed/feed-server.ts';
import { Pauses } from '../pauses.ts';
import { type BroadcastParts } from './start-broadcasts.ts';

/** What it works with. */
export type FiguresTellerParts = {
  readonly feeds: FeedServer;
  readonly report: BroadcastParts['report'];
  readonly viewers: (channel: ChannelId) => number;
  readonly now: () => number;
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
};

/** Tells readers of streamers' feeds what the swarm saves and how far recordings are, at most each 5 s (FEED-11). */
export class FiguresTeller {
  readonly #parts: FiguresTellerParts;
  readonly #figures = new StreamerFigures();
  readonly #pauses: Pauses;

  constructor(parts: FiguresTellerParts) {
    this.#parts = parts;
    this.#pauses = new Pauses({
      run: () => this.#look(),
      pauseMs: FEED_LIMITS.viewerCountMs,
      onError: parts.onError,
    });
  }

  close(): Promise<void> {
    return this.#pauses.close();
  }

  async #look(): Promise<void> {
    const { feeds, report, viewers, now, newId } = this.#parts;
    const read = [...feeds.audiences()].filter(({ feed }) => feed.audience === 'streamer');
    const looks = await Promise.all(
      read.map(async ({ feed: { channel }, joined }) => {
        // An origin that is away is said by who follows it.
        const delivery = await report(channel, 'delivery').catch(() => undefined);
        const jobs = await report(channel, 'jobs').catch(() => undefined);
        if (delivery === undefined) return [];
        return [{ channel, joined, delivery, jobs: jobs ?? [], viewers: viewers(channel) }];
      }),
    );
    const at = now();
    for (const { channel, event } of this.#figures.look(looks.flat(), at))
      feeds.pass({ channel, audience: 'streamer' }, event, { id: newId(), at });
  }
}
