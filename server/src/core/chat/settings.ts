/** Who may write in a chat, from most to least. */
export const CHAT_MODES = ['everyone', 'accounts', 'followers', 'subscribers', 'off'] as const;

/** One of {@link CHAT_MODES}. */
export type ChatMode = (typeof CHAT_MODES)[number];

/** How the chat of a channel is run. */
export type ChatSettings = {
  readonly mode: ChatMode;
  /** Seconds between two messages of one viewer, 0–3,600. */
  readonly slowModeSeconds: number;
  /** Words that no message may have, whole and without regard to case; at most 500 of 50 characters. */
  readonly blockedWords: readonly string[];
};

/** What a chat begins with. */
export const DEFAULT_CHAT_SETTINGS: ChatSettings = {
  mode: 'everyone',
  slowModeSeconds: 0,
  blockedWords: [],
};
