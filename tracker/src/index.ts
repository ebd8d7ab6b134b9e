export { startTracker, type Tracker } from './compose.ts';
export type { Log, TrackerOptions } from './config.ts';
export type { ChannelStatus, TrackerLimits, TrackerTotals } from './core/index.ts';
export { TrackerStartError, type TrackerStartErrorCode } from './errors.ts';
