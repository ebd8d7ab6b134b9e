/** Bounds and time constants of the engine, in one place. Times in ms, sizes in bytes. */
export const ENGINE = {
  /** LIM-12: verified segments kept for playback and for others. */
  storeBytes: 67_108_864,
  /** Segments a playlist may make known at once. */
  catalogSegments: 4_096,
  /** Segments of playlists without digests that are remembered by name. */
  plainSegments: 32_768,
  /** Renditions of such a channel whose newest segment is remembered. */
  plainRenditions: 64,
  /** Segments of which it is remembered that somebody is fetching them. */
  plainHints: 64,
  /** Whole segments of unknown size under way at once. */
  plainFetchesAtOnce: 3,
  /** SWM-31: how long after its first neighbour said hello a viewer takes part in the order. */
  acquaintanceMs: 250,
  /** SWM-34: how long a neighbour may take to say what a segment is, at least. */
  claimTimeoutMs: 300,
  /** SEG-13: caches of one playlist may lie so many segments apart, and a channel is begun anew so often at most. */
  staleSegments: 2,
  renumberGapMs: 30_000,
  /** LIM-11: pieces nobody asked for, from one neighbour. */
  unrequestedPieces: 16,
  /** SWM-4: a neighbour that answers within this on average is asked for several pieces at once. */
  quickMs: 120,
  /** SWM-7: bounds of a request's time-out. */
  requestTimeoutMinMs: 500,
  requestTimeoutMaxMs: 2_000,
  /** SWM-7: time-outs in a row before a neighbour is replaced. */
  failuresInARow: 3,
  /** Pieces remembered after their request's time-out, so that a late piece is still welcome. */
  lateRequests: 16,
  /**
   * PEER-4: verified pieces of the origin are announced together after this long, those of neighbours after that,
   * or after that where all viewers are neighbours: there each gets them from who fetched them, as a rule.
   */
  announceDelayMs: 25,
  relayDelayMs: 60,
  relayAmongAllMs: 500,
  /** Segments announced to a new neighbour, newest first: as many as it keeps in mind (LIM-4), of all renditions. */
  announcedSegments: 64,
  /** SWM-15: how long the swarm waits for the first segment to play. */
  startMs: 1_000,
  /** SWM-4: largest random delay before a new segment is pulled. */
  pullJitterMs: 150,
  /** How far beyond the segment needed next the engine fetches from neighbours. */
  segmentsAhead: 4,
  /** SWM-4: a segment is pulled alone when the downlink carries less than this many times what it lacks. */
  downlinkReserve: 1.3,
  /** A duty is taken this far ahead at most; a paused viewer leaves it to its backups. */
  dutySegmentsAhead: 8,
  /** Duties waiting for their time at once. */
  plannedDuties: 64,
  /** HTTP requests for segment data under way at once. */
  fetchesAtOnce: 6,
  /** HTTP attempts for a demanded segment before the player's error handling takes over. */
  fetchAttempts: 3,
  fetchRetryMs: 250,
  /** Answers of an origin that fail verification before the player's own loader takes the segment. */
  originFaults: 2,
  /** Pieces one neighbour may have waiting here; an honest one has those of one request (PEER-5). */
  uploadsPerNeighbour: 8,
  /** Times one neighbour is given the digest list of one segment. */
  digestsPerSegment: 2,
  /** Neighbours sent to at once: more would only make every piece late on a slow uplink, too late to be called off. */
  uploadSlots: 3,
  /** After so long an unfinished piece takes up no slot: its receiver may have stopped reading. */
  uploadSlotMs: 2_000,
  /** SWM-43: a neighbour that does not share waits for those that do, but no longer than this. */
  leechWaitMs: 400,
  /** SWM-11: the neighbours that delivered most lately are never replaced, nor is one younger than this. */
  keptNeighbours: 4,
  replaceableAfterMs: 8_000,
  /** SWM-11: a viewer whose neighbours did not deliver in time looks for another one this often. */
  exploreMs: 10_000,
  /** Half of what a neighbour delivered counts no more after this long. */
  deliveredHalfLifeMs: 10_000,
  /** SWM-16: links being made at once that this viewer asked for, and how long one counts that does not come about. */
  freshLinks: 3,
  freshLinkMs: 1_500,
  /** SWM-16: on a device that waits for this share of the time, one at a time. */
  easyShare: 0.05,
  /** Peers never connected to again. */
  bannedPeers: 256,
  /** Least time between two updates to the tracker. */
  updateGapMs: 1_000,
  /** How often the viewer looks whether there is news for an update. */
  standingMs: 200,
  /** Kept between completion and the end of the buffer, for appending and decoding; a strained device keeps more (SWM-18). */
  safetyMs: 350,
  /** SWM-17: what timers were late by counts for about this long, one delay for so much at most. */
  strainMs: 8_000,
  latenessMostMs: 1_000,
  /** SWM-17: a viewer that waits for this share of the time leaves the swarm, for so long and up to as long again by chance. */
  strainShare: 0.2,
  /** SWM-17: and one that waits for this share does not come (back), but looks again after so long and up to as long again. */
  calmShare: 0.1,
  holdMs: 3_000,
  /** While it is away it sees so often how late its timers are. */
  strainLookMs: 200,
  restMs: 20_000,
  /** Strain so soon after a rest doubles the next, up to this. */
  restedMs: 60_000,
  restMostMs: 300_000,
  /** SWM-5: constant part of the time an HTTP fallback is given. */
  fallbackBaseMs: 60,
  /** Largest random head start of one viewer's fallback over another's, so that the others can wait for it. */
  fallbackSpreadMs: 400,
  /** The rate of long responses is looked at this often. */
  rateSampleMs: 500,
  /** SWM-5: pieces that a neighbour holds or has promised are fetched by HTTP no earlier than this before their time. */
  patienceMs: 500,
  /** SWM-12: a neighbour takes over the tail of a response that would take this much longer than it. */
  slowTailMs: 300,
  /** SWM-13: a segment that nobody holds or fetches after this long has lost its owners. */
  ownerMs: 600,
  /** How long a `fetching` hint keeps others waiting. */
  hintMs: 1_500,
  /** An owner's `fetching` hint is given after this long: before, its backups do nothing, and mostly all is there by then. */
  hintDelayMs: 100,
  /** A `fetching` hint is given again this often while the response is under way. */
  hintRenewMs: 1_000,
  /** An origin that takes longer for one piece is slow: promises are waited for. */
  slowPieceMs: 50,
  /** How long after joining a viewer without neighbours waits for the first one. */
  lonelyMs: 3_000,
  /** SWM-2: backups wait for these shares of the time there was, but at least `backupMinMs`. */
  backupShares: [0, 0.25, 0.4],
  backupMinMs: 150,
  /** SWM-3: the tracker counts as silent when it announced nothing for this many segment durations. */
  silentTrackerSegments: 3,
} as const;

/** SWM-21: when a viewer changes quality. Times in ms. */
export const QUALITY = {
  /** How much more than the next better quality the connection must have carried, for so many segments in a row. */
  upFactor: 1.4,
  carriedSegments: 3,
  /** A quality stays for this long before a better one, and up to `jitterMs` more by chance. */
  stayMs: 10_000,
  jitterMs: 5_000,
  /** Neighbours that hold the better quality, unless the origin carries it. */
  holders: 2,
  /** The part of the origin's rate that a lower quality may take. */
  downShare: 0.8,
  /** A buffer of less than a segment and this, within these bounds, is low. */
  lowBufferSpareMs: 250,
  lowBufferMinMs: 1_000,
  lowBufferMaxMs: 6_000,
  /** Segments after which a buffer that never filled counts as low. */
  startSegments: 2,
} as const;
