import { type ChatAuthor } from './events.ts';

/** A message of a chat as it is kept. Times are Unix milliseconds. */
export type ChatMessage = {
  readonly id: string;
  /** Its place: its number in the feed of viewers. */
  readonly seq: number;
  readonly author: ChatAuthor;
  /** Plain text: to be shown as text, never as HTML. Null for one that was deleted, except for moderators. */
  readonly text: string | null;
  readonly at: number;
  readonly deletedAt: number | null;
  /** Who deleted it; for moderators. */
  readonly deletedBy: string | null;
};

/** What the server answers to `{ type: 'chat.send', ref, text }` of a reader of a feed. `ref` is the reader's own, for it to know which it is. */
export type ChatAnswer =
  | { readonly type: 'chat.ack'; readonly ref: string; readonly message: ChatMessage }
  | {
      readonly type: 'chat.refused';
      /** Null where the message had none that could be read. */
      readonly ref: string | null;
      readonly code: string;
      /** In words, for the writer. */
      readonly reason: string;
      /** Where time alone helps. */
      readonly retryAfterMs?: number;
    };
