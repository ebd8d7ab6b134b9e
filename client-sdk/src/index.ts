export { createShoal } from './create-shoal.ts';
export { ShoalError } from './errors.ts';
export type {
  SegmentLoaded,
  ShoalEvents,
  ShoalWarning,
  SigningWarningCode,
  TrackerState,
} from './events.ts';
export type { NotShared, NotSharedReason } from './not-shared.ts';
export type {
  EngineName,
  Integrity,
  ShoalOptions,
  SigningKeys,
  UploadOptions,
  UploadRule,
} from './options.ts';
export type { Shoal } from './shoal.ts';
export type { ShoalStats } from './stats.ts';
export type { UploadReason, UploadState } from './upload-state.ts';
