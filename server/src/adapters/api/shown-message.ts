import { type ChatMessage } from '@shoal/protocol';
import { z } from 'zod';
import { isAtLeast, type Rank } from '../../core/index.ts';
import { authorOf } from '../chat/chat-messages.ts';
import { type MessageRow } from '../database/message-table.ts';

/** A message as it is answered. */
export const MESSAGE: z.ZodType<ChatMessage> = z.object({
  id: z.string(),
  seq: z.number().describe('Its place: its number in the feed of viewers'),
  author: z.object({
    id: z.string(),
    name: z.string(),
    rank: z.enum(['viewer', 'moderator', 'streamer', 'admin']),
  }),
  text: z
    .string()
    .nullable()
    .describe('Plain text, never HTML. Null for one that was deleted, except for moderators'),
  at: z.number(),
  deletedAt: z.number().nullable(),
  deletedBy: z.string().nullable().describe('For moderators'),
});

/** What somebody of this rank sees of a message. */
export function shownMessage(row: MessageRow, rank: Rank): ChatMessage {
  const [deleted, moderates] = [row.deleted_at !== null, isAtLeast(rank, 'moderator')];
  return {
    ...{ id: row.id, seq: row.seq ?? 0, author: authorOf(row) },
    text: deleted && !moderates ? null : row.text,
    ...{ at: row.at, deletedAt: row.deleted_at },
    deletedBy: moderates ? row.deleted_by : null,
  };
}
