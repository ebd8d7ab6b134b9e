export type { FindFfmpegOptions, FoundFfmpeg } from './adapters/encoder/find-ffmpeg.ts';
export type { DeliveryRecord } from './adapters/http/live-routes.ts';
export { type Delivery, startDelivery } from './compose-delivery.ts';
export { findFfmpeg, installCommand, type Origin, startOrigin } from './compose.ts';
export type { ChannelStatus, RenditionInfo, Rung, SegmentDelivery } from './core/index.ts';
export { DEFAULT_LADDER, formatLadder, parseLadder } from './core/index.ts';
export { OriginError, type OriginErrorCode } from './errors.ts';
export type { DeliveryOptions } from './delivery-options.ts';
export type { OriginOptions } from './options.ts';
