/** Which P2P engine serves the player. */
export type EngineName = 'shoal' | 'p2p-media-loader';

/** Options of {@link createShoal}. */
export type ShoalOptions = {
  /** WebSocket URL of the tracker, `ws://` or `wss://`. */
  readonly tracker: string;
  /**
   * `shoal`, or `p2p-media-loader` for the stock engine on the same tracker (an optional peer
   * dependency, loaded only when chosen). Default `shoal`.
   */
  readonly engine?: EngineName;
  /** Start with P2P switched on. Default true; {@link Shoal.setP2P} changes it at any time. */
  readonly p2p?: boolean;
  /** Upload to other viewers at all. Default true. A viewer that does not upload still watches and still receives. */
  readonly upload?: boolean;
  /** Upload cap in kbit/s. Default none. */
  readonly uploadLimitKbps?: number;
  /** STUN and TURN servers. Default none: viewers of one network, and those with public addresses, still meet. */
  readonly iceServers?: readonly RTCIceServer[];
};
