export { HealthMeter } from './health/health-meter.ts';
export { healthReport, healthWithout } from './health/health-report.ts';
export type { HealthIssue, HealthIssueType, StreamHealth } from './health/stream-health.ts';
export type { AccessAnswer, AccessGate, AccessRequest } from './access/gate.ts';
export { Channel } from './channel/channel.ts';
export {
  type ChannelState,
  formatChannelState,
  FRESH_STATE,
  parseChannelState,
} from './channel/channel-state.ts';
export {
  Lifecycle,
  type LifecycleEffect,
  type LifecycleInput,
  type LifecycleOptions,
  type LifecycleState,
  type SessionId,
} from './channel/lifecycle.ts';
export {
  digestsPath,
  initPath,
  playlistPath,
  productPath,
  recordingsPath,
  segmentPath,
} from './channel/live-paths.ts';
export {
  type Awaited,
  type ChannelEffect,
  type ChannelInput,
  type ChannelOptions,
  type ChannelStatus,
  type EncodeWhat,
  type Stored,
  type StoredKind,
} from './channel/messages.ts';
export { type MadeFile, type MadeSegment } from './channel/made-segment.ts';
export {
  type EpochMedia,
  type LiveWindow,
  type RenditionInfo,
  type RenditionKind,
  Timeline,
  type TimelineOptions,
} from './channel/timeline.ts';
export { DeliveryAccounting, type SegmentDelivery } from './delivery/accounting.ts';
export { type ByteRange, matchesEtag, parseByteRange } from './delivery/byte-range.ts';
export {
  decodable,
  ffmpegVersion,
  hasFpsMode,
  hasProtocol,
  missingCapabilities,
  type ProbeOutput,
} from './encoder/capabilities.ts';
export {
  type FfmpegCall,
  type FfmpegOption,
  fragmentMsFor,
  type LadderOptions,
  ladderToFragmentedMp4,
  SRT_LISTEN_MS,
  srtToFlv,
} from './encoder/ffmpeg-args.ts';
export {
  DEFAULT_LADDER,
  formatLadder,
  ladderProblem,
  parseLadder,
  type Rung,
  rungsFor,
  rungSize,
  SOUND,
  SOURCE,
  sourceKbps,
} from './encoder/ladder.ts';
export { type PictureSize, pictureSize } from './h264/picture-size.ts';
export { type AudioConfig, audioConfig } from './aac/audio-config.ts';
export {
  type KeyPair,
  type KeyRing,
  type PublishedKey,
  publishedKeys,
  readKeyRing,
  type RetiredKey,
  rotatedKeys,
  type SigningPlace,
} from './signing/key-ring.ts';
export { type Transcode, treat, type Treatment } from './encoder/treatment.ts';
export { readHevcConfig } from './hevc/hevc-config.ts';
export { readAv1Config } from './av1/av1-config.ts';
export { type AudioCodec, type VideoCodec } from './flv/codecs.ts';
export { legacySize } from './flv/legacy-size.ts';
export { plainTag } from './flv/plain-tag.ts';
export { soundOfFrame, soundOfHeader } from './fmp4/sound-source.ts';
export { FlvStream } from './flv/flv-stream.ts';
export { type FeedVerdict, PublishFeed } from './flv/publish-feed.ts';
export {
  FLV_HEADER,
  FLV_TAG,
  sealTag,
  TAG_HEAD_BYTES,
  TAG_OVERHEAD_BYTES,
  type TagKind,
  tagKind,
} from './flv/tag.ts';
export { BoxStream, type WholeBox } from './fmp4/box-stream.ts';
export { type Box, readBoxes } from './fmp4/boxes.ts';
export { type FragmentInfo, readFragment } from './fmp4/fragment.ts';
export { codecsOf, readMovie, type Track } from './fmp4/movie.ts';
export {
  type Cut,
  type CutInit,
  type CutSegment,
  type PartedCut,
  type Cutter,
  ROUNDING_MS,
  type SegmenterOptions,
} from './fmp4/cut.ts';
export { FlvMuxer, type FlvMuxerOptions } from './fmp4/flv-muxer.ts';
export { LadderMuxer } from './fmp4/ladder-muxer.ts';
export { Segmenter } from './fmp4/segmenter.ts';
export { type MediaPlaylist, renderMediaPlaylist } from './hls/media-playlist.ts';
export { BitrateMeter, renderMultivariant, type Variant } from './hls/multivariant.ts';
export { SegmentWindow, type WindowOptions, type WindowSegment } from './hls/segment-window.ts';
export { FRAME_KIND, frameHeader, FrameReader, type PipeFrame } from './ingest/pipe-frames.ts';
export { ORIGIN_LIMITS } from './limits.ts';
export {
  type Encoder,
  type EncoderHandlers,
  type GivenUp,
  type LiveObject,
  type ObjectStore,
  type SegmentStore,
  type StoredBytes,
  type StoredFile,
} from './ports.ts';
export { type BroadcastSummary, formatSummary, parseSummary } from './recording/summary.ts';
export { formatRecord, type JournalRecord, parseRecord } from './recording/journal.ts';
export {
  type BroadcastStatus,
  type RecordingEffect,
  type RecordingInput,
  type RecordingOptions,
} from './recording/messages.ts';
export { type Product } from './recording/product.ts';
export { Recording } from './recording/recording.ts';
export { type Interrupted, RecordingRestore } from './recording/restore.ts';
export { type WriteOutcome } from './recording/write-queue.ts';
export { mediaPaths, VodBuilder, vodPaths, type VodPlaylist } from './recording/vod.ts';
export { isStoredPath, isStoredPrefix } from './storage/stored-path.ts';
export { HotFiles } from './storage/hot-files.ts';
export { checkAmf0 } from './rtmp/amf-guard.ts';
export { hasReached, isTooFar, type Reach, type Wanted } from './hls/low-latency.ts';
export { PartSegmenter } from './fmp4/part-segmenter.ts';
export { type Sample, writeFragment } from './fmp4/write-fragment.ts';
export { CutRule } from './fmp4/cut-rule.ts';
export { readSamples } from './fmp4/read-samples.ts';
export {
  type Actor,
  type ChannelRoles,
  isAtLeast,
  type Rank,
  rankOf,
  RANKS,
} from './access/rank.ts';
export {
  type Broadcast,
  BROADCAST_STATES,
  type BroadcastState,
  follow,
  type IllegalMove,
  isUnderWay,
  request,
  REQUESTED_STATES,
  type RequestedState,
  type StreamChange,
} from './broadcast/lifecycle.ts';
export {
  healthKey,
  healthOf,
  type BroadcastIssue,
  type PlaybackShare,
  type BroadcastHealth,
} from './broadcast/health.ts';
export { type FiguresLook, StreamerFigures } from './broadcast/streamer-figures.ts';
export { BROADCAST_LIMITS } from './broadcast/limits.ts';
export { type PlaybackReport, PlaybackReports } from './broadcast/playback-reports.ts';
export { broadcastOfRecording, type OnAir } from './broadcast/recorded.ts';
export {
  audienceOf,
  barsChannel,
  type ChannelStream,
  isPublic,
  shownStream,
  type StreamStep,
  streamStep,
} from './broadcast/stream.ts';
export {
  type Stream,
  type StreamOrigin,
  type StreamPlayback,
  type StreamReport,
} from './broadcast/stream-origin.ts';
export { CHAT_LIMITS } from './chat/limits.ts';
export { type Ranked, whyNoBan } from './chat/moderation.ts';
export { type ChatRefusal, takeMessage, type Writer } from './chat/room.ts';
export {
  CHAT_MODES,
  type ChatMode,
  type ChatSettings,
  DEFAULT_CHAT_SETTINGS,
} from './chat/settings.ts';
export { blockedWord, plainText } from './chat/text.ts';
export { FEED_LIMITS } from './feed/limits.ts';
export { FeedLine, type LineEffect, type LineInput } from './feed/line.ts';
export {
  type FeedBus,
  type FeedBusHandlers,
  type FeedId,
  type FeedLog,
  type Replay,
} from './feed/ports.ts';
export {
  type ReadersHere,
  ViewerCounts,
  type ViewersLook,
  type ViewersTold,
} from './feed/viewer-counts.ts';
export { FeedReader, type ReaderEffect } from './feed/reader.ts';
export { CURRENCIES } from './money/currencies.ts';
export { MONEY_LIMITS } from './money/limits.ts';
export {
  type Charge,
  type PaymentOutcome,
  type PaymentProvider,
} from './money/payment-provider.ts';
export {
  begin as beginSubscription,
  cancel as cancelSubscription,
  charging as chargingSubscription,
  due as dueOfSubscription,
  ended as endSubscription,
  isSubscribed,
  monthsAfter,
  paid as paidSubscription,
  refused as refusedSubscription,
  type Subscription,
  type SubscriptionState,
} from './money/subscription.ts';
export { type Tier, TIER_PRICES, TIERS } from './money/tiers.ts';
export {
  afterAttempt,
  type Attempt,
  DELIVERY_STATES,
  type DeliveryState,
  healthAfter,
  type HookHealth,
  JITTER,
  RETRY_PAUSES_MS,
  wasTaken,
} from './webhooks/delivery.ts';
export { HOOK_EVENTS, hookBody, isWanted, TEST_EVENT } from './webhooks/hook-events.ts';
export { HOOK_LIMITS } from './webhooks/limits.ts';
export { type Init, readInit, sameBytes } from './fmp4/init.ts';
export { joinInits, type JoinedInit, renameTrack } from './fmp4/join-tracks.ts';
export { firstKeyFrame, splicedKey, stillFragment } from './fmp4/key-frame.ts';
export { type JoinPlace, MovieJoin } from './fmp4/movie-join.ts';
export {
  fragmentsToMp4,
  keyFramesToPictures,
  keyFrameToPoster,
  pictureBytes,
  picturesToSheet,
  progressMs,
} from './jobs/ffmpeg-calls.ts';
export {
  formatJobs,
  type JobKey,
  type JobRecord,
  type JobType,
  parseJobs,
} from './jobs/job-record.ts';
export { Jobs, type JobsLimits } from './jobs/jobs.ts';
export {
  type JobOutcome,
  type JobsEffect,
  type JobsInput,
  type JobStatus,
} from './jobs/messages.ts';
export {
  planStoryboard,
  renderStoryboard,
  type Sheet,
  sheetsFor,
  spriteSize,
  type SpriteSize,
  type StoryboardPlan,
} from './jobs/storyboard.ts';
export { type VodMedia, VodMediaReader, type VodSegment } from './jobs/vod-media.ts';
export { ChannelMirror, type MirrorLimits, type MirrorWrite } from './mirror/channel-mirror.ts';
export { ChannelView, type Heard, type ViewSnapshot } from './mirror/channel-view.ts';
export {
  type ChannelAbout,
  type MirroredList,
  type MirrorMessage,
  type Place,
} from './mirror/messages.ts';
export { type ServedCount, ServedCounts } from './delivery/served-counts.ts';
export { isToCome, type ListPath } from './delivery/to-come.ts';
