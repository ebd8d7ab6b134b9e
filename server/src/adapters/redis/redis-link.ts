import { createClient, type RedisClientType } from '@redis/client';
import { redisReason } from './redis-reason.ts';
import { ORIGIN_LIMITS } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { withinMs } from '../within-ms.ts';

/** A connection to Redis. */
export type RedisConnection = RedisClientType;

/** Where a link says that it has lost Redis, and that it is back. */
export type LinkLog = {
  readonly info: (message: string) => void;
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void;
};

/** For the second of two links to one Redis. */
export const QUIET: LinkLog = { info: () => undefined, warn: () => undefined };

/** What a link tells. */
export type RedisLinkHandlers = {
  /** There is a connection, a new one each time. */
  readonly onUp?: (client: RedisConnection) => void;
  readonly onDown?: () => void;
};

const PING_EVERY_MS = 1_000;
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 1_000;

/**
 * Keeps a connection to Redis. One that fails, or that does not answer within 3 s, is given up with all that waits for an answer on it,
 * and another one is made, as often as it takes. Nothing is sent while there is none.
 */
export class RedisLink {
  readonly #url: string;
  readonly #log: LinkLog;
  readonly #handlers: RedisLinkHandlers;
  #client: RedisConnection | undefined;
  #ready = false;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #closed = false;
  #warned = false;

  constructor(url: string, log: LinkLog, handlers: RedisLinkHandlers = {}) {
    this.#url = url;
    this.#log = log;
    this.#handlers = handlers;
  }

  /** Begins to connect. */
  start(): void {
    void this.#connect();
  }

  /** The connection, where there is one. */
  get client(): RedisConnection | undefined {
    return this.#ready ? this.#client : undefined;
  }

  /** Gives the connection up, if it still is this one: it does not do what it should. */
  fail(client: RedisConnection, reason: string): void {
    if (client !== this.#client || this.#closed) return;
    if (!this.#warned) this.#log.warn({ reason }, 'Redis cannot be reached; trying again');
    this.#warned = true;
    this.#drop();
    const wait = Math.min(RETRY_FIRST_MS * 2 ** this.#failures, RETRY_MOST_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const client = newClient(this.#url);
    this.#client = client;
    client.on('error', (error: Error) => {
      this.fail(client, redisReason(error));
    });
    client.on('end', () => {
      this.fail(client, 'the connection ended');
    });
    try {
      await answered(client.connect(), ORIGIN_LIMITS.redisConnectMs);
    } catch (error) {
      this.fail(client, redisReason(error));
      return;
    }
    if (client !== this.#client) return;
    this.#ready = true;
    this.#failures = 0;
    if (this.#warned) this.#log.info('Redis is back');
    this.#warned = false;
    this.#watch(client);
    this.#handlers.onUp?.(client);
  }

  /** A machine that is gone does not close its connections. */
  #watch(client: RedisConnection): void {
    this.#timer = setTimeout(() => {
      answered(client.ping(), ORIGIN_LIMITS.redisPingMs).then(
        () => {
          if (client === this.#client && !this.#closed) this.#watch(client);
        },
        (error: unknown) => {
          this.fail(client, redisReason(error));
        },
      );
    }, PING_EVERY_MS).unref();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client?.isOpen === true) client.destroy();
    if (this.#ready) {
      this.#ready = false;
      this.#handlers.onDown?.();
    }
  }
}

/** The same, but fails with an `OriginError` (`redis`) when it takes longer. */
export function answered<T>(work: Promise<T>, ms: number): Promise<T> {
  const tooLate = (): Error => new OriginError('redis', `Redis does not answer within ${ms} ms`);
  return withinMs(ms, work, tooLate);
}

function newClient(url: string): RedisConnection {
  return createClient({
    url,
    disableOfflineQueue: true,
    // What was sent on a connection that is gone must not be sent again later on another one: it would be out of order.
    socket: { connectTimeout: ORIGIN_LIMITS.redisConnectMs, reconnectStrategy: false },
  });
}
