import { type ChannelId, type PassingEvent } from '@shoal/protocol';
import { type SegmentDelivery } from '../delivery/accounting.ts';
import { type JobStatus } from '../jobs/messages.ts';

type P2pStats = Extract<PassingEvent, { readonly type: 'p2p.stats' }>;
type VodProgress = Extract<PassingEvent, { readonly type: 'vod.progress' }>;

/** How far back deliveries count. */
const WINDOW_MS = 60_000;
/** A segment counts once everybody had the time to fetch it. */
const SETTLE_MS = 8_000;

/** What is known of a channel at one moment. */
export type FiguresLook = {
  readonly channel: ChannelId;
  readonly delivery: readonly SegmentDelivery[];
  readonly jobs: readonly JobStatus[];
  readonly viewers: number;
};

/** Figures that streamers see change: what the swarm saves, and how far recordings are. Told where they have changed, and to who has come. */
export class StreamerFigures {
  #told = new Map<ChannelId, { readonly joined: number; readonly texts: ReadonlySet<string> }>();

  /** What the readers of these channels are to be told; `joined` is how many readers have come, ever. */
  look(
    channels: readonly (FiguresLook & { readonly joined: number })[],
    now: number,
  ): readonly { readonly channel: ChannelId; readonly event: PassingEvent }[] {
    const before = this.#told;
    this.#told = new Map();
    return channels.flatMap((look) => {
      const { channel, joined } = look;
      const events = new Map<string, PassingEvent>();
      for (const event of [p2pStats(look, now), ...look.jobs.map(vodProgress)])
        events.set(JSON.stringify(event), event);
      const last = before.get(channel);
      const known = last?.joined === joined ? last.texts : undefined;
      this.#told.set(channel, { joined, texts: new Set(events.keys()) });
      return [...events]
        .filter(([text]) => known?.has(text) !== true)
        .map(([, event]) => ({ channel, event }));
    });
  }
}

function p2pStats({ delivery, viewers }: FiguresLook, now: number): P2pStats {
  const settled = delivery.filter(
    ({ readyAt }) => readyAt > now - WINDOW_MS && readyAt <= now - SETTLE_MS,
  );
  // Each viewer watches one rendition: copies of a segment are those of all its renditions together.
  const numbers = new Set(settled.map(({ epoch, msn }) => `${epoch}:${msn}`));
  const sent = settled.reduce((sum, { servedBytes, size }) => sum + servedBytes / size, 0);
  const copies = numbers.size === 0 ? null : rounded(sent / numbers.size);
  const offload =
    copies === null || viewers === 0 ? null : rounded(Math.max(0, 1 - copies / viewers));
  return { type: 'p2p.stats', data: { viewers, copiesPerSegment: copies, offload } };
}

function vodProgress({ broadcast, type: made, state, progress }: JobStatus): VodProgress {
  return { type: 'vod.progress', data: { recording: broadcast, made, state, progress } };
}

/** To a hundredth, so that what does not change for people is not told anew. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
