import { type LivePath } from '@shoal/protocol';

/** A path of a playlist. */
export type ListPath = Extract<LivePath, { readonly type: 'playlist' | 'multivariant' }>;

/** Whether a playlist that is not there is one that its channel makes while it is live. */
export function isToCome(
  live: ListPath,
  channel: {
    readonly expectsMedia: boolean;
    readonly lowLatency: boolean;
    readonly recorded: boolean;
  },
): boolean {
  if (!channel.expectsMedia) return false;
  if (live.lowLatency === true) return channel.lowLatency;
  // Of a broadcast that is over nothing is expected to come.
  return live.recording === undefined || (live.recording === 'dvr' && channel.recorded);
}
