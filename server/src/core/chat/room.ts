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
  /** What was remembered of the writer when the last message was taken, wherever that was. */
  readonly times: readonly Millis[];
};

/** A message that is taken. */
export type Taken = {
  /** To be shown. */
  readonly text: string;
  /** When the writer wrote lately, this time too: to be remembered. */
  readonly times: readonly Millis[];
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
 * Says of a message whether it is taken (CHT-2 to CHT-5), by what all processes remember of its writer. Moderators and above are bound by
 * nothing but a higher rate.
 */
export function takeMessage(written: string, by: Written, now: Millis): Result<Taken, ChatRefusal> {
  const { writer, settings } = by;
  const text = plainText(written);
  if (!text.ok) return err({ code: 'invalid-message', reason: text.error });
  const privileged = isAtLeast(writer.rank, 'moderator');
  if (!privileged) {
    const refusal = whyNot(text.value, by, now);
    if (refusal !== undefined) return err(refusal);
  }
  const slowMs = privileged ? 0 : settings.slowModeSeconds * 1000;
  const last = by.times.at(-1);
  if (last !== undefined && now - last < slowMs)
    return err({
      code: 'slow-mode',
      reason: `slow mode: one message each ${settings.slowModeSeconds} s`,
      retryAfterMs: last + slowMs - now,
    });
  const times = by.times.filter((at) => now - at < CHAT_LIMITS.rateWindowMs);
  const most = privileged ? CHAT_LIMITS.moderatorMessagesPerWindow : CHAT_LIMITS.messagesPerWindow;
  const [first] = times;
  if (times.length >= most && first !== undefined)
    return err({
      code: 'rate-limited',
      reason: `at most ${most} messages in ${CHAT_LIMITS.rateWindowMs / 1000} s`,
      retryAfterMs: first + CHAT_LIMITS.rateWindowMs - now,
    });
  // Clocks of processes are a little apart.
  return ok({ text: text.value, times: [...times, now].sort((a, b) => a - b) });
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
