import { type ChannelStatus, type Stream } from '../../core/index.ts';

/** The stream that a status of an origin is about. */
export function streamOf({
  channel,
  state,
  since,
}: Pick<ChannelStatus, 'channel' | 'state' | 'since'>): Stream {
  if (state === 'starting' || state === 'live') return { channel, state: 'online', since };
  return { channel, state: state === 'interrupted' ? state : 'offline', since };
}
