import { ENGINE } from './limits.ts';
import type { SwarmState } from './swarm-state.ts';
import { leaveSwarm } from './tracker-events.ts';

/**
 * Leaves the swarm where the device is short of CPU, for a while: plain HTTP costs least, and plays on. Nor does a
 * viewer begin, or come back, before the device is calm (SWM-17).
 */
export function giveWay(state: SwarmState): void {
  const { rest, now } = state;
  if (rest.until !== undefined) comeBack(state, rest.until);
  else if (!state.enabled) return;
  else if (state.strain.share(now) >= rest.threshold) {
    rest.begin(now);
    beginRest(state);
    leaveSwarm(state);
  } else if (!state.begun && state.mayBegin() && !isCalm(state)) {
    rest.hold(now);
    beginRest(state);
  }
}

function comeBack(state: SwarmState, until: number): void {
  const { rest, now } = state;
  if (now >= until) {
    if (isCalm(state) || !state.enabled) {
      rest.end(now);
      state.emit({ type: 'report', report: { type: 'resting', resting: false } });
      return;
    }
    rest.hold(now);
  }
  // Nothing else would show how late timers are now.
  state.wake(Math.min(rest.until ?? now, now + ENGINE.strainLookMs));
}

function beginRest(state: SwarmState): void {
  state.wake(state.now + ENGINE.strainLookMs);
  state.emit({ type: 'report', report: { type: 'resting', resting: true } });
}

function isCalm({ strain, now }: SwarmState): boolean {
  return strain.share(now) < ENGINE.calmShare;
}
