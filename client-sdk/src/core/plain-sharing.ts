import { disown, onClaim, onPlainReject } from './plain-claims.ts';
import { onPlainCancelled, onPlainFetch, onPlainPlaylist } from './plain-events.ts';
import { planPlain } from './plain-plan.ts';
import { PlainSegments } from './plain-segments.ts';
import type { PlainSharing } from './swarm-state.ts';

/** Makes an engine share what no digest vouches for (SWM-30 to SWM-35), as `EngineOptions` take it. */
export const plainSharing: PlainSharing = {
  segments: () => new PlainSegments(),
  rules: {
    plan: planPlain,
    onPlaylist: onPlainPlaylist,
    onFetch: onPlainFetch,
    onCancelled: onPlainCancelled,
    onClaim,
    onReject: onPlainReject,
    disown,
  },
};
