import { err, ok, type Result } from '@shoal/protocol';
import { CHAT_LIMITS } from './limits.ts';

/** Control characters, which plain text does not have, and those that turn the direction of what follows, which can hide what is written. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** More marks on one letter than any script has: they run over the lines of others. */
const STACKED = /(\p{M}{4})\p{M}+/gu;

/** Makes one line of plain text of what somebody wrote (CHT-1); refuses what is empty or too long. Never HTML. */
export function plainText(written: string): Result<string, string> {
  if (written.length > 4 * CHAT_LIMITS.messageLength) return err(TOO_LONG);
  const text = written
    .replace(/\s+/gu, ' ')
    .replace(UNPRINTABLE, '')
    .replace(STACKED, '$1')
    .normalize('NFC')
    .trim();
  if (text === '') return err('the message is empty');
  return text.length > CHAT_LIMITS.messageLength ? err(TOO_LONG) : ok(text);
}

const TOO_LONG = `a message has at most ${CHAT_LIMITS.messageLength} characters`;

/** The first of these words that the text has, whole, without regard to case and to width or accents of its letters. */
export function blockedWord(text: string, words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const folded = ` ${fold(text)} `;
  return words.find((word) => {
    const whole = fold(word);
    // A word without letters and digits would be found in whatever has none.
    return whole !== '' && folded.includes(` ${whole} `);
  });
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
