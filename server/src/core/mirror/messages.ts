import { type ChannelStatus } from '../channel/messages.ts';
import { type LiveObject } from '../ports.ts';

/** What of a channel has no path: how it is, and which playlists it can have. */
export type ChannelAbout = {
  readonly status: ChannelStatus;
  /** True while viewers may expect a playlist soon. */
  readonly expectsMedia: boolean;
  /** Whether there are playlists of low latency, and of what was on just now. */
  readonly lowLatency: boolean;
  readonly recorded: boolean;
};

/** A playlist under its path: as it is, to be read apart since it is large, or taken away. */
export type MirroredList =
  { readonly type: 'here'; readonly object: LiveObject } | { readonly type: 'large' | 'gone' };

/** Where in the order of all changes of a channel something is. */
export type Place = {
  /** Unix milliseconds at which the process began that tells it. */
  readonly run: number;
  /** Counts the changes that this process told, without a gap. */
  readonly seq: number;
};

/** What is told of a channel. A beat only says what was the last change. */
export type MirrorMessage = Place &
  (
    | { readonly type: 'beat' }
    | { readonly type: 'list'; readonly path: string; readonly list: MirroredList }
    | { readonly type: 'about'; readonly about: ChannelAbout }
  );
