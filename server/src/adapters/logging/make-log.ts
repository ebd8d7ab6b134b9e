import pino, { type Logger } from 'pino';
import { safeError } from './safe-error.ts';

/** Levels of logs, the quietest first. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Where lines go; each is JSON and ends with a line feed. */
export type LogTo = { readonly write: (line: string) => void };

/** Names under which nothing is logged on purpose: a second line behind those who choose what is logged. */
const NEVER = [
  ...['authorization', 'cookie', 'token', 'adminToken', 'password', 'passphrase', 'secret'],
  ...['secrets', 'streamKey', 'privateKey', 'idempotencyKey', 'query', 'body', 'headers', 'text'],
];

/** A log of JSON lines, on standard output unless said otherwise. Of errors it says what {@link safeError} does (OPS-2). */
export function makeLog(level: LogLevel, to?: LogTo): Logger {
  const options = {
    ...{ level, base: null },
    serializers: { err: (error: unknown) => safeError(error) },
    redact: { paths: NEVER.flatMap((name) => [name, `*.${name}`]), censor: '(secret)' },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
