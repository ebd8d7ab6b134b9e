import {
  BYE,
  type ByeReason,
  decodePeerMessage,
  pieceCount,
  type PeerId,
  type PeerMessage,
  PROTOCOL_VERSION,
  REJECT,
  type SegmentId,
  segmentKey,
} from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import type { Neighbour } from './neighbour.ts';
import { onOriginFault } from './origin-events.ts';
import type { SegmentEntry } from './segment-entry.ts';
import { sayWhatIsHeld } from './sharing.ts';
import { sharesPlain, type SwarmState } from './swarm-state.ts';
import { freeRequest } from './take-back.ts';

type SegmentMessage<Type extends PeerMessage['type']> = Extract<PeerMessage, { type: Type }>;

/** Acts on one data-channel frame of a neighbour. */
export function onFrame(state: SwarmState, peer: PeerId, frame: Uint8Array): void {
  const neighbour = state.mesh.get(peer);
  if (neighbour === undefined || neighbour.state === 'leaving') return;
  const message = decodePeerMessage(frame);
  if (!message.ok) drop(state, neighbour, BYE.violation);
  else if (neighbour.state !== 'ready') greet(state, neighbour, message.value);
  else onMessage(state, neighbour, message.value);
}

/** A link has closed: whatever was asked of that neighbour is free again. */
export function onLinkClosed(state: SwarmState, peer: PeerId): void {
  const neighbour = state.mesh.remove(peer);
  if (neighbour === undefined) return;
  release(state, neighbour);
  if (neighbour.state === 'connecting' || neighbour.state === 'greeting')
    unreachable(state, neighbour);
  reportPeers(state);
}

function unreachable(state: SwarmState, { peer, session }: Neighbour): void {
  state.tracker.bad({ peer, reason: 'unreachable', session });
}

/** Says goodbye to a neighbour and never counts on it again. */
export function drop(state: SwarmState, neighbour: Neighbour, reason: ByeReason): void {
  if (neighbour.state === 'leaving') return;
  release(state, neighbour);
  // Nobody knows why its hello did not arrive.
  if (reason === BYE.violation && neighbour.state !== 'ready') unreachable(state, neighbour);
  state.emit(...state.mesh.farewell(neighbour, reason));
  // Without digests of the origin it is one viewer's word against another's: nobody is denounced.
  if (reason === BYE.corrupt && state.plain?.inUse !== true)
    state.tracker.bad({ peer: neighbour.peer, reason: 'corrupt' });
  state.emit({ type: 'report', report: { type: 'peer-dropped', peer: neighbour.peer, reason } });
  reportPeers(state);
}

function release(state: SwarmState, neighbour: Neighbour): void {
  freeRequest(neighbour);
  for (const [key, { peer }] of state.digestAsks)
    if (peer === neighbour.peer) giveUpDigests(state, key);
  state.uploads.forget(neighbour.peer);
}

/** No digest list is to be expected of the neighbour that was asked for it: somebody else is asked at once. */
function giveUpDigests(state: SwarmState, key: string): void {
  const asked = state.digestAsks.get(key);
  if (asked !== undefined) state.digestAsks.set(key, { ...asked, until: state.now });
}

function reportPeers(state: SwarmState): void {
  const connected = state.mesh.ready().length;
  state.emit({ type: 'report', report: { type: 'peers', connected } });
}

function greet(state: SwarmState, neighbour: Neighbour, message: PeerMessage): void {
  if (message.type !== 'hello' || neighbour.state !== 'greeting') {
    if (message.type !== 'bye') drop(state, neighbour, BYE.violation);
    else onBye(state, neighbour);
    return;
  }
  if (message.version !== PROTOCOL_VERSION) {
    drop(state, neighbour, BYE.incompatible);
    return;
  }
  state.mesh.greeted(neighbour, { shares: message.shares, now: state.now });
  const replaced = state.mesh.replaceable(state.now, state.random);
  if (replaced !== undefined) drop(state, replaced, BYE.replaced);
  else reportPeers(state);
  sayWhatIsHeld(state, neighbour.peer);
}

