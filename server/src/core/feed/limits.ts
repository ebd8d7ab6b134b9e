/** Limits of feeds and of those who read them. */
export const FEED_LIMITS = {
  /** Numbered events that are kept of a feed, for readers who were away. */
  kept: 2_048,
  /** Bytes that may wait for a reader before it is sent no passing events. */
  passingWaitBytes: 65_536,
  /** Bytes that may wait for a reader before it is closed. */
  waitBytes: 1_048_576,
  /** How often at most viewers are counted. */
  viewerCountMs: 5_000,
  /** Nothing is longer silent than this. */
  keepAliveMs: 15_000,
  /** Connections of one process. */
  readers: 20_000,
  /** Bytes of a message of a reader. */
  messageBytes: 4_096,
  /** Messages of a reader in {@link messageWindowMs}, after which it is closed. */
  messagesPerWindow: 200,
  messageWindowMs: 30_000,
} as const;
