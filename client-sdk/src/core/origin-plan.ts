import { digestsUrl, LIMITS } from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import { httpRate, lastCall } from './http-time.ts';
import { pressing } from './pressing.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { SwarmState } from './swarm-state.ts';
import { takeBack } from './take-back.ts';

const LOOK_AGAIN_MS = 50;

/** Takes the stripes whose time has come from the origin (SWM-2), unless its own playback presses: then its backups do. */
export function takeDuties(state: SwarmState): void {
  const due = state.duties.due(state.now, state.mesh.ready());
  const first = due.length === 0 ? undefined : pressing(state, state.wanted());
  for (const { entry, from, to } of due) {
    if (first !== undefined && first !== entry) continue;
    // Those who would wait for it wait longer than this anyway: of most fetches nobody has to be told.
    const time = { now: state.now, tellAt: state.now + ENGINE.hintDelayMs };
    for (const run of runs(from, to, (i) => entry.state(i) === 'missing'))
      state.emit(state.fetches.pieces(entry, run, time));
  }
  state.wake(state.duties.deadline());
}

/** A segment whose owners are silent, or that never had any: this viewer may elect itself (SWM-13). */
export function adoptOrphan(state: SwarmState, entry: SegmentEntry): void {
  if (entry.adopted || entry.count('missing') < entry.pieces) return;
  if (!state.p2p || !state.shares) return;
  const at = entry.knownAt + ENGINE.ownerMs;
  if (state.now < at) {
    state.wake(at);
    return;
  }
  entry.adopted = true;
  const neighbours = state.mesh.ready();
  if (neighbours.length === 0 || !state.playback.moving || state.duties.stands(entry)) return;
  for (let i = 0; i < entry.pieces; i++) if (entry.promisedAfter(i, state.now)) return;
  if (neighbours.some((n) => (n.holds(entry.key)?.count ?? 0) > 0)) return;
  state.duties.elect(entry, state.tracker.viewers ?? neighbours.length + 1, {
    now: state.now,
    slackMs: state.deadlineOf(entry) - state.now,
    random: state.random,
  });
  takeDuties(state);
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
  const times = demanded && isAlone(state) ? NOW : fallbackTimes(state, entry);
  if (state.now < times.soft) {
    state.wake(times.soft);
    return;
  }
  if (state.now >= times.hard) takeBackLate(state, entry);
  fetchDue(state, entry, times);
  if (entry.count('missing') + entry.count('requested') === 0) return;
  const next = [times.hard, times.patient].filter((at) => at > state.now);
  state.wake(Math.min(state.now + LOOK_AGAIN_MS, ...next));
}

/**
 * Asks the origin for what is due, but for no more at once than it sends in a while: of a slow origin
 * every viewer takes another part first, and the others hear of it (SWM-5).
 */
function fetchDue(state: SwarmState, entry: SegmentEntry, times: FallbackTimes): void {
  const supply = supplyOf(state, entry);
  const slow = LIMITS.pieceBytes / httpRate(state, entry) > ENGINE.slowPieceMs;
  const due: number[] = [];
  for (let i = 0; i < entry.pieces; i++) {
    if (entry.state(i) !== 'missing') continue;
    // Another viewer's response that is under way comes before one that begins now, if the origin is slow.
    if (slow && supply.promised(i) && !supply.held(i)) continue;
    if (state.now >= (supply.promised(i) || supply.held(i) ? times.patient : times.soft))
      due.push(i);
  }
  if (due.length === 0) return;
  const room = times === NOW ? due.length : roomFor(state, entry);
  const from = room < due.length ? Math.floor(state.random() * due.length) : 0;
  const chosen = new Set([...due.slice(from), ...due.slice(0, from)].slice(0, room));
  for (const run of runs(0, entry.pieces, (i) => chosen.has(i))) {
    if (!state.fetches.free) break;
    state.emit(state.fetches.pieces(entry, run, { now: state.now, tellAt: state.now }));
    state.mesh.fellShort(state.now);
  }
}

/** How many pieces may be asked of the origin now; any number before it has shown its pace (SWM-1). */
function roomFor(state: SwarmState, entry: SegmentEntry): number {
  if (!state.fetches.estimate.known || state.mesh.ready().length === 0) return Infinity;
  const pieces = (httpRate(state, entry) * ENGINE.patienceMs) / LIMITS.pieceBytes;
  const open = state.fetches.openPieces;
  return Math.max(open === 0 ? 1 : 0, Math.floor(pieces) - open);
}

