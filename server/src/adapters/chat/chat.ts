import { type ChannelId, type ChatAuthor, err, ok, type Result } from '@shoal/protocol';
import {
  type Actor,
  CHAT_LIMITS,
  type ChatMode,
  type ChatRefusal,
  ChatRoom,
  type ChatSettings,
  isAtLeast,
  plainText,
  type Rank,
} from '../../core/index.ts';
import { type AudienceTable } from '../database/audience-table.ts';
import { type ChannelRow } from '../database/channel-table.ts';
import { type MessageRow, type MessageTable } from '../database/message-table.ts';
import { type ChatMessages } from './chat-messages.ts';
import { type Silences } from './silences.ts';

/** What a chat has to do with. */
export type ChatPorts = {
  readonly messages: ChatMessages;
  readonly table: MessageTable;
  readonly audience: AudienceTable;
  readonly isSubscribed: (channel: ChannelId, user: string, now: number) => Promise<boolean>;
  readonly silences: Silences;
  readonly now: () => number;
  /** An id that was never given before. */
  readonly newId: () => string;
  /** Counts what became of what was written. */
  readonly onWritten?: ((outcome: 'accepted' | ChatRefusal['code']) => void) | undefined;
};

/** Where somebody writes, and what they may do there. */
type Where = { readonly id: ChannelId; readonly row: ChannelRow; readonly rank: Rank };

/** Takes messages of all channels. */
export class Chat {
  readonly #ports: ChatPorts;
  /** In the order in which they were last written in. */
  readonly #rooms = new Map<ChannelId, ChatRoom>();

  constructor(ports: ChatPorts) {
    this.#ports = ports;
  }

  /** How many channels it remembers the writers of. */
  get rooms(): number {
    return this.#rooms.size;
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
    const { messages, now, newId } = this.#ports;
    const settings = settingsOf(where.row);
    const [writer, lately] = [
      await this.#writer(where, actor, settings.mode),
      await this.#lately(where.id, actor.id, settings),
    ];
    const at = now();
    const text = this.#room(where.id).take(written, { writer, settings, lately }, at);
    if (!text.ok) return text;
    const { id, name, rank } = authorOf(actor, where.rank);
    return ok(
      await messages.post(where.id, {
        ...{ id: newId(), author_id: id, author_name: name, author_rank: rank },
        ...{ text: text.value, at, seq: null, deleted_at: null, deleted_by: null, untold: 1 },
      }),
    );
  }

  async #writer({ id, rank }: Where, actor: Exclude<Actor, { type: 'anonymous' }>, mode: ChatMode) {
    const { audience, isSubscribed, silences, now } = this.#ports;
    const [user, guest] = [actor.id, actor.type === 'user' && actor.guest];
    const writer = { id: user, rank, guest, follows: false, subscribed: false };
    if (isAtLeast(rank, 'moderator')) return writer;
    const chosen = mode === 'followers' || mode === 'subscribers';
    return {
      ...writer,
      follows: mode === 'followers' && (await audience.follows(id, user)) !== undefined,
      subscribed: chosen && (await isSubscribed(id, user, now())),
      silencedUntil: await silences.until(id, user),
    };
  }

  /** Other processes and those before took messages too: what they took is in the database. */
  #lately(channel: ChannelId, author: string, settings: ChatSettings): Promise<number[]> {
    const { table, now } = this.#ports;
    const reach = Math.max(CHAT_LIMITS.rateWindowMs, settings.slowModeSeconds * 1000);
    const limit = CHAT_LIMITS.moderatorMessagesPerWindow;
    return table.times({ channel, author }, { since: now() - reach, limit });
  }

  #room(channel: ChannelId): ChatRoom {
    const room = this.#rooms.get(channel) ?? new ChatRoom();
    this.#rooms.delete(channel);
    this.#rooms.set(channel, room);
    if (this.#rooms.size > CHAT_LIMITS.rooms) {
      const [oldest] = this.#rooms.keys();
      if (oldest !== undefined) this.#rooms.delete(oldest);
    }
    return room;
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
