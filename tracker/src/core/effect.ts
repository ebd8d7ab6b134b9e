import type { ChannelId, OriginEvent, TrackerErrorCode, TrackerMessage } from '@shoal/protocol';
import type { TrackerNode } from './nodes.ts';
import type { WebTorrentReply } from './web-torrent/messages.ts';

/** Everything that can happen to the tracker. `Conn` is whatever the host calls a connection. */
export type Input<Conn> =
  | {
      readonly type: 'connected';
      readonly from: Conn;
      readonly origin: ConnectionOrigin;
    }
  | {
      /** One message, parsed from JSON but not looked at, and its size on the wire. */
      readonly type: 'message';
      readonly from: Conn;
      readonly value: unknown;
      readonly bytes: number;
    }
  /** Something that was no JSON text. */
  | { readonly type: 'malformed'; readonly from: Conn }
  | { readonly type: 'closed'; readonly from: Conn }
  /** What a token that an effect `verify` named came to; no grant when it did not verify. */
  | { readonly type: 'verified'; readonly from: Conn; readonly grant: Grant | undefined }
  /** The site takes a viewer's right to a channel back (TRK-24). */
  | { readonly type: 'revoke'; readonly channel: ChannelId; readonly viewer: string }
  /** Somebody switches the P2P of a channel (TRK-25). */
  | { readonly type: 'p2p'; readonly channel: ChannelId; readonly enabled: boolean }
  /** Which nodes the tracker has; this one may be none of them, when it is going down (TRK-26). */
  | { readonly type: 'nodes'; readonly self: string; readonly nodes: readonly TrackerNode[] }
  | { readonly type: 'origin-event'; readonly event: OriginEvent }
  | { readonly type: 'tick' };

/** What is known of a connection before it says anything; addresses only as keyed hashes. */
export type ConnectionOrigin = {
  /** Stands for one address (one /64 of IPv6): bans are kept under it. */
  readonly address: string;
  /** Stands for its network (/24, or /48 of IPv6): peers of one network are likely near each other. */
  readonly network: string;
  /** The channel that the connection's URL names, by which viewers of the WebTorrent dialect are counted. */
  readonly channel: ChannelId | undefined;
  /** What its token gives it a right to; absent where the tracker asks for none. */
  readonly grant?: Grant | undefined;
  /** Another node relays it, since it takes this one for the one that has the channel: it is not sent on (TRK-26). */
  readonly relayed?: boolean;
};

/** What a token says that verified (TRK-22). */
export type Grant = {
  readonly channel: ChannelId;
  /** Whom the site signed it for. */
  readonly viewer: string;
  /** Unix ms. */
  readonly expiresAt: number;
};

/** Everything the tracker may ask its host to do, in this order. */
export type Effect<Conn> =
  | {
      readonly type: 'send';
      readonly to: Conn;
      readonly message: Outgoing;
      /** May be left out for a connection that reads slowly. */
      readonly droppable: boolean;
    }
  /** One message for many, to be serialised once. */
  | { readonly type: 'broadcast'; readonly to: readonly Conn[]; readonly message: Outgoing }
  /**
   * Carry this message and all later ones to the node that has the client's channel, and back what it says: the core has forgotten the
   * connection. For clients of the WebTorrent dialect, which cannot be sent elsewhere (TRK-26).
   */
  | { readonly type: 'relay'; readonly of: Conn; readonly to: string; readonly message: unknown }
  /** Check a token; the answer is an input `verified`. */
  | { readonly type: 'verify'; readonly of: Conn; readonly token: string }
  /** The core has forgotten the connection already. */
  | {
      readonly type: 'close';
      readonly to: Conn;
      readonly code: number;
      readonly reason: string;
    };

export type Outgoing = TrackerMessage | WebTorrentReply;

/** One step: its time, and the effects so far. */
export type Turn<Conn> = { readonly now: number; readonly out: Effect<Conn>[] };

/** A connection that a dialect wants gone, and why; `error` is told to viewers of the Shoal dialect only. */
export type Ejection<Conn> = {
  readonly conn: Conn;
  readonly error: TrackerErrorCode | undefined;
  readonly code: number;
  readonly reason: string;
};