function onMessage(state: SwarmState, neighbour: Neighbour, message: PeerMessage): void {
  switch (message.type) {
    case 'hello':
      drop(state, neighbour, BYE.violation);
      return;
    case 'bye':
      onBye(state, neighbour);
      return;
    case 'sharing':
      neighbour.sharing(message.shares);
      return;
    case 'have':
      if (!fits(state, message.segment, { exactly: message.pieces }))
        contradict(state, neighbour, message.segment);
      else neighbour.havesOf(message.segment).replace(message.bitmap, message.pieces);
      return;
    case 'pieces': {
      const highest = Math.max(...message.indexes);
      if (!fits(state, message.segment, { atLeast: highest + 1 }))
        contradict(state, neighbour, message.segment);
      else for (const index of message.indexes) neighbour.havesOf(message.segment).add(index);
      return;
    }
    case 'fetching':
      if (state.plain?.inUse === true) state.plain.hint(message.segment, state.now + ENGINE.hintMs);
      if (!fits(state, message.segment, { atLeast: message.to }))
        contradict(state, neighbour, message.segment);
      else state.store.get(message.segment)?.promise(message, state.now + ENGINE.hintMs);
      return;
    case 'request':
      onRequest(state, neighbour, message);
      return;
    case 'cancel':
      state.uploads.cancel(neighbour.peer, message);
      return;
    case 'piece':
      onPiece(state, neighbour, message);
      return;
    case 'reject':
      onReject(state, neighbour, message);
      return;
    case 'digests-request':
      onDigestsRequest(state, neighbour, message.segment);
      return;
    case 'digests':
      onDigests(state, neighbour, message);
      return;
    case 'claim':
      if (sharesPlain(state)) state.plainRules.onClaim(state, neighbour, message);
      return;
  }
}

/** Whether a piece count, or a lower bound of it, agrees with what is known of the segment (PEER-3). */
function fits(
  state: SwarmState,
  id: SegmentId,
  count: { readonly exactly: number } | { readonly atLeast: number },
): boolean {
  const known = state.store.get(id)?.info ?? state.catalog.find(id)?.info;
  if (known === undefined) return true;
  const pieces = pieceCount(known.size);
  return 'exactly' in count ? count.exactly === pieces : count.atLeast <= pieces;
}

/** What a neighbour says cannot be so (PEER-3); where nobody but viewers has said what is, one of them errs (SWM-35). */
function contradict(state: SwarmState, neighbour: Neighbour, id: SegmentId): void {
  if (state.catalog.find(id)?.plain === undefined) drop(state, neighbour, BYE.violation);
  else neighbour.forget(segmentKey(id));
}

function onBye(state: SwarmState, neighbour: Neighbour): void {
  release(state, neighbour);
  state.emit(...state.mesh.left(neighbour));
}

function onRequest(
  state: SwarmState,
  neighbour: Neighbour,
  { segment, index: from, count }: SegmentMessage<'request'>,
): void {
  const fitting = fits(state, segment, { atLeast: from + count });
  if (!fitting) contradict(state, neighbour, segment);
  if (!fitting && neighbour.state === 'leaving') return;
  const entry = state.store.get(segment);
  const { peer } = neighbour;
  for (let index = from; index < from + count; index++) {
    const reason = !state.shares
      ? REJECT.notSharing
      : entry?.state(index) === 'verified'
        ? state.uploads.add({ peer, segment, index }, state.now)
        : REJECT.absent;
    if (reason !== undefined)
      state.emit({ type: 'send', peer, message: { type: 'reject', segment, index, reason } });
  }
}

