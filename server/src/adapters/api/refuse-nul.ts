import { type FastifyRequest, type HookHandlerDoneFunction } from 'fastify';
import { ApiProblem } from './problems.ts';

/** A hook that refuses requests whose text has the character NUL, which PostgreSQL does not keep (API-7). */
export function refuseNul(
  { params, query, body }: FastifyRequest,
  _reply: unknown,
  done: HookHandlerDoneFunction,
): void {
  // Not by recursion: JSON may be nested deeper than that goes.
  const rest: unknown[] = [params, query, body];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === 'string' && value.includes('\0')) {
      done(new ApiProblem(400, { code: 'invalid-request', detail: 'text may not have U+0000' }));
      return;
    }
    if (typeof value === 'object' && value !== null)
      for (const [name, part] of Object.entries(value)) rest.push(name, part);
  }
  done();
}
