import { ErrorReply } from '@redis/client';
import { safeReason } from '../logging/safe-error.ts';

/** Why Redis fails, for logs. Of what it answered the first word, as `OOM`: after it, it may repeat arguments. */
export function redisReason(error: unknown): string {
  if (error instanceof ErrorReply) return /^[A-Z]{2,20}\b/.exec(error.message)?.[0] ?? 'refused';
  return safeReason(error);
}
