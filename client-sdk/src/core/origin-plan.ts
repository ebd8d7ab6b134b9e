import { digestsUrl, LIMITS } from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { SwarmState } from './swarm-state.ts';

const LOOK_AGAIN_MS = 50;

/** Takes the stripes whose time has come from the origin (SWM-2). */
export function takeDuties(state: SwarmState): void {
  for (const { entry, from, to } of state.duties.due(state.now, state.mesh.ready()))
    for (const run of runs(from, to, (i) => entry.state(i) === 'missing'))
      fetchPieces(state, entry, run);
  state.wake(state.duties.deadline());
}

/** Fetches by HTTP what can no longer be waited for (SWM-1, SWM-5). */
export function meetDeadline(state: SwarmState, entry: SegmentEntry): void {
  if (entry.count('missing') + entry.count('requested') === 0) return;
  if (state.now < entry.fetchFrom) {
    state.wake(entry.fetchFrom);
    return;
  }
  const demanded = isDemanded(state, entry);
  // While nothing plays, only what the player asks for is urgent: what follows has until the first frame.
  if (!demanded && !state.playback.running) return;
  const { soft, hard } =
    demanded && isAlone(state) ? { soft: state.now, hard: state.now } : fallbackTimes(state, entry);
  if (state.now < soft) {
    state.wake(soft);
    return;
  }
  const last = state.now >= hard;
  if (last) takeBackLate(state, entry);
  const due = (i: number): boolean =>
    entry.state(i) === 'missing' && (last || !entry.promisedAfter(i, state.now));
  for (const run of runs(0, entry.pieces, due)) {
    if (!state.fetches.free) break;
    fetchPieces(state, entry, run);
    state.mesh.fellShort(state.now);
  }
  if (entry.count('missing') + entry.count('requested') > 0)
    state.wake(last ? state.now + LOOK_AGAIN_MS : Math.min(hard, state.now + LOOK_AGAIN_MS));
}

/** Gets the digest list, from a neighbour that must have it or from the origin, once pieces can come. */
export function needDigests(state: SwarmState, entry: SegmentEntry): void {
  if (entry.digests !== undefined) return;
  const asked = state.digestAsks.get(entry.key);
  if (asked !== undefined && asked.until > state.now) {
    state.wake(asked.until);
    return;
  }
  const holders = state.mesh
    .ready()
    .filter((n) => n.shares && n.peer !== asked?.peer && (n.holds(entry.key)?.count ?? 0) > 0);
  const holder = holders[Math.floor(state.random() * holders.length)];
  if (holder !== undefined) {
    const until = state.now + Math.max(300, 2 * holder.responseMs);
    state.digestAsks.set(entry.key, { peer: holder.peer, until });
    for (const oldest of state.digestAsks.keys()) {
      if (state.digestAsks.size <= ENGINE.announcedSegments) break;
      state.digestAsks.delete(oldest);
    }
    const message = { type: 'digests-request', segment: entry.info.id } as const;
    state.emit({ type: 'send', peer: holder.peer, message });
    state.wake(until);
    return;
  }
  const overHttp = entry.count('fetching') + entry.count('staged');
  // A segment that comes whole from the origin is its own digest list.
  const needed = (overHttp > 0 && overHttp < entry.pieces) || asked !== undefined;
  if (!needed || state.now < entry.fetchFrom || state.fetches.fetchingDigests(entry)) return;
  state.emit(state.fetches.digests(entry, digestsUrl(entry.url), state.now));
}

function fetchPieces(
  state: SwarmState,
  entry: SegmentEntry,
  run: { readonly from: number; readonly to: number },
): void {
  state.emit(state.fetches.pieces(entry, run, state.now));
  const message = { type: 'fetching', segment: entry.info.id, ...run } as const;
  for (const { peer } of state.mesh.ready()) state.emit({ type: 'send', peer, message });
}

/**
 * `hard` is when the rest must be fetched for playback to go on, `soft` a little earlier, by chance:
 * who falls back first says so, and the others wait for it.
 */
function fallbackTimes(
  state: SwarmState,
  entry: SegmentEntry,
): { readonly soft: number; readonly hard: number } {
  const { estimate } = state.fetches;
  const gaps = runs(0, entry.pieces, (i) => isOpen(entry, i)).length;
  const rounds = Math.ceil(gaps / ENGINE.fetchesAtOnce);
  const transfer = (1.3 * entry.missingBytes) / httpRate(state, entry);
  const hard =
    state.deadlineOf(entry) - ENGINE.fallbackBaseMs - transfer - rounds * estimate.responseMs;
  const chance = (entry.pullFrom - entry.knownAt) / ENGINE.pullJitterMs;
  return { soft: hard - chance * ENGINE.fallbackSpreadMs, hard };
}

/** After this not even one piece of the segment would come in time over HTTP. */
export function lastCall(state: SwarmState, entry: SegmentEntry): number {
  const piece = (1.3 * LIMITS.pieceBytes) / httpRate(state, entry);
  const { responseMs } = state.fetches.estimate;
  return state.deadlineOf(entry) - ENGINE.fallbackBaseMs - piece - responseMs;
}

/** Bytes a ms; before the first transfer, twice what the stream needs. */
function httpRate({ fetches }: SwarmState, { info }: SegmentEntry): number {
  return fetches.estimate.rate((2 * info.size) / Math.max(info.durationMs, 1));
}

function isDemanded({ demands }: SwarmState, entry: SegmentEntry): boolean {
  for (const demand of demands.values()) if (demand.entry === entry) return true;
  return false;
}

/** Whether a piece still has to come, and not yet from the origin. */
function isOpen(entry: SegmentEntry, index: number): boolean {
  const state = entry.state(index);
  return state === 'missing' || state === 'requested';
}

/** Whether nobody is there, or soon will be, to get anything from. */
function isAlone({ p2p, mesh, tracker, now, p2pSince }: SwarmState): boolean {
  if (!p2p) return true;
  if (mesh.ready().length > 0) return false;
  if (tracker.state === 'joined' && tracker.viewers === 1) return true;
  return tracker.state === 'off' || now - p2pSince > ENGINE.lonelyMs;
}

/** Takes back the requests whose pieces are not to be expected before it is too late for HTTP as well. */
function takeBackLate(state: SwarmState, entry: SegmentEntry): void {
  const end = lastCall(state, entry);
  for (const neighbour of state.mesh.ready()) {
    const request = neighbour.request;
    if (request?.entry !== entry) continue;
    const expected = Math.max(request.at + neighbour.responseMs, state.now);
    if (expected < end) continue;
    neighbour.giveUp();
    entry.mark(request.index, 'missing');
    const message = { type: 'cancel', segment: entry.info.id, index: request.index } as const;
    state.emit({ type: 'send', peer: neighbour.peer, message });
  }
}

/** The runs of consecutive pieces in `[from, to)` for which `include` holds. */
function runs(
  from: number,
  to: number,
  include: (index: number) => boolean,
): readonly { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let i = from; i < to; i++) {
    if (!include(i)) continue;
    const last = found[found.length - 1];
    if (last?.to === i) last.to = i + 1;
    else found.push({ from: i, to: i + 1 });
  }
  return found;
}