function onPiece(
  state: SwarmState,
  neighbour: Neighbour,
  { segment, index, payload }: SegmentMessage<'piece'>,
): void {
  const answer = neighbour.answer(segment, index, state.now);
  const entry = state.store.get(segment);
  if (answer === 'unasked') {
    state.wastedBytes += payload.length;
    neighbour.unrequested += 1;
    if (neighbour.unrequested >= ENGINE.unrequestedPieces) drop(state, neighbour, BYE.violation);
    return;
  }
  if (entry?.digests === undefined) {
    // Evicted while it was on its way.
    state.wastedBytes += payload.length;
    return;
  }
  const outcome = entry.offer(index, payload);
  if (outcome === 'stored') {
    neighbour.failures = 0;
    state.received.add(payload.length, state.now);
    neighbour.credit(payload.length, state.now);
    entry.firstByteAt ??= state.now;
    entry.p2pBytes += payload.length;
    state.arrived(entry);
    state.p2pBytes += payload.length;
    state.tracker.received(neighbour.peer, payload.length);
    return;
  }
  state.wastedBytes += payload.length;
  if (outcome !== 'corrupt') return;
  if (answer === 'asked') entry.mark(index, 'missing');
  onCorruptPiece(state, neighbour, entry);
}

/** It does not fit the digests; if those are another viewer's claim, the origin has to say who is right (SWM-35). */
function onCorruptPiece(state: SwarmState, neighbour: Neighbour, entry: SegmentEntry): void {
  const claimer = entry.plain?.claimedBy;
  if (claimer !== undefined && sharesPlain(state))
    state.plainRules.disown(state, entry, neighbour.peer);
  if (claimer === undefined || claimer === neighbour.peer) drop(state, neighbour, BYE.corrupt);
}

function onReject(
  state: SwarmState,
  neighbour: Neighbour,
  { segment, index, reason }: SegmentMessage<'reject'>,
): void {
  const key = segmentKey(segment);
  const request = neighbour.request;
  const asked = state.digestAsks.get(key);
  if (asked?.peer === neighbour.peer && asked.until > state.now) {
    // Who has no digest list has no verified piece either.
    neighbour.forget(key);
    giveUpDigests(state, key);
  }
  if (sharesPlain(state)) state.plainRules.onReject(state, neighbour, segment);
  if (reason === REJECT.absent) neighbour.holds(key)?.remove(index);
  if (reason === REJECT.notSharing) neighbour.shares = false;
  if (neighbour.answer(segment, index, state.now) !== 'asked' || request === undefined) return;
  if (request.entry.state(index) === 'requested') request.entry.mark(index, 'missing');
  if (reason === REJECT.busy) neighbour.restUntil = state.now + ENGINE.pullJitterMs;
}

function onDigestsRequest(state: SwarmState, neighbour: Neighbour, segment: SegmentId): void {
  const entry = state.store.get(segment);
  const list = state.shares ? entry?.digests : undefined;
  const answer = (message: PeerMessage): void => {
    state.emit({ type: 'send', peer: neighbour.peer, message });
  };
  if (list === undefined) {
    const reason = state.shares ? REJECT.absent : REJECT.notSharing;
    answer({ type: 'reject', segment, index: 0, reason });
  } else if (neighbour.mayHaveDigests(segmentKey(segment))) {
    if (entry?.plain === undefined) answer({ type: 'digests', segment, list });
    else answer({ type: 'claim', segment, size: entry.info.size, list });
  } else answer({ type: 'reject', segment, index: 0, reason: REJECT.busy });
}

function onDigests(
  state: SwarmState,
  neighbour: Neighbour,
  { segment, list }: SegmentMessage<'digests'>,
): void {
  const entry = state.store.get(segment);
  if (entry === undefined || entry.digests !== undefined) return;
  state.digestAsks.delete(entry.key);
  const corrupt = entry.acceptDigests(list);
  if (corrupt === undefined) drop(state, neighbour, BYE.corrupt);
  // Staged pieces came from the origin.
  else if (corrupt.length > 0) onOriginFault(state, entry);
  else state.arrived(entry);
}
