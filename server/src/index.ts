export type { FindFfmpegOptions, FoundFfmpeg } from './adapters/encoder/find-ffmpeg.ts';
export type { DeliveryRecord } from './adapters/http/live-routes.ts';
export type { PlaybackInfo } from './adapters/http/playback-info.ts';
export type { SigningKey } from './adapters/keys/signing-keys.ts';
export { findFfmpeg, installCommand, type Origin, startOrigin } from './compose.ts';
export type { ChannelStatus, RenditionInfo, Rung, SegmentDelivery } from './core/index.ts';
export { DEFAULT_LADDER, formatLadder, parseLadder } from './core/index.ts';
export { OriginError, type OriginErrorCode } from './errors.ts';
export type { OriginOptions, Passthrough } from './options.ts';
