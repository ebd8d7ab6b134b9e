import { z } from 'zod';
import { type Cursor, type Page } from '../database/page.ts';
import { ApiProblem } from './problems.ts';

/** Query parameters of lists. */
export const PAGE_QUERY: z.ZodObject<{
  limit: z.ZodDefault<z.ZodCoercedNumber>;
  cursor: z.ZodOptional<z.ZodString>;
}> = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe('Entries of a page'),
  cursor: z
    .string()
    .max(200)
    .optional()
    .describe('`next` of the page before; without one the list begins'),
});

/** Field of the answer in which the next page begins. */
export const NEXT: z.ZodNullable<z.ZodString> = z
  .string()
  .nullable()
  .describe('`cursor` of the next page; null after the last');

/** Reads the query; throws a 400 for a cursor that is none. */
export function readPage(query: z.output<typeof PAGE_QUERY>): Page {
  const { limit, cursor } = query;
  return { limit, cursor: cursor === undefined ? undefined : readCursor(cursor) };
}

/** What a client sends to get the next page. */
export function writeCursor(cursor: Cursor | undefined): string | null {
  if (cursor === undefined) return null;
  return Buffer.from(JSON.stringify([cursor.at, cursor.id])).toString('base64url');
}

/** No control characters, of which PostgreSQL takes not all. */
const CURSOR = z.tuple([z.number().int(), z.string().regex(/^[\x20-\x7e]{0,100}$/)]);

function readCursor(text: string): Cursor {
  try {
    const [at, id] = CURSOR.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { at, id };
  } catch {
    throw new ApiProblem(400, { code: 'invalid-cursor', detail: 'cursor is none of ours' });
  }
}
