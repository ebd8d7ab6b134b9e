/** Every bound of the origin that is not on the wire, in one place. Bytes and milliseconds as the names say. */
export const ORIGIN_LIMITS = {
  /** One RTMP message; a 4K key frame is about 2 MB. */
  rtmpMessageBytes: 8_388_608,
  /** One RTMP command or metadata message. */
  rtmpCommandBytes: 65_536,
  /** Chunk streams one connection may open; OBS uses 4. */
  chunkStreams: 16,
  /** Nesting of AMF0 values. */
  amfDepth: 16,
  /** AMF0 values in one message. */
  amfValues: 2_048,
  /** Answers waiting in the socket of a client that does not read. */
  rtmpOutputBytes: 65_536,
  /** From connecting to the end of the RTMP handshake. */
  handshakeMs: 5_000,
  /** From connecting to an accepted publish. */
  publishMs: 10_000,
  /** Without media from a publisher (ORG-8). */
  idleMs: 10_000,
  /** RTMP connections that do not publish; a newcomer takes the place of the oldest. */
  rtmpConnections: 256,
  rtmpConnectionsPerIp: 16,
  /** One frame of the pipe between the ingest process and its parent: a tag and its headers. */
  pipeFrameBytes: 8_389_632,
  /** Tags kept since the last key frame, so that a new encoder starts with a picture. */
  gopBytes: 16_777_216,
  /** Media waiting for an encoder that does not read; the publisher is paused from `encoderPauseBytes` on. */
  encoderQueueBytes: 33_554_432,
  encoderPauseBytes: 1_048_576,
  /** The initialisation section of an epoch. */
  initBytes: 262_144,
  /** A fragment, and a segment: as many pieces as LIM-2 allows. */
  segmentBytes: 33_554_432,
  /** Fragments in one segment. */
  fragmentsPerSegment: 64,
  /** Bytes of segments kept for a channel, listed or not. */
  channelBytes: 268_435_456,
  /** Segments whose deliveries are counted. */
  deliverySegments: 60,
  /** Changes of picture or sound by a publisher without a segment between them. */
  renewals: 6,
  /** Encoders that give no segment, one after the other, of media that must be transcoded; then their publisher is ended. */
  transcodeFailures: 3,
  /** Renditions that a channel makes beside its source. */
  rungs: 6,
  /** Bytes of segments of a channel that wait to be recorded; one that does not fit is a gap. */
  recordingQueueBytes: 67_108_864,
  /** Files of a channel that are written at the same time. */
  recordingWrites: 4,
  /** Times that a segment is tried to be written, with pauses that double from `recordingPauseMs`: 15 s in all. */
  recordingAttempts: 6,
  recordingPauseMs: 500,
  /** Between attempts to write the playlists of a broadcast that is over, or to delete one. */
  recordingRetryMs: 30_000,
  /** Segments of one recording, 12 h of 2 s each; a broadcast that has more goes on in another one. */
  recordingSegments: 21_600,
  /** Segments that a DVR playlist lists. */
  dvrSegments: 10_800,
  /** Recordings of a channel; the oldest are deleted beyond. */
  recordings: 1_024,
  /** Recordings of a channel that are over, and whose playlists could not be written yet. */
  recordingsUnfinished: 64,
  /** One line of a journal. */
  journalLineBytes: 16_384,
  /** What may be lost of a journal when the machine fails. */
  journalSyncMs: 1_000,
  /** For finding out at the start which segments are stored. */
  recordingLookUpMs: 5_000,
  /** For a recording to come to its end when the origin is closed. */
  recordingCloseMs: 10_000,
  /** Jobs that are known of, waiting or over. Of those that are over the oldest are forgotten first; one more that waits is refused. */
  jobs: 4_096,
  /** Jobs at a time. */
  jobsAtOnce: 1,
  /** Times that a job is tried, with pauses that double from `jobPauseMs`. */
  jobAttempts: 5,
  jobPauseMs: 30_000,
  /** Bytes that a job reads or writes in a second. */
  jobBytesPerSecond: 33_554_432,
  /** Without progress of a job. */
  jobStallMs: 120_000,
  /** MP4 files of one broadcast: it has another one for each change of its picture or sound. */
  mp4Files: 64,
  /** Pictures in a storyboard, and bytes of a JPEG. */
  storyboardPictures: 400,
  jpegBytes: 16_777_216,
  /** What is remembered of what an ffmpeg says, characters. */
  jobReasonChars: 300,
  /** Between two rotations of a signing key, by when those who were told of the first know the next key. */
  signingKeyLeadMs: 60_000,
  /** How long a key is published after it has signed last, in any case: playlists stay in caches, and in players. */
  retiredKeyMs: 3_600_000,
  /** A playlist or index of a store whose URLs are to be followed by credentials. */
  guardedListBytes: 16_777_216,
  /** Until it is known whether somebody may publish or play, how many may be asked about at a time, and the query of a publisher. */
  accessMs: 5_000,
  publishQuestions: 64,
  publishQuestionsPerIp: 16,
  readQuestions: 256,
  accessQueryChars: 8_192,
  /** How long an answer about somebody who plays is remembered, and how many are. */
  accessAnswerMs: 30_000,
  accessAnswers: 10_000,
  /** And that there was none. */
  accessRetryMs: 1_000,
  /** Connections to a site that is asked. */
  accessConnections: 64,
  /** Of the answer of a site that is asked. */
  accessAnswerBytes: 16_384,
  /** Channels of one origin. */
  channels: 1_024,
  /** From connecting to the end of the TLS handshake of HTTPS. */
  tlsHandshakeMs: 10_000,
  /** Requests at a time on one connection of HTTP/2. */
  http2Streams: 128,
  /** HTTP connections. */
  httpConnections: 8_192,
  /** For a WebSocket to be taken by somebody, and for those who have one to end it when the server is closed. */
  upgradeMs: 10_000,
  goodbyeMs: 500,
  /** Requests that wait for the next version of a playlist; each holds a connection, or a stream of one. */
  blockedRequests: 16_384,
  /** A response whose reader takes nothing. */
  httpStallMs: 30_000,
  /** A path in a segment store, and one name of it. */
  storedPathChars: 512,
  storedNameChars: 128,
  /** What a disk is asked, and what a bucket is asked once. */
  diskMs: 15_000,
  s3RequestMs: 10_000,
  /** Without a byte from a bucket in the middle of a body. */
  s3StallMs: 5_000,
  /** How often in all a bucket is asked the same, and the pause after the first time, which then doubles. */
  s3Tries: 3,
  s3BackOffMs: 200,
  /**
   * One part of a large upload, the smallest that S3 takes being 5 MiB but for the last, and how many there may be (S3 takes 10,000):
   * 78 GiB. And until the answer to one is there, the upload of the part included.
   */
  s3PartBytes: 8_388_608,
  s3Parts: 10_000,
  s3PartMs: 60_000,
  /** Lists of interrupted uploads that are asked for. */
  s3SweepPages: 100,
  /** How much of a large file a disk is given at a time before it is waited for that it is there. */
  diskSyncBytes: 67_108_864,
  /** What a disk must have left when a large file is on it. */
  diskFreeBytes: 268_435_456,
  /** Names in one answer of a bucket that lists (S3 gives no more). */
  s3PageNames: 1_000,
  /** A list of so many of the longest, and what else is said of each. */
  s3TextBytes: 4_194_304,
  /** Bytes of stored files kept in memory because several viewers want them, and the largest file that is. */
  hotBytes: 134_217_728,
  hotFileBytes: 16_777_216,
  /** Looks for stored files under way, and reads of files that are too large to keep; who asks for more is told to come back. */
  storeLooks: 256,
  storeReads: 256,
  /** Names of a channel that wait to be mirrored, and bytes that are written at once, unless one object has more. */
  mirrorWaiting: 16_384,
  mirrorBatchBytes: 8_388_608,
  /** A playlist that is told whole; a larger one is read by those who want it. */
  mirrorListBytes: 65_536,
  /** How often an origin says that it is there, how long what it mirrors stays without that, and what it finds of an earlier one. */
  mirrorBeatMs: 2_000,
  mirrorKeepMs: 60_000,
  mirrorInheritedMs: 60_000,
  /** A playlist that is mirrored because somebody asked for it, since then, and how many of a channel are. */
  mirrorWantedMs: 30_000,
  mirrorWanted: 16,
  /** What Redis is waited for: a connection, a write, a read, and the answer whether it is there. */
  redisConnectMs: 3_000,
  redisWriteMs: 5_000,
  redisReadMs: 3_000,
  redisPingMs: 3_000,
  /** Live media kept in the memory of a delivery process, and reads of it under way. */
  deliveryCacheBytes: 268_435_456,
  deliveryReads: 128,
  /** Without word of its origin the playlists of a channel are served so long, or three target durations. */
  deliveryListsMs: 10_000,
  /** Without a request for it a channel is not followed any longer. */
  deliveryFollowMs: 60_000,
  /** After Redis was away origins may not have written everything again: nothing is taken for missing. */
  deliverySettleMs: 6_000,
  /** Segments that were served since this was last told. */
  servedSegments: 4_096,
} as const;
