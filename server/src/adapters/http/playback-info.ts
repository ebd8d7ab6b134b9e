import { type ChannelId } from '@shoal/protocol';
import { playlistPath } from '../../core/index.ts';
import { type SigningKey } from '../keys/signing-keys.ts';

/** What a player must know of a channel to play it; paths are of the host that says so. */
export type PlaybackInfo = {
  readonly channel: ChannelId;
  /** Multivariant playlists: live, of low latency, and of what was on just now; those that the channel has not got are absent. */
  readonly hls: string;
  readonly lowLatency?: string;
  readonly dvr?: string;
  /** With what segments are signed (SEG-14). All keys are good; the first is the one that signs now. */
  readonly signing: { readonly algorithm: 'Ed25519'; readonly keys: readonly SigningKey[] };
};

/** Puts it together. */
export function playbackInfo(
  channel: ChannelId,
  has: {
    readonly lowLatency: boolean;
    readonly dvr: boolean;
    readonly keys: readonly SigningKey[];
  },
): PlaybackInfo {
  return {
    channel,
    hls: playlistPath(channel),
    ...(has.lowLatency && { lowLatency: playlistPath(channel, undefined, 'll') }),
    ...(has.dvr && { dvr: playlistPath(channel, undefined, 'dvr') }),
    signing: { algorithm: 'Ed25519', keys: has.keys },
  };
}
