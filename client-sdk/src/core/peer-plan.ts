import { BYE, type PeerId, type PeerMessage, REJECT } from '@shoal/protocol';
import { type ChosenPieces, RequestChoice } from './choose-request.ts';
import { ENGINE } from './limits.ts';
import { drop } from './neighbour-events.ts';
import { lastCall } from './http-time.ts';
import type { Neighbour } from './neighbour.ts';
import { pressing } from './pressing.ts';
import { updateSharing } from './sharing.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { SwarmState } from './swarm-state.ts';
import { takeBack } from './take-back.ts';
import type { UploadRequest } from './uploads.ts';

/** Takes back requests that were not answered in time, and replaces neighbours that keep failing (SWM-7). */
export function expireRequests(state: SwarmState): void {
  for (const neighbour of state.mesh.ready()) {
    const { request } = neighbour;
    if (request === undefined) continue;
    if (request.until > state.now) {
      state.wake(request.until);
      continue;
    }
    takeBack(state, neighbour);
    neighbour.failures += 1;
    if (neighbour.failures < ENGINE.failuresInARow) continue;
    drop(state, neighbour, BYE.notUseful);
    state.tracker.bad({ peer: neighbour.peer, reason: 'unreachable' });
  }
}

/** Gives every idle neighbour its next request (SWM-4, PEER-5). */
export function askNeighbours(state: SwarmState, wanted: readonly SegmentEntry[]): void {
  const { random, now } = state;
  for (const entry of wanted) if (entry.pullFrom > now) state.wake(entry.pullFrom);
  const neighbours = state.mesh.ready();
  const idle = neighbours.filter((n) => n.request === undefined && n.shares);
  if (idle.length === 0) return;
  const first = pressing(state, wanted);
  const open = (first === undefined ? wanted : [first]).filter(
    (entry) => entry.count('missing') + entry.count('fetching') > 0,
  );
  if (open.length === 0) return;
  const entries = open.map((entry) => ({ entry, lastCall: lastCall(state, entry) }));
  const choice = new RequestChoice({ entries, neighbours, random, now });
  for (const neighbour of shuffled(idle, random)) {
    if (neighbour.restUntil > now) {
      state.wake(neighbour.restUntil);
      continue;
    }
    const chosen = choice.next(neighbour) ?? slowTail(state, neighbour, wanted);
    if (chosen === undefined) continue;
    const { entry, pieces } = chosen;
    for (const index of pieces) entry.mark(index, 'requested');
    neighbour.ask(entry, pieces, now);
    const [index = 0] = pieces;
    const segment = entry.info.id;
    const message = { type: 'request', segment, index, count: pieces.length } as const;
    state.emit({ type: 'send', peer: neighbour.peer, message });
    state.wake(neighbour.request?.until);
  }
}

/** Takes a piece from the end of a response that is slower than this neighbour would be (SWM-12). */
function slowTail(
  state: SwarmState,
  neighbour: Neighbour,
  wanted: readonly SegmentEntry[],
): ChosenPieces | undefined {
  for (const entry of wanted) {
    if (entry.digests === undefined || entry.count('fetching') === 0) continue;
    const held = neighbour.holds(entry.key);
    if (held === undefined) continue;
    const tail = state.fetches.tail(entry);
    if (tail === undefined || !held.has(tail.index)) continue;
    if (tail.inMs < neighbour.responseMs + ENGINE.slowTailMs) continue;
    state.emit(...state.fetches.giveUp(entry, tail.index, state.now));
    return { entry, pieces: [tail.index] };
  }
  return undefined;
}

/** Sends what neighbours asked for, as far as their send buffers, the cap and the budget allow (SWM-9, SWM-42). */
export function serveUploads(state: SwarmState): void {
  const shares = (peer: PeerId): boolean => state.mesh.get(peer)?.shares === true;
  const take = (): UploadRequest | undefined => state.uploads.next(state.now, shares);
  for (let next = take(); next; next = take()) {
    const { peer, segment, index } = next;
    const payload = state.store.get(segment)?.piece(index);
    if (payload === undefined) {
      // Evicted since it was asked for.
      const reason = REJECT.absent;
      state.emit({ type: 'send', peer, message: { type: 'reject', segment, index, reason } });
      continue;
    }
    state.uploads.sent(peer, payload.length, state.now);
    state.emit({ type: 'send', peer, message: { type: 'piece', segment, index, payload } });
  }
  updateSharing(state);
  state.wake(state.uploads.deadline(state.now));
}

/** Tells the neighbours which pieces have been verified, a few at a time (PEER-4). */
export function announcePieces(state: SwarmState): void {
  const fresh = state.store.all().filter((entry) => entry.freshFrom !== undefined);
  if (fresh.length === 0) return;
  // Nobody else has what comes from the origin; what was passed on, others are being given as well.
  const isNew = fresh.some((entry) => entry.freshFrom === 'origin');
  if (isNew)
    state.announceAt = Math.min(state.announceAt ?? Infinity, state.now + ENGINE.announceDelayMs);
  else state.announceAt ??= state.now + relayDelay(state);
  if (state.now < state.announceAt) {
    state.wake(state.announceAt);
    return;
  }
  state.announceAt = undefined;
  for (const entry of fresh) {
    const indexes = entry.takeFresh();
    if (!state.shares) continue;
    for (const neighbour of state.mesh.ready()) {
      const held = neighbour.holds(entry.key);
      // Who has a piece needs not hear who else has.
      const news = held === undefined ? indexes : indexes.filter((index) => !held.has(index));
      if (news.length === 0) continue;
      const segment = entry.info.id;
      const message: PeerMessage =
        news.length > entry.pieces / 16
          ? { type: 'have', segment, pieces: entry.pieces, bitmap: entry.bitmap() }
          : { type: 'pieces', segment, indexes: news };
      state.emit({ type: 'send', peer: neighbour.peer, message });
    }
  }
}

/** How long what neighbours brought waits to be announced. Among all it is by chance: of two, one then spares the other the news. */
function relayDelay({ mesh, tracker, random }: SwarmState): number {
  const all = tracker.viewers !== undefined && tracker.viewers <= mesh.ready().length + 1;
  return all ? ENGINE.relayAmongAllMs * (0.5 + random()) : ENGINE.relayDelayMs;
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}
