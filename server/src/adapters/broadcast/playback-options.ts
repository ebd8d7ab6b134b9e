/** A STUN or TURN server, as browsers take it (`RTCIceServer`). */
export type IceServer = {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
};

/** What players are told of the places where a channel can be played from. */
export type PlaybackOptions = {
  /** URL of the origin, or of the CDN before it, whose `/live/` has the playlists. Default: that of the origin that is followed by HTTP, else paths alone. */
  readonly hlsUrl?: string;
  /** URLs of trackers. Default: none. */
  readonly trackers?: readonly string[];
  /** Default: none. */
  readonly iceServers?: readonly IceServer[];
};

/** The URL of something that the origin names by its path. */
export function urlOf(path: string, { hlsUrl }: PlaybackOptions): string {
  return hlsUrl === undefined ? path : `${hlsUrl.replace(/\/+$/, '')}${path}`;
}
