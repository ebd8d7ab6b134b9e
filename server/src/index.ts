export type { HttpGateOptions } from './adapters/access/http-gate.ts';
export type { FindFfmpegOptions, FoundFfmpeg } from './adapters/encoder/find-ffmpeg.ts';
export type { Mount } from './adapters/http/app.ts';
export type { ChannelReport, TellReport } from './adapters/http/channel-report.ts';
export type { IceServer, PlaybackOptions } from './adapters/broadcast/playback-options.ts';
export type { DeliveryRecord } from './adapters/http/live-routes.ts';
export type { LocalOrigin } from './adapters/origins/local-origin.ts';
export type { PlaybackInfo } from './adapters/http/playback-info.ts';
export type { SigningKey } from './adapters/keys/signing-keys.ts';
export type { DeliveryOptions } from './delivery-options.ts';
export { type Delivery, startDelivery } from './compose-delivery.ts';
export { createHttpGate, findFfmpeg, installCommand, type Origin, startOrigin } from './compose.ts';
export type {
  AccessAnswer,
  AccessGate,
  AccessRequest,
  ChannelStatus,
  HealthIssue,
  HealthIssueType,
  RenditionInfo,
  Rung,
  SegmentDelivery,
  StreamHealth,
} from './core/index.ts';
export { DEFAULT_LADDER, formatLadder, parseLadder } from './core/index.ts';
export { OriginError, type OriginErrorCode } from './errors.ts';
export { type OpenService, openService, type Service, startService } from './service/compose.ts';
export { type ServiceOptions } from './service/options.ts';
export { ServiceError, type ServiceErrorCode } from './service-error.ts';
export type { OriginOptions, Passthrough } from './options.ts';
