import { type RawBuilder, sql, type SqlBool } from 'kysely';

/** Where a page begins: after the row of this time and id. */
export type Cursor = { readonly at: number; readonly id: string };

/** A page of a list. */
export type Page = { readonly limit: number; readonly cursor: Cursor | undefined };

/** Rows of a page, and where the next one begins; undefined after the last. */
export type Paged<Row> = { readonly rows: readonly Row[]; readonly next: Cursor | undefined };

/** Makes a page of rows of which one more was asked for than fits. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => Cursor,
): Paged<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { rows: shown, next: more ? cursorOf(last) : undefined };
}

/** Of tables that are listed newest first: what comes after a cursor, all without one. */
export function below(cursor: Cursor | undefined): RawBuilder<SqlBool> {
  if (cursor === undefined) return sql<SqlBool>`1 = 1`;
  return sql<SqlBool>`(created_at, id) < (${cursor.at}, ${cursor.id})`;
}

/** Cursor of a row of such a table. */
export function cursorOf(row: { readonly created_at: number; readonly id: string }): Cursor {
  return { at: row.created_at, id: row.id };
}
