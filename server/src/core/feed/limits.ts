/** Limits of feeds and of those who read them. */
export const FEED_LIMITS = {
  /** Numbered events that are kept of a feed, for readers who were away. */
  kept: 2_048,
  /** Bytes that may wait for a reader before it is sent no passing events. */
  passingWaitBytes: 65_536,
  /** Bytes that may wait for a reader before it is closed. */
  waitBytes: 1_048_576,
  /** Events of a feed that are sent in one piece when they come at the same moment. */
  together: 256,
  /** How often at most viewers are counted. */
  viewerCountMs: 5_000,
  /** How long it counts what a process said of its readers: three times as long as it takes it to say so again. */
  viewersExpireMs: 15_000,
  /** Nothing is longer silent than this. */
  keepAliveMs: 15_000,
  /** Connections of one process. */
  readers: 20_000,
  /** Bytes of a message of a reader. */
  messageBytes: 4_096,
  /** Messages of a reader in {@link messageWindowMs}, after which it is closed. */
  messagesPerWindow: 200,
  messageWindowMs: 30_000,
  /** How long an event may be on its way from another process while a later one is here already; then it is looked for in the log. */
  gapMs: 40,
  /** After the log could not be read it is read again. */
  readAgainMs: 1_000,
  /** How often feeds that have readers are compared with the log: what no other process told of is found then. */
  pollMs: 2_000,
  /** Events of a feed that wait for one before them; those beyond are read from the log. */
  ahead: 256,
  /** Feeds without readers whose place a process remembers. */
  idleLines: 10_000,
  /** Events that Redis was given and has not taken; those beyond are found in the log by the others. */
  unpublished: 4_096,
} as const;
