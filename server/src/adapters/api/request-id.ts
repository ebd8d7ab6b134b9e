import { type FastifyReply, type FastifyRequest } from 'fastify';

/** Carries a request's id, in both directions. */
const REQUEST_ID = 'x-request-id';

/** Of a proxy in front. Others are not taken: they go into logs and headers as they are. */
const SAFE = /^[A-Za-z0-9._-]{1,64}$/;

/** Ids of requests, by which answers and lines of the log are found together (OPS-1). */
export class RequestIds {
  readonly #ids = new WeakMap<FastifyRequest, string>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** The id of a request: what it came with where that is of a safe form, else a new one. The same each time. */
  of(request: FastifyRequest): string {
    const known = this.#ids.get(request);
    if (known !== undefined) return known;
    const given = request.headers[REQUEST_ID];
    const id = typeof given === 'string' && SAFE.test(given) ? given : this.#newId();
    this.#ids.set(request, id);
    return id;
  }

  /** Says it in the answer. */
  tell(request: FastifyRequest, reply: FastifyReply): string {
    const id = this.of(request);
    void reply.header(REQUEST_ID, id);
    return id;
  }
}
