import { type ChannelId } from '@shoal/protocol';
import { type LifecycleState } from './lifecycle.ts';
import { type ChannelStatus } from './messages.ts';
import { type Timeline } from './timeline.ts';

/** How a channel is, as the status API tells it. */
export function channelStatus(
  channel: ChannelId,
  of: {
    readonly lifecycle: LifecycleState;
    readonly timeline: Timeline;
    /** Why it is so. */
    readonly reason: string | undefined;
    /** The newest segment. */
    readonly last: { readonly epoch: number; readonly lastMsn: number } | undefined;
  },
): ChannelStatus {
  const { state, since } = of.lifecycle;
  const { targetDuration } = of.timeline;
  return {
    ...{ channel, state, since },
    ...(of.reason !== undefined && { reason: of.reason }),
    renditions: of.timeline.renditions(),
    ...of.last,
    ...(targetDuration !== undefined && { targetDurationMs: targetDuration * 1000 }),
  };
}
