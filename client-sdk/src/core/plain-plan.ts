import { segmentKey } from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import type { Neighbour } from './neighbour.ts';
import { isAlone } from './origin-plan.ts';
import type { PlainSegment } from './plain-segments.ts';
import type { PlainState } from './swarm-state.ts';
import { textHash } from './text-hash.ts';

/** Finds out what the next plain segments are: from a neighbour that knows, or by fetching them whole (SWM-30 to SWM-33). */
export function planPlain(state: PlainState): void {
  if (!state.plain.inUse) return;
  for (const segment of candidates(state)) look(state, segment);
  sayFetching(state);
}

/** What the player waits for, then the next few segments with P2P on. */
function candidates(state: PlainState): readonly PlainSegment[] {
  const { plain, playback } = state;
  const found = new Set<PlainSegment>();
  for (const { segment } of plain.demands.values()) found.add(segment);
  if (state.p2p)
    for (const { rendition, next } of playback.tracks)
      for (let msn = next; msn <= next + ENGINE.segmentsAhead; msn++) {
        const segment = plain.byMsn(rendition, msn);
        if (segment !== undefined) found.add(segment);
      }
  return [...found];
}

function look(state: PlainState, segment: PlainSegment): void {
  const { now, plain, playback } = state;
  if (segment.fetch !== undefined || segment.unusable) return;
  if (now < segment.fetchFrom) {
    state.wake(segment.fetchFrom);
    return;
  }
  const demanded = plain.isDemanded(segment);
  // While nothing plays, only what the player asks for is urgent (SWM-1).
  if (!playback.running) {
    if (demanded) fetchWhole(state, segment);
    return;
  }
  if (demanded && (isAlone(state) || segment.dispute !== undefined)) {
    fetchWhole(state, segment);
    return;
  }
  const answer = askHolder(state, segment);
  const due = dueAt(state, segment);
  const hinted = Math.min(plain.hintedUntil(segment.key), due.hard);
  const mine = answer === 'nobody' ? myTurn(state, segment) : Infinity;
  const at = Math.min(Math.max(mine, hinted), Math.max(due.soft, hinted), due.hard);
  if (now < at) state.wake(at);
  else if (mayFetch(state, demanded)) fetchWhole(state, segment);
}

/** The player's own wish goes before what is fetched ahead for the others. */
function mayFetch({ plain }: PlainState, demanded: boolean): boolean {
  const underWay = plain.fetches.length;
  return demanded ? underWay < ENGINE.plainFetchesAtOnce : underWay === 0;
}

/** Asks a neighbour that holds some of the segment what it is. */
function askHolder(state: PlainState, segment: PlainSegment): 'asked' | 'nobody' {
  const { now, random, mesh } = state;
  const { ask } = segment;
  if (ask !== undefined && ask.until > now) {
    state.wake(ask.until);
    return 'asked';
  }
  if (!state.p2p || segment.dispute !== undefined) return 'nobody';
  const holders = mesh
    .ready()
    .filter((n) => n.shares && n.peer !== ask?.peer && (n.holds(segment.key)?.count ?? 0) > 0);
  const holder = holders[Math.floor(random() * holders.length)];
  if (holder === undefined) return 'nobody';
  const until = now + Math.max(ENGINE.claimTimeoutMs, 2 * holder.responseMs);
  segment.ask = { peer: holder.peer, until };
  const message = { type: 'digests-request', segment: segment.id } as const;
  state.emit({ type: 'send', peer: holder.peer, message });
  state.wake(until);
  return 'asked';
}

/**
 * When it is this viewer's turn to fetch a segment that nobody has: all viewers that are about to need
 * it order themselves by the same hash; the first fetches at once, the next two if it stays silent (SWM-31).
 */
function myTurn(state: PlainState, segment: PlainSegment): number {
  if (segment.turnAt === undefined) {
    // Those who have just met have not yet heard what the other holds.
    const since = Math.min(...state.mesh.ready().map((n) => n.readySince ?? Infinity));
    if (state.now < since + ENGINE.acquaintanceMs) return since + ENGINE.acquaintanceMs;
    segment.turnAt = decideTurn(state, segment);
  }
  return segment.turnAt;
}

