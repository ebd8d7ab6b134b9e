import type {
  ByeReason,
  ChannelId,
  ClientMessage,
  ListedSwarm,
  PeerId,
  PeerMessage,
  RenditionId,
  SegmentId,
  SegmentInfo,
  Signal,
  TrackerMessage,
} from '@shoal/protocol';
import type { ByteSpan } from './catalog.ts';

/** A segment as a playlist lists it, its URI resolved against the playlist's URL. */
export type PlaylistInput = {
  readonly type: 'playlist';
  readonly swarm: ListedSwarm;
  /** Absolute URL of each of `swarm.segments`, in the same order. */
  readonly urls: readonly string[];
};

/** A segment as a playlist without digests lists it. */
export type PlainListed = {
  readonly id: SegmentId;
  /** Absolute. */
  readonly url: string;
  /** Where in the resource it lies, if it is only a part of it. */
  readonly within: ByteSpan | undefined;
  readonly durationMs: number;
};

/** A playlist that carries no digests, of a site that wants to share all the same (SEG-10). */
export type PlainPlaylistInput = {
  readonly type: 'plain-playlist';
  readonly channel: ChannelId;
  readonly rendition: RenditionId;
  readonly segments: readonly PlainListed[];
  readonly ended: boolean;
};

/** A rendition that the player plays, and where in it playback stands. */
export type TrackPosition = {
  readonly rendition: RenditionId;
  /** Media sequence number of the first segment that is not yet buffered. */
  readonly next: number;
  /** Media of this track ahead of the playhead without a gap, in ms. */
  readonly bufferedMs: number;
};

/** Where playback stands; sent at least every 500 ms, after each append and each switch. */
export type PlaybackInput = {
  readonly type: 'playback';
  /** The level being loaded, audio in it or not. Undefined while its playlist is not known, and if it is not shared. */
  readonly main: TrackPosition | undefined;
  /** Audio that is loaded apart from the level; undefined for none, and as above. */
  readonly audio: TrackPosition | undefined;
  readonly playing: boolean;
};

/** Everything that can happen to the engine. Times are passed beside it, in ms of any monotonic clock. */
export type Input =
  | PlaylistInput
  | PlainPlaylistInput
  | PlaybackInput
  /** The player wants the segment with this address ({@link segmentAddress}); `demand` names the request. */
  | { readonly type: 'demand'; readonly demand: number; readonly url: string }
  | { readonly type: 'demand-cancelled'; readonly demand: number }
  /** P2P on or off. Off: neighbours and tracker are left, open demands are finished over HTTP. */
  | { readonly type: 'p2p'; readonly enabled: boolean }
  /** What may be uploaded from now on: bytes a second and in all, `budget` counted from the start. */
  | {
      readonly type: 'upload';
      readonly shares: boolean;
      readonly limit: number | undefined;
      readonly budget: number | undefined;
    }
  | { readonly type: 'tracker-open' }
  | { readonly type: 'tracker-closed' }
  | { readonly type: 'tracker-message'; readonly message: TrackerMessage }
  /** A link wants this signal carried to its peer. */
  | {
      readonly type: 'link-signal';
      readonly peer: PeerId;
      readonly session: string;
      readonly signal: Signal;
    }
  | { readonly type: 'link-open'; readonly peer: PeerId }
  /** The link is gone, for whatever reason; also after a `disconnect` effect or a failed connect. */
  | { readonly type: 'link-closed'; readonly peer: PeerId }
  | { readonly type: 'link-frame'; readonly peer: PeerId; readonly frame: Uint8Array }
  /** The send buffer of the link has drained after a `send`. */
  | { readonly type: 'link-drained'; readonly peer: PeerId }
  /** The response began: `offset` is where in the segment its body starts (0 for a 200, whatever was asked). */
  | { readonly type: 'fetch-start'; readonly fetch: number; readonly offset: number }
  | { readonly type: 'fetch-data'; readonly fetch: number; readonly bytes: Uint8Array }
  | { readonly type: 'fetch-end'; readonly fetch: number }
  /** `status` is the HTTP status, or 0 where there was no response. */
  | { readonly type: 'fetch-failed'; readonly fetch: number; readonly status: number }
  /** The time of {@link SwarmEngine.deadline} has come; `lateMs` ago, where the host's timer was notably late. */
  | { readonly type: 'tick'; readonly lateMs?: number };

