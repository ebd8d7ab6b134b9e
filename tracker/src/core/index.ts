export type { ConnectionOrigin, Effect, Grant, Input, Outgoing } from './effect.ts';
export { TRACKER_LIMITS, type TrackerLimits } from './limits.ts';
export { ownerOf, type TrackerNode } from './nodes.ts';
export type { ChannelStatus, TrackerTotals } from './status.ts';
export { isViewerName } from './viewer-name.ts';
export { TrackerCore, type TrackerCoreOptions } from './tracker-core.ts';
export type { DutyView } from './shoal/channel.ts';
export type { LinkView, PeerView, SwarmView } from './shoal/swarm-view.ts';
