/** Limits of broadcasts, stream keys and what is known of streams. */
export const BROADCAST_LIMITS = {
  /** Broadcasts of a channel that are to come. */
  planned: 100,
  /** Broadcasts of a channel that are over; the oldest go beyond. */
  kept: 1_000,
  titleLength: 140,
  /** Stream keys of a channel that are valid. */
  keys: 10,
  /** How long at most a key is valid beside the one that replaced it: a week. */
  keyGraceMs: 604_800_000,
  /** How long it is remembered that a key was: 30 days. */
  revokedKeyMs: 2_592_000_000,
  /** A key that was used so long before a stream began may be the one that it was begun with. */
  keyUseMs: 60_000,
  /** Somebody who was let in so lately may be on the way still, and is dropped once more. */
  keyLateMs: 5_000,
  /** How often it is asked which streams there are. */
  lookMs: 2_000,
  /** What an origin said earlier than what is known is not believed for so long. */
  staleMs: 10_000,
  /** Announcements that are told in one go. */
  batch: 100,
  /** Channels whose health, or recordings, are asked for in one look, and how many at a time. */
  reportsPerLook: 128,
  reportsAtOnce: 8,
  /** How often at most the streamer is told of the health of a stream. */
  healthMs: 10_000,
  /** How long a viewer counts that said how playback goes. */
  playbackMs: 60_000,
  /** How long what the viewers of another process said is believed. */
  shareMs: 15_000,
  /** Viewers of a channel, and in all, whose playback is remembered. */
  playbackViewers: 5_000,
  playbackChannels: 1_024,
  /** Stalls or errors in one message of a viewer; more are none. */
  playbackCount: 10_000,
  /** An origin that is asked by HTTP: until its answer is there, and how long that may be. */
  originMs: 5_000,
  originBytes: 8_388_608,
  /** What it said is taken for what it says for so long, and how much of that is remembered. */
  rememberMs: 1_000,
  remembered: 512,
  /** VODs of a channel of which it is remembered that viewers were told. */
  vods: 2_048,
  /** How long after the end of a stream its recording is looked for. */
  vodMs: 3_600_000,
} as const;
