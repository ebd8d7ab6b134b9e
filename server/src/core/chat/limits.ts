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
  blockedWords: 500,
  blockedWordLength: 50,
  slowModeSeconds: 3_600,
  /** How long it is remembered when somebody wrote: as long as it can matter, and a little. */
  writerMs: 3_660_000,
  /** Messages that are kept of a channel, beside those since the last look; the oldest are deleted. */
  keptMessages: 10_000,
  /** Reports that are kept of a channel. */
  keptReports: 1_000,
  /** Reports of one viewer in a channel that no moderator has resolved. */
  openReports: 20,
  /** UTF-16 units of the reason of a ban or a report. */
  reasonLength: 300,
  /** The longest time-out: two weeks. */
  timeOutSeconds: 1_209_600,
  /** Messages that are deleted with a ban. */
  deletedWithBan: 100,
  /** Of a channel. */
  moderators: 100,
  /** Of a channel, time-outs among them. */
  bans: 10_000,
  /** How often messages are looked for that are kept and not told, and old ones are deleted. */
  careMs: 10_000,
  /** Of those, how many at a time. */
  untoldBatch: 100,
  /** How often so many are looked for before a list is shown. */
  untoldBatches: 10,
} as const;
