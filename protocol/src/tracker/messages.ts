import type { ChannelId, PeerId, RenditionId } from '../ids.ts';
import type { SegmentInfo } from '../segment.ts';

/**
 * The Shoal dialect of the tracker: JSON text messages told apart by `action`, as in the WebTorrent
 * dialect on the same socket. A socket speaks the dialect of its first message (TRK-1).
 */
export type ClientMessage =
  | {
      /** First message; answered by `welcome` or `error`. */
      readonly action: 'join';
      readonly version: number;
      readonly channel: ChannelId;
      /** Whether this viewer will upload to others at all. */
      readonly shares: boolean;
      /** 16 random bytes as base64url, told to nobody but the tracker: who has it keeps its name (TRK-21). */
      readonly key?: string;
    }
  | ClientUpdate
  | {
      /** For the peer of an introduction; carried only while that introduction is pending (TRK-6). */
      readonly action: 'signal';
      readonly to: PeerId;
      readonly session: string;
      readonly signal: Signal;
    }
  /** A fresh token, which the tracker has asked for (TRK-23). */
  | { readonly action: 'renew'; readonly token: string }
  | { readonly action: 'leave' };

/** Where a viewer stands; sent on change, at most about once a second, and every `updateIntervalMs`. */
export type ClientUpdate = {
  readonly action: 'update';
  /** What it is matched by: the video that it plays, whether or not audio is in it. */
  readonly rendition: RenditionId;
  readonly epoch: number;
  /** Verified segments held: media sequence numbers `lo` to `hi`; `hi < lo` means none. */
  readonly lo: number;
  readonly hi: number;
  /** The segment it needs next. */
  readonly next: number;
  /**
   * Other renditions that it plays at the same time, as separate audio, and of which it holds at least two
   * verified segments: it may own stripes of them too (TRK-8). May be absent on the wire, for none.
   */
  readonly also: readonly RenditionId[];
  /** Neighbours connected now. */
  readonly neighbours: number;
  /** How many more it would like to be introduced to. */
  readonly want: number;
  readonly shares: boolean;
  /** Verified bytes received from neighbours since the last update: what their upload weights are made of (TRK-9). */
  readonly received: readonly { readonly peer: PeerId; readonly bytes: number }[];
  /** Neighbours that sent corrupt data or could not be reached (TRK-10). */
  readonly bad: readonly BadReport[];
};

export type BadReason = 'corrupt' | 'unreachable';

/** What is wrong with a neighbour. `session`: of the introduction that led to no connection (TRK-20); absent otherwise. */
export type BadReport = {
  readonly peer: PeerId;
  readonly reason: BadReason;
  readonly session?: string;
};

/** WebRTC signalling, passed on unread except for its size and shape. */
export type Signal =
  | { readonly kind: 'offer' | 'answer'; readonly sdp: string }
  | {
      readonly kind: 'candidate';
      readonly candidate: string;
      readonly sdpMid: string | null;
      readonly sdpMLineIndex: number | null;
    };

/** One stripe of a segment that a viewer is to take from the origin (SWM-2). */
export type Duty = {
  /** Which stripe, from 0. */
  readonly stripe: number;
  /** How many stripes the segment is cut into. */
  readonly of: number;
  /** 0 for the owner, 1 and up for its backups in order. */
  readonly rank: number;
};

/** What the tracker says to a viewer that speaks the Shoal dialect. */
export type TrackerMessage =
  | {
      readonly action: 'welcome';
      readonly version: number;
      /** The name the tracker gave this socket. */
      readonly peer: PeerId;
      readonly channel: ChannelId;
      /** Send an update at least this often. */
      readonly updateIntervalMs: number;
      /** Viewers of the channel, this one included. */
      readonly viewers: number;
    }
  | {
      /** Connect to `peer`: the initiator makes the offer, the other side waits for it. */
      readonly action: 'introduce';
      readonly peer: PeerId;
      readonly session: string;
      readonly initiator: boolean;
    }
  | {
      readonly action: 'signal';
      readonly from: PeerId;
      readonly session: string;
      readonly signal: Signal;
    }
  | {
      /** A segment is complete at the origin. */
      readonly action: 'segment';
      readonly segment: SegmentInfo;
      readonly viewers: number;
      /** This viewer's stripes of it; absent for most. */
      readonly duties: readonly Duty[];
    }
  /** A neighbour's socket closed; it may still be reachable, but is not expected back. */
  | { readonly action: 'gone'; readonly peer: PeerId }
  /** Another node of the tracker has this channel: go there, with the same query; the socket closes (TRK-26). */
  | { readonly action: 'moved'; readonly url: string }
  /** Answer with `renew` and a fresh token: this one expires soon (TRK-23). */
  | { readonly action: 'renew' }
  | { readonly action: 'error'; readonly code: TrackerErrorCode; readonly message: string };

/** Codes are never reused. Each is followed by a close. */
export type TrackerErrorCode =
  | 'bad-message'
  | 'unsupported-version'
  | 'unknown-channel'
  | 'already-joined'
  | 'not-joined'
  | 'too-many-messages'
  | 'channel-full'
  | 'banned'
  /** No token for this channel, or one that does not verify (TRK-22). */
  | 'unauthorized'
  /** Not renewed in time (TRK-23). */
  | 'token-expired'
  /** The site took the viewer's right back (TRK-24). */
  | 'revoked'
  /** P2P is switched off for the channel (TRK-25): plain HTTP plays on. */
  | 'p2p-off'
  /** Too many sockets of one viewer (TRK-22). */
  | 'too-many-connections';

/** WebSocket close codes of the tracker (RFC 6455 section 7.4.2, private range). */
export const CLOSE = {
  /** Said or did something the protocol does not allow. */
  protocolViolation: 4400,
  /** Another node has the channel (TRK-26). */
  moved: 4301,
  /** No right, or none any more: no token that verifies, expired, revoked. */
  unauthorized: 4401,
  /** Not admitted: unknown channel, ban, P2P switched off. */
  refused: 4403,
  /** Did not join or answer a ping in time. */
  timeout: 4408,
  /** Too many messages, or too slow a reader. */
  overload: 4429,
  /** The tracker is going down; come back after a jittered pause. */
  goingAway: 4503,
} as const;
