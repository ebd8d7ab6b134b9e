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
