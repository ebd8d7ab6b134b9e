/** Every bound that both ends of a wire must agree on (LIM rules of SPEC.md). Bytes unless the name says otherwise. */
export const LIMITS = {
  /** LIM-1: size of a piece; the last piece of a segment may be shorter. */
  pieceBytes: 16_384,
  /** Pieces of one request, one after the other (PEER-5). */
  requestPieces: 4,
  /** LIM-2: pieces in one segment, hence segments of at most 32 MiB. */
  piecesPerSegment: 2_048,
  /** LIM-3: one data-channel message: a piece and its header. */
  peerFrameBytes: 16_448,
  /** LIM-3: only frames with a digest list may be larger than a piece. */
  digestFrameBytes: 65_600,
  /** LIM-4: segments about which one neighbour may hold have-maps with us. */
  haveMapsPerNeighbour: 64,
  /** LIM-5: one text message of the tracker's Shoal dialect. */
  trackerMessageBytes: 32_768,
  /** LIM-5: one text message of the WebTorrent dialect. */
  webTorrentMessageBytes: 65_536,
  /** LIM-6: an SDP or ICE candidate passed through the tracker. */
  sdpBytes: 8_192,
  /** LIM-7: reports about neighbours in one update. */
  reportsPerUpdate: 16,
  /** SWM-20: renditions that a viewer names in one update beside the one it is matched by. */
  otherRenditions: 4,
  /** LIM-8: neighbours a viewer keeps, and how many more may be on their way to take a place; it looks for `targetNeighbours`. */
  maxNeighbours: 12,
  spareNeighbours: 2,
  targetNeighbours: 8,
  /** LIM-9: duties in one "segment ready" message. */
  dutiesPerSegment: 8,
  /** LIM-10: signalling messages for one introduction, trickled candidates included. */
  signalsPerIntroduction: 40,
  /** LIM-15: a token, in a tracker's URL or a `renew`. */
  tokenBytes: 4_096,
  /** LIM-16: the URL of a node of the tracker. */
  urlBytes: 512,
  /** LIM-17: public keys of a channel at a time. */
  signingKeys: 16,
} as const;
