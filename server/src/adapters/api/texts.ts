import { z } from 'zod';

/** No control characters, and no half of a character: not every database takes them. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** A line of text that somebody may write. */
export function line(max: number): z.ZodString {
  return z
    .string()
    .trim()
    .max(max)
    .refine((text) => PRINTABLE.test(text), 'it has characters that cannot be printed');
}

/** An id of anything, as a user, a message or a report. */
export const ID: z.ZodString = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .describe('1 to 64 characters of A-Z a-z 0-9 _ -');