function decideTurn(state: PlainState, segment: PlainSegment): number {
  const { now, tracker, mesh } = state;
  if (!state.shares) return Infinity;
  const rivals = mesh.ready().filter((neighbour) => isRival(state, segment, neighbour));
  const rank = (id: string): number => textHash(`${id}/${segment.key}`);
  const own = rank(tracker.self ?? '');
  const before = rivals.filter(({ peer }) => rank(peer) < own).length;
  const known = rivals.length + 1;
  // In a mesh of many, several are first among those they know.
  const others = mesh.ready().length + 1;
  const share = others >= (tracker.viewers ?? 0) ? 1 : known / Math.max(tracker.viewers ?? 0, 1);
  const order = before === 0 && state.random() >= share ? 1 : before;
  const wait = ENGINE.backupShares[order];
  if (wait === undefined) return Infinity;
  if (wait === 0) return now;
  const slack = Math.max(deadline(state, segment) - now, 0);
  return now + Math.max(ENGINE.backupMinMs * order, wait * slack);
}

/** Whether a neighbour is about to need the segment too: it shares, and holds one shortly before it. */
function isRival(state: PlainState, { id }: PlainSegment, neighbour: Neighbour): boolean {
  if (!neighbour.shares) return false;
  for (let msn = id.msn - 1; msn >= id.msn - ENGINE.segmentsAhead && msn >= 0; msn--) {
    const other =
      state.catalog.byMsn(id.rendition, msn)?.info.id ?? state.plain.byMsn(id.rendition, msn)?.id;
    if (other !== undefined && (neighbour.holds(segmentKey(other))?.count ?? 0) > 0) return true;
  }
  return false;
}

/** `hard` is when the whole segment must be asked for if it is to be here in time, `soft` a little earlier, by chance. */
function dueAt(
  state: PlainState,
  segment: PlainSegment,
): { readonly soft: number; readonly hard: number } {
  const { estimate } = state.fetches;
  const size = state.plain.expectedSize(segment);
  const transfer =
    size === undefined
      ? segment.durationMs / 2
      : (1.3 * size) / estimate.rate((2 * size) / Math.max(segment.durationMs, 1));
  const hard = deadline(state, segment) - ENGINE.fallbackBaseMs - transfer - estimate.responseMs;
  segment.chance ??= state.random();
  return { soft: hard - segment.chance * ENGINE.fallbackSpreadMs, hard };
}

function deadline({ catalog, plain, playback, now }: PlainState, segment: PlainSegment): number {
  const { rendition } = segment.id;
  const length = (n: number): number =>
    catalog.byMsn(rendition, n)?.info.durationMs ??
    plain.byMsn(rendition, n)?.durationMs ??
    segment.durationMs;
  return playback.deadline(segment.id, length, now);
}

function fetchWhole(state: PlainState, segment: PlainSegment): void {
  const { url, within } = segment;
  const { id } = state.plain.begin(segment, state.now);
  state.emit({ type: 'fetch', fetch: id, url, ...(within && { within }) });
  say(state, segment);
}

/** Keeps the others waiting for what takes longer than a hint lasts. */
function sayFetching(state: PlainState): void {
  for (const fetch of state.plain.fetches) {
    const again = fetch.saidAt + ENGINE.hintMs / 2;
    if (state.now >= again) {
      fetch.saidAt = state.now;
      say(state, fetch.segment);
    }
    state.wake(fetch.saidAt + ENGINE.hintMs / 2);
  }
}

/** How many pieces there will be is not known: the first stands for all. */
function say(state: PlainState, { id }: PlainSegment): void {
  const message = { type: 'fetching', segment: id, from: 0, to: 1 } as const;
  for (const { peer } of state.mesh.ready()) state.emit({ type: 'send', peer, message });
}
