import type { ChannelState } from '../shared-ui/origin-api.ts';

/** What the origin last said of the channel. */
export type ChannelNews = ChannelState | 'unknown-channel' | 'unreachable';

/** What the player is doing. */
export type PlayerNews = 'closed' | 'opening' | 'playing' | 'stalled' | 'ended';

/** What the page shows over the video, and whether the player should run. */
export type Phase =
  | {
      readonly type: 'waiting';
      readonly title: string;
      readonly detail: string;
      /** Whether nothing is on, and nothing is about to be. */
      readonly isOff: boolean;
    }
  | { readonly type: 'opening' }
  | {
      readonly type: 'playing';
      /** False while playback stands still because nothing new arrives. */
      readonly live: boolean;
      readonly notice: string | undefined;
    };

/** Whether there is anything to play: an interrupted channel still has its last seconds. */
export function isOnAir(channel: ChannelNews): boolean {
  return channel === 'live' || channel === 'interrupted';
}

/** Derives what to show. A player that still has media goes on, whatever the origin says. */
export function phaseOf(channel: ChannelNews, player: PlayerNews): Phase {
  if (player === 'playing') return { type: 'playing', live: true, notice: undefined };
  if (player === 'stalled' && channel !== 'ended' && channel !== 'idle')
    return { type: 'playing', live: channel === 'live', notice: STALL_NOTICES[channel] };
  if (player === 'opening' && isOnAir(channel)) return { type: 'opening' };
  return { type: 'waiting', ...WAITING[channel], isOff: channel === 'idle' || channel === 'ended' };
}

const STALL_NOTICES: Readonly<Record<Exclude<ChannelNews, 'ended' | 'idle'>, string>> = {
  live: 'Loading…',
  starting: 'The streamer is back. One moment…',
  interrupted: 'The streamer lost the connection. Waiting for the stream to return…',
  unreachable: 'The server does not answer. Trying again…',
  'unknown-channel': 'This channel is gone.',
};

const WAITING: Readonly<Record<ChannelNews, { readonly title: string; readonly detail: string }>> =
  {
    idle: {
      title: 'The channel is not live yet',
      detail: 'Waiting… Playback begins by itself when the stream starts.',
    },
    starting: { title: 'The stream is starting', detail: 'The first seconds are on their way.' },
    live: { title: 'Connecting', detail: 'Trying again in a moment.' },
    interrupted: {
      title: 'The stream is interrupted',
      detail: 'Waiting… Playback goes on by itself when the streamer is back.',
    },
    ended: {
      title: 'The broadcast has ended',
      detail: 'Waiting… Playback begins by itself when the next one starts.',
    },
    unreachable: {
      title: 'The server does not answer',
      detail: 'Trying again every two seconds. Check your connection if this lasts.',
    },
    'unknown-channel': {
      title: 'There is no such channel',
      detail: 'Check the address of this page.',
    },
  };
