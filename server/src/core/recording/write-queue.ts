import { ORIGIN_LIMITS } from '../limits.ts';
import { type WindowSegment } from '../hls/segment-window.ts';

/** A file to be put into the store; without bytes it should be there already, and that is looked up. */
export type QueuedFile = {
  readonly path: string;
  readonly bytes?: Uint8Array;
  /** Bytes that it must have if it is there; any number when absent. */
  readonly size?: number;
};

/** All files of a segment, in all its renditions. */
export type Bundle = {
  readonly broadcast: number;
  readonly segment: WindowSegment;
  readonly files: readonly QueuedFile[];
  /** Initialisation sections of its epoch; written with the first segment for which that works. */
  readonly inits: readonly QueuedFile[];
};

/** What became of a file. `missing`: there is nothing to be done about it. */
export type WriteOutcome = 'stored' | 'failed' | 'missing';

/** A segment of which it is known now whether all of it is stored. */
export type Settled = { readonly bundle: Bundle; readonly stored: boolean };

type Current = {
  readonly bundle: Bundle;
  readonly waiting: QueuedFile[];
  readonly flying: Map<string, QueuedFile>;
  failures: number;
  retryAt: number;
  given: 'writing' | 'missing' | 'up';
};

/**
 * Segments on their way to the store, one after the other and the files of each side by side. One that fails is tried again with
 * pauses that double, `recordingAttempts` times in all; those behind it wait, up to `recordingQueueBytes`.
 */
export class WriteQueue {
  readonly #waiting: Bundle[] = [];
  #bytes = 0;
  #current: Current | undefined;
  #initsOf: number | undefined;

  /** Whether nothing waits or is being written. */
  get idle(): boolean {
    return this.#current === undefined && this.#waiting.length === 0;
  }

  /** Bytes that wait or are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a segment; false if there is no room for it. */
  add(bundle: Bundle): boolean {
    const size = sizeOf(bundle);
    const fits = this.#bytes + size <= ORIGIN_LIMITS.recordingQueueBytes;
    if (!fits && !this.idle) return false;
    this.#waiting.push(bundle);
    this.#bytes += size;
    return true;
  }

  /** Files to be written, or looked up, from now on. */
  start(now: number): readonly QueuedFile[] {
    this.#current ??= this.#next();
    const current = this.#current;
    if (current?.given !== 'writing' || now < current.retryAt) return [];
    const free = ORIGIN_LIMITS.recordingWrites - current.flying.size;
    const started = current.waiting.splice(0, free);
    for (const file of started) current.flying.set(file.path, file);
    return started;
  }

  /** What became of one of them; returns the segment when that decides it. */
  settle(path: string, outcome: WriteOutcome, now: number): Settled | undefined {
    const current = this.#current;
    const file = current?.flying.get(path);
    if (current === undefined || file === undefined) return undefined;
    current.flying.delete(path);
    if (outcome === 'missing') current.given = 'missing';
    if (outcome === 'failed') {
      current.waiting.push(file);
      // Those that were under way together fail together, and count once.
      if (now >= current.retryAt) {
        current.failures += 1;
        current.retryAt = now + ORIGIN_LIMITS.recordingPauseMs * 2 ** (current.failures - 1);
      }
      if (current.failures >= ORIGIN_LIMITS.recordingAttempts) current.given = 'up';
    }
    if (current.flying.size > 0) return undefined;
    const stored = current.given === 'writing';
    if (stored && current.waiting.length > 0) return undefined;
    const { bundle } = current;
    this.#current = undefined;
    this.#bytes -= sizeOf(bundle);
    if (stored) this.#initsOf = bundle.segment.epoch;
    return { bundle, stored };
  }

  /** When there is something to be tried again. */
  deadline(): number | undefined {
    const current = this.#current;
    const waits = current?.flying.size === 0 && current.waiting.length > 0;
    return waits ? current.retryAt : undefined;
  }

  #next(): Current | undefined {
    const bundle = this.#waiting.shift();
    if (bundle === undefined) return undefined;
    const inits = bundle.segment.epoch === this.#initsOf ? [] : bundle.inits;
    return {
      ...{ bundle, waiting: [...inits, ...bundle.files], flying: new Map() },
      ...{ failures: 0, retryAt: 0, given: 'writing' },
    };
  }
}

function sizeOf({ files, inits }: Bundle): number {
  return [...inits, ...files].reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
}
