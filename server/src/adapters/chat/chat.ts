import { type ChannelId, type ChatAuthor, err, ok, type Result } from '@shoal/protocol';
import {
  type Actor,
  type ChatMode,
  type ChatRefusal,
  type ChatSettings,
  isAtLeast,
  plainText,
  type Rank,
  takeMessage,
} from '../../core/index.ts';
import { type AudienceTable } from '../database/audience-table.ts';
import { type ChannelRow } from '../database/channel-table.ts';
import { type BanTable } from '../database/ban-table.ts';
import { type MessageRow } from '../database/message-table.ts';
import { type WriterTable } from '../database/writer-table.ts';
import { type ChatMessages } from './chat-messages.ts';

/** What a chat has to do with. */
export type ChatPorts = {
  readonly messages: ChatMessages;
  readonly writers: WriterTable;
  readonly audience: AudienceTable;
  readonly isSubscribed: (channel: ChannelId, user: string, now: number) => Promise<boolean>;
  readonly bans: BanTable;
  readonly now: () => number;
  /** An id that was never given before. */
  readonly newId: () => string;
  /** Counts what became of what was written. */
  readonly onWritten?: ((outcome: 'accepted' | ChatRefusal['code']) => void) | undefined;
};

/** Where somebody writes, and what they may do there. */
type Where = { readonly id: ChannelId; readonly row: ChannelRow; readonly rank: Rank };

/**
 * Takes messages of all channels. It remembers nothing of its own: who is banned, how the chat is run and when somebody wrote is read from
 * the database each time, so that several processes take no more than one would (CHT-8).
 */
export class Chat {
  readonly #ports: ChatPorts;

  constructor(ports: ChatPorts) {
    this.#ports = ports;
  }

  /** Takes what somebody wrote: the message in its place, or why it is refused. */
  async send(
    where: Where,
    actor: Actor,
    written: string,
  ): Promise<Result<MessageRow, ChatRefusal>> {
    const taken = await this.#take(where, actor, written);
    this.#ports.onWritten?.(taken.ok ? 'accepted' : taken.error.code);
    return taken;
  }

  async #take(
    where: Where,
    actor: Actor,
    written: string,
  ): Promise<Result<MessageRow, ChatRefusal>> {
    if (actor.type === 'anonymous')
      return err({ code: 'not-allowed', reason: 'only who is known may write' });
    const { messages, writers, now, newId } = this.#ports;
    const settings = settingsOf(where.row);
    const writer = await this.#writer(where, actor, settings.mode);
    const of = { channel: where.id, user: actor.id };
    // It ends: whenever another process was quicker, it took a message, of which there are not many.
    for (;;) {
      const before = await writers.find(of);
      const at = now();
      const taken = takeMessage(written, { writer, settings, times: before?.times ?? [] }, at);
      if (!taken.ok) return taken;
      const { text, times } = taken.value;
      if (!(await writers.put(of, times, before?.version))) continue;
      const { id, name, rank } = authorOf(actor, where.rank);
      return ok(
        await messages.post(where.id, {
          ...{ id: newId(), author_id: id, author_name: name, author_rank: rank },
          ...{ text, at, seq: null, deleted_at: null, deleted_by: null, untold: 1 },
        }),
      );
    }
  }

  async #writer({ id, rank }: Where, actor: Exclude<Actor, { type: 'anonymous' }>, mode: ChatMode) {
    const { audience, isSubscribed, bans, now } = this.#ports;
    const [user, guest] = [actor.id, actor.type === 'user' && actor.guest];
    const writer = { id: user, rank, guest, follows: false, subscribed: false };
    if (isAtLeast(rank, 'moderator')) return writer;
    const chosen = mode === 'followers' || mode === 'subscribers';
    const ban = await bans.find(id, user, now());
    return {
      ...writer,
      follows: mode === 'followers' && (await audience.follows(id, user)) !== undefined,
      subscribed: chosen && (await isSubscribed(id, user, now())),
      silencedUntil: ban === undefined ? undefined : (ban.until ?? Infinity),
    };
  }
}

/** Who writes, as others see it: the id of the token, never what a message says. */
function authorOf(actor: Exclude<Actor, { type: 'anonymous' }>, rank: Rank): ChatAuthor {
  const name = plainText(actor.type === 'user' ? actor.name : actor.id);
  return {
    id: actor.id,
    name: name.ok ? name.value : actor.id,
    rank: rank === 'anonymous' ? 'viewer' : rank,
  };
}

/** How the chat of a channel is run. */
export function settingsOf(row: ChannelRow): ChatSettings {
  return {
    mode: row.chat_mode as ChatMode, // written from one
    slowModeSeconds: row.chat_slow_seconds,
    blockedWords: JSON.parse(row.chat_blocked_words) as string[], // written from one
  };
}