/** Everything the engine may ask its host to do, in order. */
export type Effect =
  /**
   * GET `url`; `range` is `[from, to)` in bytes of the segment, which lies in the resource at `within`,
   * or is all of it. Answer with the `fetch-*` inputs.
   */
  | {
      readonly type: 'fetch';
      readonly fetch: number;
      readonly url: string;
      readonly range?: { readonly from: number; readonly to: number };
      readonly within?: ByteSpan;
    }
  | { readonly type: 'fetch-abort'; readonly fetch: number }
  /** Connect to the tracker and stay connected (with back-off) until `tracker-disconnect`. */
  | { readonly type: 'tracker-connect' }
  | { readonly type: 'tracker-disconnect' }
  | { readonly type: 'tracker-send'; readonly message: ClientMessage }
  | {
      readonly type: 'connect';
      readonly peer: PeerId;
      readonly session: string;
      readonly initiator: boolean;
    }
  | { readonly type: 'link-signal'; readonly peer: PeerId; readonly signal: Signal }
  /** Encode and send; answer with `link-drained` when the link's send buffer has emptied, if `message` is a piece. */
  | { readonly type: 'send'; readonly peer: PeerId; readonly message: PeerMessage }
  /** Close the link once what was sent has left, or after a short while. */
  | { readonly type: 'disconnect'; readonly peer: PeerId }
  /**
   * Hand the verified segment to the player. `data` stays the engine's: the host copies it. It came in
   * within `transferMs`, from its first byte to its last, whether or not the player waited for it then.
   */
  | {
      readonly type: 'deliver';
      readonly demand: number;
      readonly data: Uint8Array;
      readonly transferMs: number;
    }
  /** The player's own error handling takes over: the origin answered with `status` (0: it did not). */
  | { readonly type: 'fail'; readonly demand: number; readonly status: number }
  /** Load it with the player's own loader instead. */
  | { readonly type: 'fall-back'; readonly demand: number }
  | { readonly type: 'report'; readonly report: Report };

/** What the embedder may want to know. */
export type Report =
  | {
      readonly type: 'segment';
      readonly id: SegmentId;
      readonly size: number;
      readonly httpBytes: number;
      readonly p2pBytes: number;
      readonly waitedMs: number;
    }
  | { readonly type: 'peers'; readonly connected: number }
  /** This viewer has stopped uploading, or begun again. */
  | { readonly type: 'sharing'; readonly shares: boolean }
  /** This viewer has left the swarm because its device is short of CPU, or comes back. */
  | { readonly type: 'resting'; readonly resting: boolean }
  | { readonly type: 'peer-dropped'; readonly peer: PeerId; readonly reason: ByeReason }
  | { readonly type: 'corrupt-origin'; readonly id: SegmentId }
  | { readonly type: 'tracker-refused'; readonly code: string; readonly message: string };

/** Counters of the engine, all in bytes of segment data except the gauges. */
export type EngineStats = {
  readonly httpBytes: number;
  readonly p2pBytes: number;
  readonly uploadedBytes: number;
  readonly wastedBytes: number;
  readonly peers: number;
  readonly viewers: number | undefined;
  /** Whether the viewer rests from the swarm, its device being short of CPU (SWM-17). */
  readonly resting: boolean;
};

/** Settings of the engine. */
export type EngineOptions = {
  /** 16 random bytes as base64url, which nobody can guess: keeps the viewer's name with the tracker (TRK-21). Default none. */
  readonly key?: string;
  /** Upload at all. */
  readonly shares: boolean;
  /** Bytes a second; undefined for no cap. */
  readonly uploadLimit: number | undefined;
  /** Bytes in all; default any number. */
  readonly uploadBudget?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly sha256: (...parts: readonly Uint8Array[]) => Uint8Array;
  /** Where a segment's bytes are kept: `size` bytes. Default a new array; a simulator of many viewers shares one. */
  readonly memory?: (segment: SegmentInfo) => Uint8Array;
};
