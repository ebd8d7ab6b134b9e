import { err, ok, type Result } from '@shoal/protocol';
import { isAtLeast, type Rank } from '../access/rank.ts';
import { CHAT_LIMITS } from './limits.ts';
import { type ChatMode, type ChatSettings } from './settings.ts';
import { blockedWord, plainText } from './text.ts';

/** Milliseconds since the Unix epoch. */
type Millis = number;

/** Somebody who writes, and what is known of them in this channel. */
export type Writer = {
  readonly id: string;
  readonly rank: Rank;
  readonly guest: boolean;
  readonly follows: boolean;
  readonly subscribed: boolean;
  /** Until when they may not write; Infinity for a ban. */
  readonly silencedUntil?: Millis | undefined;
};

/** A message as it comes in. */
export type Written = {
  readonly writer: Writer;
  readonly settings: ChatSettings;
  /** When the writer last wrote, as far as others know it: other processes, or this one before it was started. Oldest first. */
  readonly lately?: readonly Millis[];
};

/** Why a message is not taken; `retryAfterMs` where time alone helps. */
export type ChatRefusal = {
  readonly code:
    | 'invalid-message'
    | 'not-allowed'
    | 'banned'
    | 'timed-out'
    | 'slow-mode'
    | 'rate-limited'
    | 'blocked-word';
  readonly reason: string;
  readonly retryAfterMs?: number;
};

const NEEDS: Readonly<Record<Exclude<ChatMode, 'everyone'>, string>> = {
  accounts: 'only viewers with an account may write',
  followers: 'only followers may write',
  subscribers: 'only subscribers may write',
  off: 'the chat is closed',
};

/**
 * Says of each message of a channel whether it is taken (CHT-2 to CHT-5), and remembers when its writers wrote. Moderators and above
 * are bound by nothing but a higher rate.
 */
export class ChatRoom {
  /** Times of the last messages of each writer, oldest first; writers in the order in which they last wrote. */
  readonly #written = new Map<string, Millis[]>();

  /** How many writers it remembers. */
  get size(): number {
    return this.#written.size;
  }

  /** The text to show, or why it is refused. What is taken counts from then on. */
  take(written: string, by: Written, now: Millis): Result<string, ChatRefusal> {
    const { writer, settings, lately = [] } = by;
    const text = plainText(written);
    if (!text.ok) return err({ code: 'invalid-message', reason: text.error });
    const privileged = isAtLeast(writer.rank, 'moderator');
    if (!privileged) {
      const refusal = whyNot(text.value, by, now);
      if (refusal !== undefined) return err(refusal);
    }
    const all = union(this.#written.get(writer.id) ?? [], lately);
    const times = all.filter((at) => now - at < CHAT_LIMITS.rateWindowMs);
    const slowMs = privileged ? 0 : settings.slowModeSeconds * 1000;
    const last = all.at(-1);
    if (last !== undefined && now - last < slowMs)
      return err({
        code: 'slow-mode',
        reason: `slow mode: one message each ${settings.slowModeSeconds} s`,
        retryAfterMs: last + slowMs - now,
      });
    const most = privileged
      ? CHAT_LIMITS.moderatorMessagesPerWindow
      : CHAT_LIMITS.messagesPerWindow;
    const [first] = times;
    if (times.length >= most && first !== undefined)
      return err({
        code: 'rate-limited',
        reason: `at most ${most} messages in ${CHAT_LIMITS.rateWindowMs / 1000} s`,
        retryAfterMs: first + CHAT_LIMITS.rateWindowMs - now,
      });
    this.#remember(writer.id, [...times, now]);
    return ok(text.value);
  }

  #remember(id: string, times: Millis[]): void {
    this.#written.delete(id);
    this.#written.set(id, times);
    if (this.#written.size <= CHAT_LIMITS.ratedWriters) return;
    const [oldest] = this.#written.keys();
    if (oldest !== undefined) this.#written.delete(oldest);
  }
}

function whyNot(text: string, { writer, settings }: Written, now: Millis): ChatRefusal | undefined {
  const { silencedUntil } = writer;
  if (silencedUntil === Infinity)
    return { code: 'banned', reason: 'you are banned from this chat' };
  if (silencedUntil !== undefined && silencedUntil > now)
    return {
      code: 'timed-out',
      reason: 'a moderator has put you in time-out',
      retryAfterMs: silencedUntil - now,
    };
  if (!admits(settings.mode, writer))
    return {
      code: 'not-allowed',
      reason: settings.mode === 'everyone' ? 'you may not write here' : NEEDS[settings.mode],
    };
  if (blockedWord(text, settings.blockedWords) !== undefined)
    return { code: 'blocked-word', reason: 'the message has a word that is not allowed here' };
  return undefined;
}

function admits(mode: ChatMode, { rank, guest, follows, subscribed }: Writer): boolean {
  if (rank === 'anonymous') return false;
  switch (mode) {
    case 'everyone':
      return true;
    case 'accounts':
      return !guest;
    case 'followers':
      return follows || subscribed;
    case 'subscribers':
      return subscribed;
    case 'off':
      return false;
  }
}

/** Both lists in one, oldest first; what is in both is there once, since both remember the same messages. */
function union(a: readonly Millis[], b: readonly Millis[]): Millis[] {
  const all: Millis[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [x = Infinity, y = Infinity] = [a[i], b[j]];
    const next = Math.min(x, y);
    if (next === Infinity) return all;
    all.push(next);
    if (x === next) i += 1;
    if (y === next) j += 1;
  }
}
