import { type ChannelId, type OriginEvent, type SegmentId, type Sha256 } from '@shoal/protocol';
import { type Rung } from '../encoder/ladder.ts';
import { type Transcode } from '../encoder/treatment.ts';
import { type AudioCodec, type VideoCodec } from '../flv/codecs.ts';
import { type PartTimes } from '../fmp4/flv-muxer.ts';
import { type PictureSize } from '../h264/picture-size.ts';
import { type ChannelState } from './channel-state.ts';
import { type SessionId } from './lifecycle.ts';
import { type MadeSegment } from './made-segment.ts';
import { type LowLatencyText, type RenditionInfo } from './timeline.ts';

/** Everything that can happen to a channel. */
export type ChannelInput =
  /** A publisher whose key was checked. */
  | { readonly type: 'publish'; readonly session: SessionId }
  /** One FLV tag of a publisher. */
  | { readonly type: 'tag'; readonly session: SessionId; readonly tag: Uint8Array }
  | { readonly type: 'unpublish'; readonly session: SessionId; readonly reason: string }
  /** Output of the encoder of an epoch; `endsSegment` as in {@link ../ports.ts}. */
  | {
      readonly type: 'encoded';
      readonly epoch: number;
      readonly bytes: Uint8Array;
      readonly endsSegment?: boolean;
    }
  | { readonly type: 'encoder-exit'; readonly epoch: number; readonly detail: string }
  /** The publisher was paused, since its media wait for the encoder, or goes on. */
  | { readonly type: 'held'; readonly held: boolean }
  | { readonly type: 'tick' };

/** What an object under `/live/` is; immutable ones never change under their path (ORG-6). */
export type StoredKind = 'init' | 'segment' | 'digests' | 'part';

/** Bytes to be served, and the segment that they are or belong to, if they do. */
export type Stored = { readonly bytes: Uint8Array; readonly id?: SegmentId };

/** What an encoder is to make. */
export type EncodeWhat = {
  /** Milliseconds after which a fragment ends even without a key frame. */
  readonly fragmentMs: number;
  /** Beside the source, which is copied; empty where there is no picture. */
  readonly rungs: readonly Rung[];
  /** Its picture; absent when there is none, or none that can be read. */
  readonly source?: PictureSize;
  /** Where parts are to be cut; only where nothing is transcoded. */
  readonly parts?: PartTimes;
  /** Whether every frame is to come as a fragment of its own; only where nothing is transcoded. */
  readonly eachFrame?: boolean;
  /** What an ffmpeg is to do; absent where everything is copied, which takes none. */
  readonly transcode?: Transcode;
};

/** What a request for the next version of a playlist waits for. */
export type Awaited = Pick<LowLatencyText, 'delta' | 'reach'>;

/** Everything that a channel may ask its host to do, in this order. */
export type ChannelEffect =
  | {
      readonly type: 'start-encoder';
      readonly epoch: number;
      readonly what: EncodeWhat;
      /** What it is fed first. */
      readonly preamble: readonly Uint8Array[];
    }
  | { readonly type: 'feed-encoder'; readonly epoch: number; readonly tag: Uint8Array }
  | { readonly type: 'finish-encoder' | 'kill-encoder'; readonly epoch: number }
  | { readonly type: 'drop-publisher'; readonly session: SessionId; readonly reason: string }
  | ({ readonly type: 'store'; readonly path: string; readonly kind: StoredKind } & Stored)
  /** For whoever keeps what is made longer than the channel does. */
  | { readonly type: 'segment'; readonly made: MadeSegment }
  /** A broadcast begins, its publisher has not come back in time but still may, or nothing can follow any more. */
  | { readonly type: 'broadcast'; readonly change: 'begins' | 'ends' | 'closes' }
  | { readonly type: 'evict'; readonly path: string }
  | { readonly type: 'event'; readonly event: OriginEvent }
  /** To be on disk before anything after it happens. */
  | { readonly type: 'save'; readonly state: ChannelState }
  /** Replaces a playlist; `text` undefined takes it away. */
  | {
      readonly type: 'playlist';
      readonly path: string;
      readonly text: string | undefined;
      /** Of a playlist of low latency. */
      readonly awaited?: Awaited;
    }
  | { readonly type: 'note'; readonly level: 'info' | 'warn'; readonly message: string };

/** What is fixed about a channel. */
export type ChannelOptions = {
  readonly channel: ChannelId;
  /** What is transcoded beside it, where the source is larger. */
  readonly ladder: readonly Rung[];
  /** What is copied although not every viewer can play it, instead of being transcoded to H.264. Default: nothing. */
  readonly passthrough?: ReadonlySet<VideoCodec>;
  /** Whether the sound becomes a rendition of its own. Default false. */
  readonly audioRendition?: boolean;
  /** What this machine's ffmpeg can decode. Default: everything. */
  readonly canDecode?: (codec: VideoCodec | AudioCodec) => boolean;
  readonly segmentMs: number;
  /** The longest that a part may be; absent where there are to be none. */
  readonly partMs?: number;
  readonly listedSegments: number;
  readonly keptSegments: number;
  readonly interruptedMs: number;
  readonly closeAfterMs: number;
  readonly sha256: Sha256;
  /** Signs the statement of a segment (SEG-14) with the key that the channel has now. Absent: segments are not signed. */
  readonly sign?: (statement: Uint8Array) => Uint8Array;
};

/** What the status API tells of a channel. */
export type ChannelStatus = {
  readonly channel: ChannelId;
  readonly state: 'idle' | 'starting' | 'live' | 'interrupted' | 'ended';
  /** Unix milliseconds. */
  readonly since: number;
  /** The last thing that went wrong, for the streamer; absent while all is well. */
  readonly reason?: string;
  /** The source first; empty before the first segment. */
  readonly renditions: readonly RenditionInfo[];
  readonly epoch?: number;
  readonly lastMsn?: number;
  readonly targetDurationMs?: number;
};
