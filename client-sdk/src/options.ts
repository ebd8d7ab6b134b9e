import type { TokenSource } from './adapters/tracker/token.ts';
import type { UploadRule } from './core/upload-policy.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Which P2P engine serves the player. */
export type EngineName = 'shoal' | 'p2p-media-loader';

/** What a viewer takes from others: see {@link ShoalOptions.integrity}. */
export type Integrity = 'verified' | 'none';

/** Options of {@link createShoal}. */
export type ShoalOptions = {
  /** WebSocket URL of the tracker, `ws://` or `wss://`. */
  readonly tracker: string;
  /**
   * Where the tracker asks for tokens: gives one that your server has signed for this viewer and channel. Asked before each
   * connection, and whenever the tracker wants a fresh one; until it answers, plain HTTP plays on. Default none.
   */
  readonly trackerToken?: TokenSource;
  /**
   * `shoal`, or `p2p-media-loader` for the stock engine on the same tracker (an optional peer
   * dependency, loaded only when chosen). Default `shoal`.
   */
  readonly engine?: EngineName;
  /**
   * `verified`: only segments whose digests the origin lists are shared, all others come over HTTP.
   * `none`: segments of playlists without digests are shared too, and what a segment is, is taken from
   * the viewer that had it first: **a viewer can then show its own video to others**. What is encrypted
   * stays encrypted, and what the origin sends is always believed over what viewers say. Default `verified`.
   */
  readonly integrity?: Integrity;
  /**
   * Where given, only segments that the origin lists or the tracker announces with a signature of one of these keys are shared;
   * all others come over HTTP. The origin publishes them at `/v1/streams/ID/playback`; get them from there or from your own
   * server, over HTTPS. A function is asked again when a key is missing, every 30 s at most. Where the browser has no Ed25519 or
   * the page was not loaded over HTTPS, it is as without keys, with a warning. Says nothing of playlists without digests, nor to
   * the stock engine. Default none: whoever sends the playlist is believed, and the tracker until the playlist comes.
   */
  readonly signingKeys?: SigningKeys;
  /**
   * With `integrity: 'none'`, the name under which viewers of one stream find each other: 1–64 characters
   * of `A-Z a-z 0-9 _ -`. Default: a hash of the URL of the playlist that the player is given, without
   * its query. Set it where viewers get the same stream under different hosts or paths. Playlists with
   * digests say themselves what they belong to.
   */
  readonly channel?: string;
  /** Start with P2P switched on. Default true; {@link Shoal.setP2P} changes it at any time. */
  readonly p2p?: boolean;
  /**
   * What this viewer uploads to others: true by the rules of {@link UploadOptions}, false nothing, or rules of your own.
   * Default true. Who does not upload still watches and still receives, served after those who do.
   * {@link Shoal.setUpload} changes it at any time.
   */
  readonly upload?: boolean | UploadOptions;
  /** STUN and TURN servers. Default none: viewers of one network, and those with public addresses, still meet. */
  readonly iceServers?: readonly RTCIceServer[];
};

/**
 * Bounds and rules for what a viewer uploads. Where several rules apply the strictest is kept; `reduce` caps at 500 kbit/s.
 * A rule about something that the browser does not tell never applies. The stock engine knows no cap: what would reduce
 * its upload stops it.
 */
export type UploadOptions = {
  /** Cap in kbit/s, above 0. Default none. */
  readonly maxKbps?: number | undefined;
  /** Bytes of segments in this session, above 0; then nothing more is uploaded. Default any number. */
  readonly maxBytes?: number | undefined;
  /**
   * On a cellular connection, or where the viewer asked the browser to save data. Default `off`: uploading may cost them money.
   * Told by Chromium-based browsers; elsewhere a site that knows can call {@link Shoal.setUpload}.
   */
  readonly onMetered?: UploadRule;
  /**
   * In a hidden tab. Default `reduce`: the viewer is at something else that may need the uplink; a stream that is
   * listened to in the background still gives some of what it takes.
   */
  readonly whenHidden?: UploadRule;
  /** When the battery is at 20 % or less and not charging. Default `off`: sending keeps the radio awake. */
  readonly onBattery?: UploadRule;
};

export type { SigningKeys, UploadRule };
