import type { Neighbour, PendingRequest } from './neighbour.ts';
import type { SwarmState } from './swarm-state.ts';

/** What was asked of a neighbour, and it has not sent, may be had from others again. */
export function freeRequest(neighbour: Neighbour): PendingRequest | undefined {
  const request = neighbour.giveUp();
  for (const index of request?.pieces ?? [])
    if (request?.entry.state(index) === 'requested') request.entry.mark(index, 'missing');
  return request;
}

/** As {@link freeRequest}, and tells the neighbour not to send it any more (SWM-7). */
export function takeBack(state: SwarmState, neighbour: Neighbour): void {
  const request = freeRequest(neighbour);
  if (request === undefined) return;
  const [index = 0] = request.pieces;
  // What lies between the first and the last has been sent.
  const count = (request.pieces.at(-1) ?? index) - index + 1;
  const message = { type: 'cancel', segment: request.entry.info.id, index, count } as const;
  state.emit({ type: 'send', peer: neighbour.peer, message });
}
