export { fromBase64Url, toBase64Url } from './base64url.ts';
export type { ChatAnswer, ChatMessage } from './broadcast/chat.ts';
export type {
  ChatAuthor,
  Envelope,
  FeedAudience,
  FeedEvent,
  Money,
  PassingEvent,
  StreamerEvent,
  ViewerEvent,
} from './broadcast/events.ts';
export {
  formatOriginEvent,
  ORIGIN_EVENTS_TOPIC,
  parseOriginEvent,
  readAboutChannel,
} from './event-codec.ts';
export type { Bus, OriginEvent } from './events.ts';
export {
  type ChannelId,
  parseChannelId,
  parsePeerId,
  parseRenditionId,
  type PeerId,
  type RenditionId,
} from './ids.ts';
export {
  DIGEST_BYTES,
  digestList,
  isListed,
  isRoot,
  pieceDigest,
  rootOf,
  type Sha256,
  verifyDigestList,
  verifyPiece,
} from './integrity.ts';
export { LIMITS } from './limits.ts';
export { decodePeerMessage, encodePeerMessage } from './peer/codec.ts';
export {
  BYE,
  type ByeReason,
  FRAME,
  type PeerMessage,
  REJECT,
  type RejectReason,
} from './peer/messages.ts';
export {
  type ListedSegment,
  type ListedSwarm,
  readSwarmTags,
  segmentTag,
  swarmTag,
} from './playlist-tags.ts';
export { assertNever, err, invariant, ok, type Result, unwrap } from './result.ts';
export { isSignature, publicKeyBytes, segmentStatement, signatureBytes } from './signature.ts';
export {
  digestsUrl,
  initFile,
  isSegmentSize,
  isUint32,
  type LivePath,
  parseLivePath,
  pieceCount,
  pieceLength,
  partFile,
  playlistFile,
  type PlaylistName,
  productFile,
  type ProductKind,
  type RecordingName,
  RECORDINGS_FILE,
  segmentFile,
  type SegmentId,
  type SegmentInfo,
  segmentKey,
  stripePieces,
} from './segment.ts';
export { parseClientMessage, parseTrackerMessage } from './tracker/codec.ts';
export {
  type BadReason,
  type BadReport,
  type ClientMessage,
  type ClientUpdate,
  CLOSE,
  type Duty,
  type Signal,
  type TrackerErrorCode,
  type TrackerMessage,
} from './tracker/messages.ts';
export { PROTOCOL_VERSION } from './version.ts';
