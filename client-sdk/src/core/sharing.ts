import { type PeerId, REJECT } from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import type { SwarmState } from './swarm-state.ts';
import type { UploadAllowance } from './uploads.ts';

/** The viewer, or what its device says, allows more or less from now on. */
export function onUpload(
  state: SwarmState,
  { shares, ...allowance }: UploadAllowance & { readonly shares: boolean },
): void {
  state.mayShare = shares;
  state.uploads.allow(allowance, state.now);
  updateSharing(state);
}

/** Stops sharing, or begins again, where the allowance says so, and tells everybody (SWM-41). Cheap when nothing changes. */
export function updateSharing(state: SwarmState): void {
  const shares = state.mayShare && !state.uploads.exhausted;
  if (shares === state.shares) return;
  state.shares = shares;
  state.tracker.setShares(shares);
  state.emit({ type: 'report', report: { type: 'sharing', shares } });
  if (!shares) {
    state.duties.clear();
    for (const { peer, segment, index } of state.uploads.clear()) {
      const reject = { type: 'reject', segment, index, reason: REJECT.notSharing } as const;
      state.emit({ type: 'send', peer, message: reject });
    }
  }
  for (const { peer, state: stage } of state.mesh.all()) {
    // One that is connecting will hear of it in `hello`.
    if (stage !== 'greeting' && stage !== 'ready') continue;
    state.emit({ type: 'send', peer, message: { type: 'sharing', shares } });
    if (stage === 'ready') sayWhatIsHeld(state, peer);
  }
}

/** Announces what there is to a neighbour that has not heard of it, the newest segments only. */
export function sayWhatIsHeld(state: SwarmState, peer: PeerId): void {
  if (!state.shares) return;
  const held = state.store.all().filter((entry) => entry.count('verified') > 0);
  for (const entry of held.slice(-ENGINE.announcedSegments)) {
    const { info, pieces } = entry;
    const message = { type: 'have', segment: info.id, pieces, bitmap: entry.bitmap() } as const;
    state.emit({ type: 'send', peer, message });
  }
}
