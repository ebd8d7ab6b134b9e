import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockedWord,
  CHAT_LIMITS,
  type ChatRefusal,
  ChatRoom,
  type ChatSettings,
  DEFAULT_CHAT_SETTINGS,
  plainText,
  type Writer,
} from '@shoal/server/core';

const VIEWER: Writer = {
  id: 'vi',
  rank: 'viewer',
  guest: false,
  follows: false,
  subscribed: false,
};
const MODERATOR: Writer = { ...VIEWER, id: 'mo', rank: 'moderator' };

/** A room, and what it says of one message. */
function room(settings: Partial<ChatSettings> = {}) {
  const chat = new ChatRoom();
  const all = { ...DEFAULT_CHAT_SETTINGS, ...settings };
  return {
    chat,
    say: (writer: Writer, now: number, text = 'hello'): string | ChatRefusal => {
      const taken = chat.take(text, { writer, settings: all }, now);
      return taken.ok ? taken.value : taken.error;
    },
    /** As {@link say}, with what others know of the writer. */
    sayAfter: (lately: readonly number[], now: number): string | ChatRefusal => {
      const taken = chat.take('hello', { writer: VIEWER, settings: all, lately }, now);
      return taken.ok ? taken.value : taken.error;
    },
  };
}

/** How many times are in one of the lists more than once, each as often as in the list that has it oftenest. */
function duplicates(a: readonly number[], b: readonly number[]): number {
  const often = (list: readonly number[], time: number): number =>
    list.filter((other) => other === time).length;
  return [...new Set([...a, ...b])]
    .map((time) => Math.max(often(a, time), often(b, time)) - 1)
    .reduce((sum, more) => sum + more, 0);
}

