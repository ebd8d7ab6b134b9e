import { type Logger } from 'kysely';

/** What a query was, and how long it took. Never its text or parameters. */
export type OnQuery = (
  kind: 'select' | 'insert' | 'update' | 'delete' | 'other',
  ms: number,
) => void;

const KINDS: Readonly<Record<string, Parameters<OnQuery>[0]>> = {
  SelectQueryNode: 'select',
  InsertQueryNode: 'insert',
  UpdateQueryNode: 'update',
  DeleteQueryNode: 'delete',
};

/** Hears of queries in Kysely’s way. */
export function queryLog(onQuery: OnQuery | undefined): Logger {
  return ({ query, queryDurationMillis }) =>
    onQuery?.(KINDS[query.query.kind] ?? 'other', queryDurationMillis);
}
