import { BYE, digestList, LIMITS, rootOf } from '@shoal/protocol';
import type { Input, PlainPlaylistInput } from './io.ts';
import { ENGINE } from './limits.ts';
import { drop } from './neighbour-events.ts';
import { GONE } from './origin-events.ts';
import { known } from './plain-claims.ts';
import type { PlainFetch, PlainSegment } from './plain-segments.ts';
import type { PlainState } from './swarm-state.ts';
import { enterChannel } from './tracker-events.ts';

const MAX_BYTES = LIMITS.pieceBytes * LIMITS.piecesPerSegment;

/** Learns of segments from a playlist without digests (SEG-10). */
export function onPlainPlaylist(state: PlainState, input: PlainPlaylistInput): void {
  const { channel, rendition, segments, ended } = input;
  const { plain } = state;
  const newest = segments.at(-1)?.id.msn;
  const before = newest === undefined ? undefined : plain.advance(rendition, newest);
  const anew =
    !ended &&
    wentBack(before, newest) &&
    state.now >= (plain.renumberedAt ?? -Infinity) + ENGINE.renumberGapMs;
  if (anew) plain.renumberedAt = state.now;
  enterChannel(state, channel, { anew });
  plain.inUse = true;
  if (newest !== undefined) plain.advance(rendition, newest);
  for (const listed of segments)
    if (state.catalog.find(listed.id) === undefined) plain.list(listed);
}

/** Two caches of one playlist may differ by a segment or two; an origin that was restarted counts anew. */
function wentBack(before: number | undefined, newest: number | undefined): boolean {
  return before !== undefined && newest !== undefined && newest + ENGINE.staleSegments < before;
}

/** Takes what the origin sends of a whole plain segment. */
export function onPlainFetch(
  state: PlainState,
  input: Extract<Input, { readonly fetch: number }>,
): void {
  const fetch = state.plain.fetch(input.fetch);
  if (fetch === undefined) return;
  switch (input.type) {
    case 'fetch-start':
      fetch.firstByteAt = state.now;
      state.fetches.estimate.responded(state.now - fetch.startedAt);
      if (input.offset !== 0) giveUp(state, fetch);
      return;
    case 'fetch-data':
      fetch.received += input.bytes.length;
      state.fetches.receivedBytes += input.bytes.length;
      fetch.chunks.push(input.bytes);
      if (fetch.received > MAX_BYTES) giveUp(state, fetch);
      return;
    case 'fetch-end':
      state.plain.finish(fetch);
      state.fetches.estimate.transferred(
        fetch.received,
        state.now - (fetch.firstByteAt ?? fetch.startedAt),
      );
      settle(state, fetch);
      return;
    case 'fetch-failed':
      state.plain.finish(fetch);
      state.wastedBytes += fetch.received;
      failed(state, fetch.segment, input.status);
      return;
  }
}

/** The whole segment is here: now it is known for certain, and who said otherwise. */
function settle(state: PlainState, { segment, chunks, received, firstByteAt }: PlainFetch): void {
  const { within, dispute } = segment;
  if (received === 0 || (within !== undefined && within.to - within.from !== received)) {
    state.wastedBytes += received;
    failed(state, segment, 0);
    return;
  }
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const list = digestList(bytes, state.sha256);
  const root = rootOf(list, state.sha256);
  const entry = known(state, segment, { size: received, root, claimedBy: undefined });
  entry.own(bytes, list);
  entry.httpBytes = received;
  entry.firstByteAt = firstByteAt;
  if (dispute === undefined) return;
  const liar = dispute.root === root ? dispute.accused : dispute.claimer;
  const neighbour = liar === undefined ? undefined : state.mesh.get(liar);
  if (neighbour !== undefined) drop(state, neighbour, BYE.corrupt);
}

function failed(state: PlainState, segment: PlainSegment, status: number): void {
  segment.failures += 1;
  segment.fetchFrom = state.now + ENGINE.fetchRetryMs * 2 ** (Math.min(segment.failures, 6) - 1);
  if (!GONE.includes(status) && segment.failures < ENGINE.fetchAttempts) return;
  for (const [demand] of state.plain.takeDemands(segment))
    state.emit({ type: 'fail', demand, status });
}

/** The response cannot be used, or is larger than any segment: the player's own loader may make something of it. */
function giveUp(state: PlainState, fetch: PlainFetch): void {
  state.emit({ type: 'fetch-abort', fetch: fetch.id });
  state.wastedBytes += fetch.received;
  for (const [demand] of state.plain.takeDemands(fetch.segment))
    state.emit({ type: 'fall-back', demand });
  fetch.segment.unusable = true;
  state.plain.finish(fetch);
}

/** The player no longer wants a segment: its fetch stops unless the engine wants it itself. */
export function onPlainCancelled(state: PlainState, demand: number): void {
  const segment = state.plain.demands.get(demand)?.segment;
  state.plain.demands.delete(demand);
  if (segment?.fetch === undefined || state.plain.isDemanded(segment)) return;
  if (state.p2p && state.playback.isAhead(segment.id, ENGINE.segmentsAhead)) return;
  state.wastedBytes += segment.fetch.received;
  state.emit({ type: 'fetch-abort', fetch: segment.fetch.id });
  state.plain.finish(segment.fetch);
}
