import { type FastifyRequest } from 'fastify';
import { type Gate } from './gate.ts';
import { ApiProblem } from './problems.ts';

/** Who makes a request, whom the gate let through as known, and what others see of them. */
export function personOf(
  gate: Gate,
  request: FastifyRequest,
): { readonly id: string; readonly name: string } {
  const actor = gate.actor(request);
  return { id: gate.userId(request), name: actor.type === 'user' ? actor.name : 'admin' };
}

/** Throws a 403 for guests, who are gone tomorrow. */
export function needsAccount(gate: Gate, request: FastifyRequest): void {
  const actor = gate.actor(request);
  if (actor.type === 'user' && actor.guest)
    throw new ApiProblem(403, { code: 'account-needed', detail: 'guests cannot subscribe' });
}
