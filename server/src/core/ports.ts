import { type SegmentId } from '@shoal/protocol';
import { type Reach } from './hls/low-latency.ts';

/** Something that can be fetched under `/live/`. */
export type LiveObject = {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Strong entity tag, quotes included. */
  readonly etag: string;
  readonly cacheControl: string;
  /** The segment whose media this is; absent for everything else. */
  readonly segment?: SegmentId;
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

/** Bytes that are somewhere else, too many for memory. */
export type StoredBytes = {
  readonly size: number;
  /** Those from `from` up to, not including, `to`; called for every part once, in order. */
  readonly read: (from: number, to: number) => AsyncIterable<Uint8Array>;
};

/** Whether something is wanted no more: an AbortSignal, as far as the core needs to know it. */
export type GivenUp = {
  readonly aborted: boolean;
  readonly addEventListener: (type: 'abort', listener: () => void) => void;
  readonly removeEventListener: (type: 'abort', listener: () => void) => void;
};

/** Something in a {@link SegmentStore}, as of when it was opened. Holds nothing open. */
export type StoredFile = {
  readonly size: number;
  /** Another one whenever the bytes under the path are others. Letters, digits, `-` and `_`. */
  readonly version: string;
  /**
   * Its bytes from `from` up to, not including, `to`. Fails when it cannot be read to the end, or was replaced before the reading
   * began: a reader gets the bytes of one version or an error. Giving up the iteration ends the reading at once.
   */
  readonly read: (from: number, to: number) => AsyncIterable<Uint8Array>;
};

/**
 * Where media is kept longer than the live window: a disk, a bucket. Paths are those of the URLs that serve it
 * ({@link isStoredPath}), and what is under one never changes, except that playlists are replaced; no path is a folder of another.
 * Every operation rejects with an `OriginError` (`storage`) when the store cannot do it, or is given something else than a path,
 * within a bounded time.
 */
export type SegmentStore = {
  /** When it resolves the bytes are there, whole, for every reader. Until then a reader finds what was there before. */
  readonly put: (path: string, bytes: Uint8Array) => Promise<void>;
  /**
   * The same for what is too large for memory: at most a few megabytes of it are held at a time. Each step is bounded, not the whole.
   * `signal` gives it up. Nothing of it is left when it rejects, except after a crash, and then {@link sweep} finds it.
   */
  readonly putFrom: (path: string, source: StoredBytes, signal?: GivenUp) => Promise<void>;
  /** Removes what interrupted calls of {@link putFrom} have left of paths that begin so. Not to be called while there are others. */
  readonly sweep: (prefix: string) => Promise<void>;
  readonly open: (path: string) => Promise<StoredFile | undefined>;
  /** Paths that begin so, in the order of their characters. */
  readonly list: (prefix: string) => AsyncIterable<string>;
  /** What is not there is deleted already. */
  readonly delete: (path: string) => Promise<void>;
};

/** A running encoder of one epoch. */
export type Encoder = {
  readonly pid: () => number | undefined;
  /** Queues input; returns the bytes that wait. */
  readonly write: (bytes: Uint8Array) => number;
  /** Ends its input, then insists: terminates it when it writes nothing for 2 s, at the latest after 30 s, and kills it 2 s later. Idempotent. */
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
