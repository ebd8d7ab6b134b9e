/**
 * Every bound that only the tracker knows; those shared with viewers are `LIMITS` of `@shoal/protocol`.
 * Milliseconds and bytes where the name says so, otherwise counts.
 */
export type TrackerLimits = {
  /** A connection that has said nothing by then is closed. */
  readonly firstMessageMs: number;
  /** Nodes of a tracker that are heeded. */
  readonly nodes: number;
  /** Over how long the viewers of a channel are sent to its new node: they all reconnect (TRK-26). */
  readonly moveMs: number;
  /** Connections with tokens of one viewer of one channel: tabs, and one that broke without our knowing. */
  readonly connectionsPerViewer: number;
  /** A viewer is asked for a fresh token so long before its own expires (TRK-23). */
  readonly renewAheadMs: number;
  /** A connection of the WebTorrent dialect, which cannot renew, lasts so long at most (TRK-23). */
  readonly stockSessionMs: number;
  /** Revocations remembered, oldest forgotten first, and for how long: no token lives longer (TRK-24). */
  readonly revocations: number;
  readonly revokedMs: number;
  /** Channels whose P2P is switched off at a time. */
  readonly channelsOff: number;
  /** Announces, updates, scrapes: tokens a second and at most saved up (TRK-13). */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /**
   * Signals and WebTorrent answers have a budget of their own: trickle ICE sends about 10 at once per
   * introduction, and a viewer may be in `maxNeighbours` of them (12 × LIM-10 = 480).
   */
  readonly signalsPerSecond: number;
  readonly signalBurst: number;
  /** Members of one channel, and connections whose WebTorrent swarms are counted towards it. */
  readonly membersPerChannel: number;

  /** A viewer is asked to send an update at least this often. */
  readonly updateIntervalMs: number;
  /** A viewer not heard of for this long is neither introduced nor given duties. */
  readonly staleMs: number;
  /** And for this long: closed. */
  readonly silentMs: number;

  /** Introductions a viewer may ask for: a second, and at most saved up. */
  readonly introductionsPerSecond: number;
  readonly introductionBurst: number;
  /** Introductions made at `join` in a small channel, before it is known what the viewer needs (TRK-4). */
  readonly introductionsAtJoin: number;
  /** How long an introduction counts as a neighbour that its peers do not report yet. */
  readonly settleMs: number;
  /** How long an introduction is pending: signals are passed on (TRK-6). */
  readonly pendingMs: number;
  /** Introductions remembered per viewer, oldest forgotten first. */
  readonly linksPerMember: number;
  /** The same two are not introduced again before; counted from the last sign that the link is alive. */
  readonly reintroduceMs: number;
  /** The same after one of them could not reach the other. */
  readonly reintroduceFailedMs: number;
  /** The same when that showed within `settleMs`: after the first such failure, the second, and so on (TRK-20). */
  readonly retryFailedMs: readonly number[];
  /** The same at most for a viewer that has no other neighbour. */
  readonly retryAloneMs: number;
  /** Candidates looked at per selection (TRK-12), and which part of them by chance (TRK-5). */
  readonly sample: number;
  readonly sampledAtRandom: number;
  /** Media sequence numbers per window bucket. */
  readonly segmentsPerWindow: number;

  /** LIM-13: different reporters before a peer is banned, and how long their reports count. */
  readonly reportersToBan: number;
  readonly accusationMs: number;
  readonly banMs: number;
  /** Bans remembered, oldest forgotten first. */
  readonly bans: number;

  /** WebTorrent dialect: what is asked of clients, in seconds as on the wire. */
  readonly announceIntervalSeconds: number;
  /** A membership that was not announced again is dropped. */
  readonly announceExpiryMs: number;
  readonly offersPerAnnounce: number;
  /** Offers made to one peer that it has not answered yet, oldest forgotten first. */
  readonly pendingOffers: number;
  /** The clients give an offer up after 50 s. */
  readonly offerMs: number;
  /**
   * Peer ids of one connection, kept until it closes. p2p-media-loader uses one for each rendition and
   * audio track over one shared socket.
   */
  readonly peerIdsPerConnection: number;
  /** Swarms of one connection; joining one more leaves the one not announced for longest. */
  readonly swarmsPerConnection: number;
  readonly hashesPerScrape: number;
  /** WebTorrent swarms in all. */
  readonly swarms: number;
};

export const TRACKER_LIMITS: TrackerLimits = {
  firstMessageMs: 10_000,
  nodes: 64,
  moveMs: 2_000,
  connectionsPerViewer: 16,
  renewAheadMs: 60_000,
  stockSessionMs: 4 * 3_600_000,
  revocations: 100_000,
  revokedMs: 360_000,
  channelsOff: 10_000,
  messagesPerSecond: 5,
  messageBurst: 20,
  signalsPerSecond: 50,
  signalBurst: 500,
  membersPerChannel: 100_000,

  updateIntervalMs: 10_000,
  staleMs: 30_000,
  silentMs: 90_000,

  introductionsPerSecond: 0.5,
  introductionBurst: 24,
  introductionsAtJoin: 2,
  settleMs: 8_000,
  pendingMs: 30_000,
  linksPerMember: 48,
  reintroduceMs: 120_000,
  reintroduceFailedMs: 60_000,
  retryFailedMs: [0, 5_000],
  retryAloneMs: 5_000,
  sample: 48,
  sampledAtRandom: 0.25,
  segmentsPerWindow: 4,

  reportersToBan: 3,
  accusationMs: 600_000,
  banMs: 60_000,
  bans: 10_000,

  announceIntervalSeconds: 120,
  announceExpiryMs: 300_000,
  offersPerAnnounce: 10,
  pendingOffers: 64,
  offerMs: 60_000,
  peerIdsPerConnection: 16,
  swarmsPerConnection: 8,
  hashesPerScrape: 64,
  swarms: 100_000,
};
