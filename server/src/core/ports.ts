import { type SegmentId } from '@shoal/protocol';

/** Something that can be fetched under `/live/`. */
export type LiveObject = {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Strong entity tag, quotes included. */
  readonly etag: string;
  readonly cacheControl: string;
  /** The segment whose media this is; absent for everything else. */
  readonly segment?: SegmentId;
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
  readonly onData: (bytes: Uint8Array) => void;
  /** Input that waited has been taken. */
  readonly onDrain: () => void;
  readonly onExit: (detail: string) => void;
};
