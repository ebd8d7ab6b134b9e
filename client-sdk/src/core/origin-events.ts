import { assertNever } from '@shoal/protocol';
import type { FetchOutcome } from './fetches.ts';
import { ENGINE } from './limits.ts';
import type { SegmentEntry } from './segment-entry.ts';
import { sharesPlain, type SwarmState } from './swarm-state.ts';

/** Statuses after which asking again is pointless: the origin does not have it. */
export const GONE: readonly number[] = [404, 410];

/** Acts on what an HTTP event has brought. */
export function onFetchOutcome(state: SwarmState, outcome: FetchOutcome): void {
  switch (outcome.type) {
    case 'nothing':
      return;
    case 'progress':
      state.wastedBytes += outcome.wasted;
      outcome.entry.fetchFailures = 0;
      if (outcome.abort !== undefined) state.emit(outcome.abort);
      state.arrived(outcome.entry);
      return;
    case 'corrupt':
      state.wastedBytes += outcome.wasted;
      onOriginFault(state, outcome.entry);
      return;
    case 'digests': {
      const corrupt = outcome.entry.acceptDigests(outcome.list);
      if (corrupt === undefined || corrupt.length > 0) onOriginFault(state, outcome.entry);
      else state.arrived(outcome.entry);
      return;
    }
    case 'failed':
      onFetchFailed(state, outcome);
      return;
    default:
      assertNever(outcome);
  }
}

/** The player no longer wants a segment; its fetches stop unless the engine wants it itself. */
export function onDemandCancelled(state: SwarmState, demand: number): void {
  const entry = state.demands.get(demand)?.entry;
  state.demands.delete(demand);
  if (entry === undefined || state.wanted().includes(entry)) return;
  state.emit(...state.fetches.abort((other) => other === entry, state.now));
}

/** The origin's bytes do not match its own digests: once may be chance, twice is for the player's own loader to judge. */
export function onOriginFault(state: SwarmState, entry: SegmentEntry): void {
  if (entry.plain !== undefined && sharesPlain(state)) {
    state.plainRules.disown(state, entry);
    return;
  }
  entry.originFaults += 1;
  if (entry.originFaults < ENGINE.originFaults) return;
  state.emit({ type: 'report', report: { type: 'corrupt-origin', id: entry.info.id } });
  for (const demand of takeDemands(state, entry)) state.emit({ type: 'fall-back', demand });
  state.emit(...state.fetches.abort((other) => other === entry, state.now));
}

function onFetchFailed(
  state: SwarmState,
  { entry, of, status }: Extract<FetchOutcome, { type: 'failed' }>,
): void {
  entry.fetchFailures += 1;
  entry.fetchFrom = state.now + ENGINE.fetchRetryMs * 2 ** (Math.min(entry.fetchFailures, 6) - 1);
  if (entry.plain?.claimedBy !== undefined && sharesPlain(state)) {
    // Perhaps there is no such range of it.
    state.plainRules.disown(state, entry);
    return;
  }
  if (!GONE.includes(status) && entry.fetchFailures < ENGINE.fetchAttempts) return;
  // Without its digest list a segment can still be played, only not shared.
  for (const demand of takeDemands(state, entry))
    state.emit(of === 'pieces' ? { type: 'fail', demand, status } : { type: 'fall-back', demand });
}

function takeDemands({ demands }: SwarmState, entry: SegmentEntry): readonly number[] {
  const taken = [...demands].filter(([, demand]) => demand.entry === entry).map(([id]) => id);
  for (const demand of taken) demands.delete(demand);
  return taken;
}
