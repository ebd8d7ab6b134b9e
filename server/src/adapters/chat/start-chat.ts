import { type Kysely } from 'kysely';
import { CHAT_LIMITS, type FeedLog } from '../../core/index.ts';
import { AudienceTable } from '../database/audience-table.ts';
import { BanTable } from '../database/ban-table.ts';
import { MessageTable } from '../database/message-table.ts';
import { ReportTable } from '../database/report-table.ts';
import { type Database } from '../database/schema.ts';
import { WriterTable } from '../database/writer-table.ts';
import { ChatMessages } from './chat-messages.ts';
import { Chat, type ChatPorts } from './chat.ts';

/** What chats need of the rest of the service. */
export type StartChatPorts = {
  readonly feed: FeedLog;
  readonly now: () => number;
  /** An id that was never given before. */
  readonly newId: () => string;
  readonly onError: (error: unknown) => void;
  readonly isSubscribed: ChatPorts['isSubscribed'];
  readonly onWritten?: ChatPorts['onWritten'];
};

/** What routes of chats have to do with. */
export type ChatParts = {
  readonly chat: Chat;
  readonly messages: ChatMessages;
  readonly bans: BanTable;
  readonly audience: AudienceTable;
  readonly reports: ReportTable;
};

/** Chats of all channels. */
export type RunningChat = ChatParts & { readonly close: () => Promise<void> };

/** Tells of what an earlier process kept and did not tell, and begins. */
export async function startChat(
  db: Kysely<Database>,
  { feed, now, newId, onError, isSubscribed, onWritten }: StartChatPorts,
): Promise<RunningChat> {
  const [table, bans, audience] = [new MessageTable(db), new BanTable(db), new AudienceTable(db)];
  const messages = new ChatMessages(table, feed);
  const writers = new WriterTable(db);
  const chat = new Chat({ messages, writers, audience, bans, isSubscribed, now, newId, onWritten });
  await messages.settle();
  let caring: Promise<void> = Promise.resolve();
  const care = async (): Promise<void> => {
    await messages.settle();
    await messages.trim();
    await bans.deleteExpired(now());
    await writers.deleteBefore(now() - CHAT_LIMITS.writerMs);
  };
  const timer = setInterval(() => {
    caring = caring.then(care).catch(onError);
  }, CHAT_LIMITS.careMs).unref();
  return {
    ...{ chat, messages, bans, audience, reports: new ReportTable(db) },
    close: async () => {
      clearInterval(timer);
      await caring;
    },
  };
}
