import { createHash } from 'node:crypto';
import {
  type FastifyReply,
  type FastifyRequest,
  type onSendAsyncHookHandler,
  type preHandlerAsyncHookHandler,
  type preParsingAsyncHookHandler,
} from 'fastify';
import { type Rank } from '../../core/index.ts';
import { type IdempotencyTable, type KeyedRequest } from '../database/idempotency-table.ts';
import { type Gate } from './gate.ts';
import { ApiProblem } from './problems.ts';

/** What the keys need. */
export type IdempotencyPorts = {
  readonly gate: Gate;
  readonly table: IdempotencyTable;
  readonly now: () => number;
  readonly newId: () => string;
};

type Begun = KeyedRequest & { readonly made: string };

/** Headers that belong to an answer. */
const KEPT_HEADERS = ['content-type', 'location', 'etag'] as const;

/**
 * Makes a request with `Idempotency-Key` happen once (API-6): the same request again within 24 hours is given the first answer again. What
 * a request was broken off at, by a failure or the death of the process, is gone on with under the same {@link id}.
 */
export class Idempotency {
  readonly #ports: IdempotencyPorts;
  readonly #begun = new WeakMap<FastifyRequest, Begun>();

  constructor(ports: IdempotencyPorts) {
    this.#ports = ports;
  }

  /** For a route, in place of `gate.needs`: it takes a key. At least viewers, since a key is somebody's own. */
  keyed(rank: Exclude<Rank, 'anonymous'>): {
    readonly preParsing: preParsingAsyncHookHandler;
    readonly preHandler: preHandlerAsyncHookHandler;
    readonly onSend: onSendAsyncHookHandler;
  } {
    return {
      ...this.#ports.gate.needs(rank),
      preHandler: (request, reply) => this.#begin(request, reply),
      onSend: async (request, reply, payload) => {
        await this.#keep(request, reply, payload);
        return payload;
      },
    };
  }

  /** Id of what the request makes: the same however often the request is made. */
  id(request: FastifyRequest): string {
    return this.#begun.get(request)?.made ?? this.#ports.newId();
  }

  async #begin(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const key = request.headers['idempotency-key'];
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
      throw new ApiProblem(400, {
        code: 'invalid-idempotency-key',
        detail: 'Idempotency-Key has 1 to 255 visible ASCII characters',
      });
    const { gate, table, now, newId } = this.#ports;
    const actor = `${gate.actor(request).type}:${gate.userId(request)}`;
    const keyed = { actor, key, digest: digestOf(request) };
    const known = await table.begin(keyed, newId(), now());
    switch (known.type) {
      case 'begun':
        this.#begun.set(request, { ...keyed, made: known.made });
        return undefined;
      case 'busy':
        throw new ApiProblem(409, {
          code: 'request-in-progress',
          detail: 'the first request with this key is being answered',
          headers: { 'Retry-After': '1' },
        });
      case 'other':
        throw new ApiProblem(422, {
          code: 'idempotency-key-reused',
          detail: 'this key was used for another request',
        });
      case 'full':
        throw new ApiProblem(429, {
          code: 'too-many-keys',
          detail: 'too many keys in a day',
          headers: { 'Retry-After': '3600' },
        });
      case 'answered': {
        const { status, body, headers } = known.answer;
        return reply
          .code(status)
          .headers({ ...headers, 'Idempotency-Replayed': 'true' })
          .serializer((text: unknown) => String(text))
          .send(body);
      }
    }
  }

  async #keep(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void> {
    const begun = this.#begun.get(request);
    if (begun === undefined) return;
    const { table, now } = this.#ports;
    if (reply.statusCode >= 500) {
      await table.release(begun, now());
      return;
    }
    const body = typeof payload === 'string' ? payload : '';
    const headers: Record<string, string> = {};
    for (const name of KEPT_HEADERS) {
      const value = reply.getHeader(name);
      if (value !== undefined) headers[name] = String(value);
    }
    await table.finish(begun, { status: reply.statusCode, body, headers });
  }
}

function digestOf(request: FastifyRequest): string {
  const { method, url, body } = request;
  return createHash('sha256')
    .update(`${method}\n${url}\n${JSON.stringify(body ?? null)}`)
    .digest('base64url');
}
