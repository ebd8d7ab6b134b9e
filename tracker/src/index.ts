export { publishEvents, startTracker, type Tracker } from './compose.ts';
export type { EventSink } from './adapters/redis/redis-bus.ts';
export type { AuthOptions } from './adapters/token-verifier.ts';
export type { Log, TrackerOptions } from './config.ts';
export type {
  ChannelStatus,
  DutyView,
  LinkView,
  PeerView,
  SwarmView,
  TrackerLimits,
  TrackerTotals,
} from './core/index.ts';
export { TrackerStartError, type TrackerStartErrorCode } from './errors.ts';
