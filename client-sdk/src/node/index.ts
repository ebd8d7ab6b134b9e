export type { SegmentLoaded, ShoalEvents, ShoalWarning, TrackerState } from '../events.ts';
export { createNodePeer } from './create-node-peer.ts';
export { NodePeerError, type NodePeerErrorCode } from './errors.ts';
export type { FetchTimes } from './fetch-times.ts';
export type { NodePeer, NodePeerStats } from './node-peer.ts';
export type { NodeIceServer, NodePeerOptions, NodeUploadOptions } from './options.ts';
