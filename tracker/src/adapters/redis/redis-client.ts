import { createClient, type RedisClientType } from '@redis/client';
import type { Log } from '../../config.ts';

export type RedisConnection = RedisClientType;

const CONNECT_MS = 3_000;
const RETRY_MOST_MS = 1_000;

/** A connection that comes back by itself, and meanwhile rejects rather than lets commands pile up. */
export function openRedis(url: string, log: Log): RedisConnection {
  const client: RedisConnection = createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_MS,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, RETRY_MOST_MS),
    },
  });
  let warned = false;
  client.on('error', (error: Error) => {
    if (!warned) log('warn', 'Redis cannot be reached; trying again', { error: reasonOf(error) });
    warned = true;
  });
  client.on('ready', () => {
    if (warned) log('info', 'Redis is back', {});
    warned = false;
  });
  return client;
}

/** What may be logged: the code of a system error, or the first word of what Redis answered, which repeats arguments after it. */
function reasonOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] ?? error.constructor.name;
}
