import type { TokenSource } from '../adapters/tracker/token.ts';
import type { ChannelId } from '@shoal/protocol';
import type { Integrity, SigningKeys } from '../options.ts';
import type { UploadSettings } from '../core/upload-policy.ts';
import type { UploadOptions } from '../options.ts';

/** Bounds for what a peer uploads; a machine that runs one has no battery, tab or mobile contract to go by. */
export type NodeUploadOptions = Pick<UploadOptions, 'maxKbps' | 'maxBytes'>;

/** A STUN or TURN server, in the shape of the browser's `RTCIceServer`. */
export type NodeIceServer = {
  /** `stun:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065). */
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
};

/** Options of {@link createNodePeer}. */
export type NodePeerOptions = {
  /** URL of a media playlist, or of a multivariant playlist. */
  readonly playlist: string;
  /** Which variant of a multivariant playlist to play, counted from 0; the last where there are fewer. Default 0. */
  readonly variant?: number;
  /** WebSocket URL of the tracker, `ws://` or `wss://`. */
  readonly tracker: string;
  /** As {@link ShoalOptions.trackerToken} says. */
  readonly trackerToken?: TokenSource;
  /** As {@link ShoalOptions.integrity} says; byte ranges are not shared by Node peers. Default `verified`. */
  readonly integrity?: Integrity;
  /** As {@link ShoalOptions.signingKeys} says; Node has Ed25519 everywhere. */
  readonly signingKeys?: SigningKeys;
  /** As {@link ShoalOptions.channel} says. */
  readonly channel?: string;
  /** Start with P2P switched on. Default true; {@link NodePeer.setP2P} changes it at any time. */
  readonly p2p?: boolean;
  /** What to upload to others: anything, nothing, or within bounds. Default true; {@link NodePeer.setUpload} changes it at any time. */
  readonly upload?: boolean | NodeUploadOptions;
  /** How many segments before the end of a live playlist playback begins, 1–64. Default 3. VOD begins at its start. */
  readonly startBehindSegments?: number;
  /** User-Agent of every request, by which an origin's log tells peers apart. Default `shoal-node-peer`. */
  readonly userAgent?: string;
  /** Default none: peers of one network, and those with public addresses, still meet. */
  readonly iceServers?: readonly NodeIceServer[];
};

/** Options with their defaults filled in. */
export type NodePeerSettings = {
  readonly playlist: string;
  readonly variant: number;
  readonly tracker: string;
  readonly trackerToken: TokenSource | undefined;
  readonly integrity: Integrity;
  readonly signingKeys: SigningKeys | undefined;
  readonly channel: ChannelId | undefined;
  readonly p2p: boolean;
  readonly upload: UploadSettings;
  readonly startBehindSegments: number;
  readonly userAgent: string;
  readonly iceServers: readonly NodeIceServer[];
};
