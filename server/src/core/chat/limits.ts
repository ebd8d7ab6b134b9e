/** Limits of chats. */
export const CHAT_LIMITS = {
  /** UTF-16 units of a message. */
  messageLength: 500,
  /** Messages of one viewer in {@link rateWindowMs}, as Twitch allows. */
  messagesPerWindow: 20,
  /** Of one moderator. */
  moderatorMessagesPerWindow: 100,
  rateWindowMs: 30_000,
  /** Messages that newcomers are shown. */
  backlog: 100,
  /** Viewers of a channel whose rate is remembered; the one that has not written the longest is forgotten first. */
  ratedWriters: 10_000,
  blockedWords: 500,
  blockedWordLength: 50,
  slowModeSeconds: 3_600,
} as const;
