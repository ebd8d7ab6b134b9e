/** Which P2P engine serves the player. */
export type EngineName = 'shoal' | 'p2p-media-loader';

/** What a viewer takes from others: see {@link ShoalOptions.integrity}. */
export type Integrity = 'verified' | 'none';

/** Options of {@link createShoal}. */
export type ShoalOptions = {
  /** WebSocket URL of the tracker, `ws://` or `wss://`. */
  readonly tracker: string;
  /**
   * `shoal`, or `p2p-media-loader` for the stock engine on the same tracker (an optional peer
   * dependency, loaded only when chosen). Default `shoal`.
   */
  readonly engine?: EngineName;
  /**
   * `verified`: only segments whose digests the origin lists are shared, all others come over HTTP.
   * `none`: segments of playlists without digests are shared too, and what a segment is, is taken from
   * the viewer that had it first: **a viewer can then show its own video to others**. What is encrypted
   * stays encrypted, and what the origin sends is always believed over what viewers say. Default `verified`.
   */
  readonly integrity?: Integrity;
  /**
   * With `integrity: 'none'`, the name under which viewers of one stream find each other: 1–64 characters
   * of `A-Z a-z 0-9 _ -`. Default: a hash of the URL of the playlist that the player is given, without
   * its query. Set it where viewers get the same stream under different hosts or paths. Playlists with
   * digests say themselves what they belong to.
   */
  readonly channel?: string;
  /** Start with P2P switched on. Default true; {@link Shoal.setP2P} changes it at any time. */
  readonly p2p?: boolean;
  /** Upload to other viewers at all. Default true. A viewer that does not upload still watches and still receives. */
  readonly upload?: boolean;
  /** Upload cap in kbit/s. Default none. */
  readonly uploadLimitKbps?: number;
  /** STUN and TURN servers. Default none: viewers of one network, and those with public addresses, still meet. */
  readonly iceServers?: readonly RTCIceServer[];
};
