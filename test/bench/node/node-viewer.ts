import type { BenchReading } from '../page/reading.ts';

/** A viewer in this process. */
export type NodeViewer = {
  readonly read: () => BenchReading;
  /** Idempotent. */
  readonly close: () => void;
};
