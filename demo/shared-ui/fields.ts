/** An object of unknown content: read field by field, each as unknown. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a value; none for what is no object. */
export function fieldsOf(value: unknown): Fields {
  // Only read from, field by field and as unknown.
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** A text; empty for what is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A number; undefined for what is none. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A list; empty for what is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
