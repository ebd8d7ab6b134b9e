export { SwarmEngine } from './engine.ts';
export { type ByteSpan, segmentAddress } from './catalog.ts';
export type {
  Effect,
  EngineOptions,
  EngineStats,
  Input,
  PlainListed,
  PlainPlaylistInput,
  PlaybackInput,
  PlaylistInput,
  Report,
  TrackPosition,
} from './io.ts';
export { ENGINE } from './limits.ts';
export { type PlainItem, type PlainPlaylist, readPlainPlaylist } from './plain-playlist.ts';
export { plainSharing } from './plain-sharing.ts';
export type { PlainSharing } from './swarm-state.ts';
export { textHash } from './text-hash.ts';
export { decideUpload, REDUCED_LIMIT } from './upload-policy.ts';
export type {
  DeviceState,
  UploadDecision,
  UploadReason,
  UploadRule,
  UploadSettings,
} from './upload-policy.ts';
