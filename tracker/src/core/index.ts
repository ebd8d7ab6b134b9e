export type { ConnectionOrigin, Effect, Input, Outgoing } from './effect.ts';
export { TRACKER_LIMITS, type TrackerLimits } from './limits.ts';
export type { ChannelStatus, TrackerTotals } from './status.ts';
export { TrackerCore, type TrackerCoreOptions } from './tracker-core.ts';