describe('the text of a message', () => {
  it('CHT-1 is one line of plain text', () => {
    expect(plainText('  a\n\tb  ')).toEqual({ ok: true, value: 'a b' });
    expect(plainText('a\u0000\u202eb')).toEqual({ ok: true, value: 'ab' });
    expect(plainText('<b>x</b>')).toEqual({ ok: true, value: '<b>x</b>' });
    expect(plainText(`e${'\u0301'.repeat(50)}`)).toMatchObject({ ok: true });
    expect(plainText(' \u200e ').ok).toBe(false);
    expect(plainText('x'.repeat(CHAT_LIMITS.messageLength)).ok).toBe(true);
    expect(plainText('x'.repeat(CHAT_LIMITS.messageLength + 1)).ok).toBe(false);
  });

  it('CHT-1 never throws, never is longer than it may be, and has no control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (written) => {
        const text = plainText(written);
        if (!text.ok) return;
        expect(text.value.length).toBeLessThanOrEqual(CHAT_LIMITS.messageLength);
        expect(text.value).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('CHT-5 blocked words are found whole, whatever their case, width and accents', () => {
    const words = ['spam', 'très mal'];
    expect(blockedWord('This is SPAM!', words)).toBe('spam');
    expect(blockedWord('ｓｐａｍ', words)).toBe('spam');
    expect(blockedWord('sp\u200bam', words)).toBe('spam');
    expect(blockedWord('tres   MAL.', words)).toBe('très mal');
    expect(blockedWord('spammer', words)).toBeUndefined();
  });

  it('CHT-5 a word without letters and digits blocks nothing', () => {
    expect(blockedWord('!!!', ['?', ''])).toBeUndefined();
    expect(blockedWord('👋', ['👎'])).toBeUndefined();
  });
});

describe('a chat room', () => {
  it('CHT-2 takes what its mode allows', () => {
    const guest = { ...VIEWER, guest: true };
    const follower = { ...VIEWER, follows: true };
    const subscriber = { ...VIEWER, subscribed: true };
    const open = (mode: ChatSettings['mode'], writer: Writer): boolean =>
      room({ mode }).say(writer, 0) === 'hello';
    expect(open('everyone', guest)).toBe(true);
    expect([open('accounts', guest), open('accounts', VIEWER)]).toEqual([false, true]);
    expect([open('followers', VIEWER), open('followers', follower)]).toEqual([false, true]);
    expect([open('subscribers', follower), open('subscribers', subscriber)]).toEqual([false, true]);
    expect([open('off', subscriber), open('off', MODERATOR)]).toEqual([false, true]);
    expect(open('everyone', { ...VIEWER, rank: 'anonymous' })).toBe(false);
  });

  it('CHT-3 takes 20 messages in 30 s of a viewer and 100 of a moderator, and says when the next may come', () => {
    const { say } = room();
    for (let i = 0; i < 20; i++) expect(say(VIEWER, i * 100)).toBe('hello');
    expect(say(VIEWER, 2_000)).toMatchObject({ code: 'rate-limited', retryAfterMs: 28_000 });
    expect(say(VIEWER, 30_000)).toBe('hello');
    for (let i = 0; i < 100; i++) expect(say(MODERATOR, 0)).toBe('hello');
    expect(say(MODERATOR, 1)).toMatchObject({ code: 'rate-limited' });
  });

  it('CHT-4 in slow mode one message at a time, but for moderators', () => {
    const { say } = room({ slowModeSeconds: 60 });
    expect(say(VIEWER, 0)).toBe('hello');
    expect(say(VIEWER, 59_999)).toMatchObject({ code: 'slow-mode', retryAfterMs: 1 });
    expect(say(VIEWER, 60_000)).toBe('hello');
    expect([say(MODERATOR, 0), say(MODERATOR, 1)]).toEqual(['hello', 'hello']);
  });

  it('CHT-4 what was refused does not count', () => {
    const { say } = room({ slowModeSeconds: 10 });
    expect(say(VIEWER, 0, '')).toMatchObject({ code: 'invalid-message' });
    expect(say(VIEWER, 1)).toBe('hello');
    expect(say(VIEWER, 9_000)).toMatchObject({ code: 'slow-mode' });
    expect(say(VIEWER, 10_001)).toBe('hello');
  });

  it('CHT-5 refuses those who are silenced, and blocked words', () => {
    const { say } = room({ blockedWords: ['spam'] });
    expect(say({ ...VIEWER, silencedUntil: Infinity }, 0)).toMatchObject({ code: 'banned' });
    const out = { ...VIEWER, silencedUntil: 5_000 };
    expect(say(out, 1_000)).toMatchObject({ code: 'timed-out', retryAfterMs: 4_000 });
    expect(say(out, 5_000)).toBe('hello');
    expect(say(VIEWER, 6_000, 'SPAM')).toMatchObject({ code: 'blocked-word' });
    expect(say(MODERATOR, 6_000, 'SPAM')).toBe('SPAM');
  });

  it('CHT-8 what a writer wrote elsewhere or before counts, and what both know of counts once', () => {
    const { sayAfter } = room();
    const elsewhere = Array.from({ length: 10 }, (_, i) => i);
    for (let i = 0; i < 10; i++) expect(sayAfter(elsewhere, 100)).toBe('hello');
    const all = [...elsewhere, ...Array.from({ length: 10 }, () => 100)];
    expect(sayAfter(all, 200)).toMatchObject({ code: 'rate-limited', retryAfterMs: 29_800 });
    expect(sayAfter(all, 30_000)).toBe('hello');
    const slow = room({ slowModeSeconds: 60 });
    expect(slow.sayAfter([10_000], 69_999)).toMatchObject({ code: 'slow-mode', retryAfterMs: 1 });
    expect(slow.sayAfter([10_000], 70_000)).toBe('hello');
  });

  it('CHT-8 never takes more of a viewer than it may, whoever took them', () => {
    const times = fc.array(fc.nat({ max: 29_999 }), { maxLength: 40 });
    fc.assert(
      fc.property(times, times, (here, elsewhere) => {
        const { chat, say, sayAfter } = room();
        const own = [...here].sort((a, b) => a - b).filter((at) => say(VIEWER, at) === 'hello');
        const theirs = [...elsewhere].sort((a, b) => a - b);
        const taken = sayAfter(theirs, 29_999) === 'hello';
        expect(taken).toBe(new Set([...own, ...theirs]).size + duplicates(own, theirs) < 20);
        expect(chat.size).toBe(own.length > 0 || taken ? 1 : 0);
      }),
    );
  });

  it('remembers no more writers than it may', () => {
    const { chat, say } = room();
    for (let i = 0; i < CHAT_LIMITS.ratedWriters + 5; i++) say({ ...VIEWER, id: `v${i}` }, i);
    expect(chat.size).toBe(CHAT_LIMITS.ratedWriters);
  });
});