/** Tells the neighbours what they need not fetch themselves, and again while it is on its way (PEER-8). */
export function tellFetching(state: SwarmState): void {
  const untold = state.fetches.untold(state.now);
  state.wake(state.fetches.tellAt);
  // Who will not be given it need not wait for it.
  if (!state.shares) return;
  for (const { entry, from, to } of untold) {
    const message = { type: 'fetching', segment: entry.info.id, from, to } as const;
    for (const { peer } of state.mesh.ready()) state.emit({ type: 'send', peer, message });
  }
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
  // Where no playlist vouches for it the origin has no such list.
  if (entry.plain !== undefined) return;
  // A segment that comes whole from the origin is its own digest list, and soon there unless the origin is slow.
  const slow = (state.fetches.tail(entry)?.inMs ?? 0) > ENGINE.patienceMs;
  const needed = slow || (overHttp > 0 && overHttp < entry.pieces) || asked !== undefined;
  if (!needed || state.now < entry.fetchFrom || state.fetches.fetchingDigests(entry)) return;
  state.emit(state.fetches.digests(entry, digestsUrl(entry.url), state.now));
}

/**
 * When HTTP is to begin (SWM-5): at `soft` for pieces that nobody is known to hold or fetch – some
 * viewers earlier than others, by chance: who falls back says so, and the others wait for it; at
 * `patient` for pieces that are expected from neighbours; at `hard` requests are taken back as well.
 */
type FallbackTimes = { readonly soft: number; readonly patient: number; readonly hard: number };

/** Nothing is to be waited for. */
const NOW: FallbackTimes = { soft: 0, patient: 0, hard: 0 };

function fallbackTimes(state: SwarmState, entry: SegmentEntry): FallbackTimes {
  const { estimate } = state.fetches;
  const gaps = runs(0, entry.pieces, (i) => isOpen(entry, i)).length;
  const rounds = Math.ceil(gaps / ENGINE.fetchesAtOnce);
  const transfer = (1.3 * entry.missingBytes) / httpRate(state, entry);
  // A slow origin becomes slower when everybody asks it early: no more than a segment's time ahead.
  const lead = Math.min(transfer, entry.info.durationMs);
  const latest = state.deadlineOf(entry) - ENGINE.fallbackBaseMs - rounds * estimate.responseMs;
  const hard = latest - lead;
  const patient = latest - Math.min(transfer, ENGINE.patienceMs);
  const chance = (entry.pullFrom - entry.knownAt) / ENGINE.pullJitterMs;
  return { soft: hard - chance * ENGINE.fallbackSpreadMs, patient, hard };
}

/** Which pieces of a segment neighbours hold, and which they fetch just now. */
function supplyOf(
  { mesh, now }: SwarmState,
  entry: SegmentEntry,
): {
  readonly held: (index: number) => boolean;
  readonly promised: (index: number) => boolean;
} {
  const maps = mesh.ready().flatMap((n) => (n.shares ? (n.holds(entry.key) ?? []) : []));
  return {
    held: (i) => maps.some((map) => map.has(i)),
    promised: (i) => entry.promisedAfter(i, now),
  };
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
export function isAlone({ p2p, mesh, tracker, now, p2pSince }: SwarmState): boolean {
  if (!p2p) return true;
  if (mesh.ready().length > 0 || tracker.state === 'off') return false;
  if (tracker.state === 'joined' && tracker.viewers === 1) return true;
  return now - p2pSince > ENGINE.lonelyMs;
}

/** Takes back the requests whose pieces are not to be expected before it is too late for HTTP as well. */
function takeBackLate(state: SwarmState, entry: SegmentEntry): void {
  const end = lastCall(state, entry);
  for (const neighbour of state.mesh.ready()) {
    const request = neighbour.request;
    if (request?.entry !== entry) continue;
    // Who is late already is likely to be later still.
    const late = Math.max(0, state.now - request.at - neighbour.responseMs);
    const expected = Math.max(request.at + neighbour.responseMs, state.now) + late;
    if (expected < end) continue;
    takeBack(state, neighbour);
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
