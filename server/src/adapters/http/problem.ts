import { STATUS_CODES } from 'node:http';

/** Media type of {@link problem}. */
export const PROBLEM_TYPE = 'application/problem+json';

/** An error body (RFC 9457). */
export function problem(status: number, detail: string): Readonly<Record<string, unknown>> {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
}
