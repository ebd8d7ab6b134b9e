import { type ChannelId } from '@shoal/protocol';

/** Names in Redis. Everything of an origin begins with `shoal:origin:`, and all of it expires. */
export const KEYS = {
  /** Sorted set of channels by when their origin last said so, Unix milliseconds. */
  channels: 'shoal:origin:channels',
  /** Hash: bytes by path. */
  media: (channel: ChannelId): string => `shoal:origin:media:${channel}`,
  /** Hash: playlists by path, `about`, and `place`, that of the last change. */
  lists: (channel: ChannelId): string => `shoal:origin:lists:${channel}`,
  /** Hash of what the status API tells beside that: `delivery`, `recordings`, `jobs`, `health`, `playback`, JSON. */
  reports: (channel: ChannelId): string => `shoal:origin:reports:${channel}`,
  /** Hash of what was served, added up over all delivery processes: `bytes` and `requests` by segment. */
  served: (channel: ChannelId): string => `shoal:origin:served:${channel}`,
} as const;

/** Fields of {@link KEYS.lists} that are no playlists. */
export const ABOUT = 'about';
export const PLACE = 'place';

/** Channels of publish and subscribe. */
export const TOPICS = {
  /** Changes of a channel's playlists. */
  lists: (channel: ChannelId): string => `shoal:origin:lists:${channel}`,
  /** Paths of playlists that are mirrored only where somebody wants them. */
  wanted: 'shoal:origin:wanted',
} as const;
