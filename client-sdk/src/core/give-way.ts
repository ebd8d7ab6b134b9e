import { ENGINE } from './limits.ts';
import type { SwarmState } from './swarm-state.ts';
import { leaveSwarm } from './tracker-events.ts';

/** Leaves the swarm where the device is short of CPU, for a while: plain HTTP costs least, and plays on (SWM-17). */
export function giveWay(state: SwarmState): void {
  const { rest, strain, now } = state;
  if (rest.until !== undefined) {
    if (now < rest.until) {
      state.wake(rest.until);
      return;
    }
    rest.end(now);
    strain.clear();
    state.emit({ type: 'report', report: { type: 'resting', resting: false } });
  } else if (state.p2p && strain.share(now) >= ENGINE.strainShare) {
    rest.begin(now, state.random);
    leaveSwarm(state);
    state.wake(rest.until);
    state.emit({ type: 'report', report: { type: 'resting', resting: true } });
  }
}
