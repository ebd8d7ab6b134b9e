export { SwarmEngine } from './engine.ts';
export type {
  Effect,
  EngineOptions,
  EngineStats,
  Input,
  PlaybackInput,
  PlaylistInput,
  Report,
} from './io.ts';
export { ENGINE } from './limits.ts';
export { decideUpload, REDUCED_LIMIT } from './upload-policy.ts';
export type {
  DeviceState,
  UploadDecision,
  UploadReason,
  UploadRule,
  UploadSettings,
} from './upload-policy.ts';
