import type { ChannelId, OriginEvent, TrackerErrorCode, TrackerMessage } from '@shoal/protocol';
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
