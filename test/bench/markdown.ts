/** A Markdown table of these rows, the line below the head among them. */
export function markdown(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A figure in the unit of which `per` make one, or a dash where there is none. */
export function number(
  value: number | undefined,
  { per = 1, digits }: { readonly per?: number; readonly digits: number },
): string {
  return value === undefined ? '–' : (value / per).toFixed(digits);
}

/** What the last column of a table of bars says. */
export function verdictText(met: boolean | undefined): string {
  return met === undefined ? 'not measured' : met ? 'met' : '**missed**';
}
