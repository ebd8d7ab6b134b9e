import { type PeerId, type PeerMessage, rootOf, type SegmentId } from '@shoal/protocol';
import type { Neighbour } from './neighbour.ts';
import type { PlainSegment } from './plain-segments.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { PlainState } from './swarm-state.ts';
import { takeBack } from './take-back.ts';

/** A neighbour says what a plain segment is. Believed if it was asked, until the origin says otherwise (SWM-34). */
export function onClaim(
  state: PlainState,
  neighbour: Neighbour,
  { segment: id, size, list }: Extract<PeerMessage, { type: 'claim' }>,
): void {
  const entry = state.store.get(id);
  if (entry?.plain !== undefined && entry.digests === undefined) {
    // What it was is known, and was forgotten but for its root.
    state.digestAsks.delete(entry.key);
    const corrupt = entry.acceptDigests(list);
    if (corrupt === undefined) neighbour.forget(entry.key);
    else if (corrupt.length > 0) disown(state, entry);
    return;
  }
  const segment = state.plain.find(id);
  if (segment?.ask?.peer !== neighbour.peer || segment.ask.until <= state.now) return;
  segment.ask = { ...segment.ask, until: state.now };
  const { within } = segment;
  if (within !== undefined && within.to - within.from !== size) {
    neighbour.forget(segment.key);
    return;
  }
  // Fetched from the origin already: what comes from there is better.
  if (segment.fetch !== undefined || segment.dispute !== undefined) return;
  const root = rootOf(list, state.sha256);
  known(state, segment, { size, root, claimedBy: neighbour.peer }).acceptDigests(list);
}

/** Who was asked what a segment is cannot say: somebody else is asked at once. */
export function onPlainReject(state: PlainState, neighbour: Neighbour, id: SegmentId): void {
  const segment = state.plain.find(id);
  if (segment?.ask?.peer !== neighbour.peer || segment.ask.until <= state.now) return;
  segment.ask = { ...segment.ask, until: state.now };
  neighbour.forget(segment.key);
}

/** From here on the segment is one like any other. Returns its entry. */
export function known(
  state: PlainState,
  segment: PlainSegment,
  what: { readonly size: number; readonly root: string; readonly claimedBy: PeerId | undefined },
): SegmentEntry {
  const { size, root, claimedBy } = what;
  const { id, url, within, durationMs } = segment;
  const listed = { info: { id, size, durationMs, root }, url, within, plain: { claimedBy } };
  const demands = state.plain.takeDemands(segment);
  state.plain.remove(segment);
  state.plain.measure(size, durationMs);
  state.catalog.replace(listed);
  const entry = state.open(listed);
  for (const [demand, since] of demands) state.demands.set(demand, { entry, since });
  return entry;
}

/** A segment turns out not to be what a neighbour claimed: it is plain again, and only the origin is believed (SWM-35). */
export function disown(state: PlainState, entry: SegmentEntry, accused?: PeerId): void {
  const { id, root, durationMs } = entry.info;
  const { url, within, plain } = entry;
  state.emit(...state.fetches.abort((other) => other === entry, state.now));
  for (const neighbour of state.mesh.all()) {
    if (neighbour.request?.entry === entry) takeBack(state, neighbour);
  }
  state.wastedBytes += entry.httpBytes + entry.p2pBytes;
  state.duties.forget(entry);
  state.digestAsks.delete(entry.key);
  state.store.remove(entry);
  state.catalog.remove(id);
  const segment = state.plain.list({ id, url, within, durationMs });
  segment.failures = entry.fetchFailures;
  segment.fetchFrom = entry.fetchFrom;
  if (plain?.claimedBy !== undefined) segment.dispute = { claimer: plain.claimedBy, root, accused };
  for (const [demand, { entry: of, since }] of state.demands)
    if (of === entry) {
      state.demands.delete(demand);
      state.plain.demands.set(demand, { segment, since });
    }
}
