import { err, ok, type Result } from '@shoal/protocol';

/** Both included. */
export type Range = { readonly from: number; readonly to: number };

/** Reads the value of a flag that takes whole numbers, or says what is wrong with it. */
export function whole(flag: string, text: string, { from, to }: Range): Result<number, string> {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= from && number <= to
    ? ok(number)
    : err(`--${flag} must be a whole number from ${from} to ${to}, not ${text}`);
}
