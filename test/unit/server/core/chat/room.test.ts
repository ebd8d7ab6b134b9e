import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockedWord,
  CHAT_LIMITS,
  type ChatRefusal,
  type ChatSettings,
  DEFAULT_CHAT_SETTINGS,
  plainText,
  takeMessage,
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

/** A chat that remembers its writers, and what it says of one message. */
function room(settings: Partial<ChatSettings> = {}) {
  const all = { ...DEFAULT_CHAT_SETTINGS, ...settings };
  const known = new Map<string, readonly number[]>();
  return {
    known,
    say: (writer: Writer, now: number, text = 'hello'): string | ChatRefusal => {
      const times = known.get(writer.id) ?? [];
      const taken = takeMessage(text, { writer, settings: all, times }, now);
      if (!taken.ok) return taken.error;
      known.set(writer.id, taken.value.times);
      return taken.value.text;
    },
  };
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

  it('CHT-8 takes no more of a viewer than it may in any 30 s, though clocks of processes are apart', () => {
    const steps = fc.array(
      fc.record({ pass: fc.nat({ max: 3_000 }), skew: fc.integer({ min: -50, max: 50 }) }),
      { maxLength: 100 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const { known, say } = room();
        const taken: number[] = [];
        let at = 0;
        for (const { pass, skew } of all) {
          at += pass;
          if (say(VIEWER, at + skew) === 'hello') taken.push(at);
          const times = known.get(VIEWER.id) ?? [];
          expect(times).toEqual([...times].sort((a, b) => a - b));
          expect(times.length).toBeLessThanOrEqual(20);
        }
        for (const [i, begun] of taken.entries())
          expect((taken[i + 20] ?? Infinity) - begun).toBeGreaterThanOrEqual(29_900);
      }),
    );
  });
});
