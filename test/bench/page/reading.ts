/** Where the page's engine says its bytes came from. */
export type EngineBytes = {
  readonly http: number;
  readonly p2p: number;
  /** Fetched and thrown away. */
  readonly wasted: number;
};

/** One look at the page; taken about once a second. Times in ms of the Unix epoch. */
export type Sample = {
  readonly at: number;
  /** Behind the programme date-time of the stream, in ms; undefined before playback. */
  readonly latencyMs: number | undefined;
  /** Bytes over all data channels since the page was opened. */
  readonly sent: number;
  readonly received: number;
};

/** A media segment that the player got. */
export type LoadedSegment = {
  readonly path: string;
  readonly bytes: number;
  /** When it was delivered. */
  readonly at: number;
  /** From the player's request to delivery. */
  readonly waitedMs: number;
};

/** A stretch in which the playhead stood still although nobody paused it. */
export type Stall = { readonly at: number; readonly ms: number };

/** What only peers that run in Node can see of themselves. Times in ms of the Unix epoch. */
export type InsideReading = {
  /** What the tracker called it, one after the other. */
  readonly ids: readonly string[];
  /** When it held all of a segment, verified. */
  readonly fills: readonly { readonly path: string; readonly at: number }[];
  /** From its requests to neighbours to the pieces. Ms. */
  readonly responses: readonly number[];
  /** Frames that came from neighbours, a second. */
  readonly framesPerSecond: number;
  /** SHA-256 of each segment as its player got it; empty unless asked for. */
  readonly hashes: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
  /** Neighbours that it dropped for false pieces, by the tracker's name; one entry for each time. */
  readonly corrupt: readonly string[];
};

/** What a viewer has seen since it was opened. */
export type BenchReading = {
  /** From the call of `join` to the first frame on screen. */
  readonly startupMs: number | undefined;
  readonly samples: readonly Sample[];
  readonly segments: readonly LoadedSegment[];
  readonly stalls: readonly Stall[];
  readonly engine: EngineBytes;
  /** Details of the errors that hls.js gave up on. */
  readonly fatal: readonly string[];
  readonly inside?: InsideReading;
};

/** What a bench page offers to the program that opened it. */
type BenchPage = {
  /** Starts to play; once. */
  readonly join: () => void;
  readonly read: () => BenchReading;
};

declare global {
  var bench: BenchPage | undefined;
}
