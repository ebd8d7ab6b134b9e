import { type Reach } from './hls/low-latency.ts';

/** Something that can be fetched under `/live/`. */
export type LiveObject = {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Strong entity tag, quotes included. */
  readonly etag: string;
  readonly cacheControl: string;
  /** Of a playlist of low latency, for requests that wait. */
  readonly awaited?: {
    readonly reach: Reach;
    /** Its delta update; absent where that would leave nothing out. */
    readonly delta?: Uint8Array;
    /** Of an answer to a request for a version, whose URL has its number. */
    readonly cacheControl: string;
    /** How long a request may wait. */
    readonly waitMs: number;
  };
};

/** Where live objects are kept, by URL path. */
export type ObjectStore = {
  /** Replaces what was there. */
  readonly put: (path: string, object: LiveObject) => void;
  readonly get: (path: string) => LiveObject | undefined;
  readonly delete: (path: string) => void;
};

/** A running encoder of one epoch. */
export type Encoder = {
  readonly pid: () => number | undefined;
  /** Queues input; returns the bytes that wait. */
  readonly write: (bytes: Uint8Array) => number;
  /** Ends its input, then insists: terminates after 2 s, kills after 2 s more. Idempotent. */
  readonly finish: () => void;
  /** Kills it at once. Idempotent. */
  readonly kill: () => void;
};

/** What an encoder tells. After `onExit` nothing more comes. */
export type EncoderHandlers = {
  /** `endsSegment`: where parts are cut, whether these bytes are the last of a segment. */
  readonly onData: (bytes: Uint8Array, endsSegment?: boolean) => void;
  /** Input that waited has been taken. */
  readonly onDrain: () => void;
  readonly onExit: (detail: string) => void;
};
