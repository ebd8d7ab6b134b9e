import type { BenchReading } from './page/reading.ts';
import type { ViewerSpec } from './plan.ts';

/** A viewer of a run. */
export type BenchViewer = {
  readonly spec: ViewerSpec;
  readonly join: () => Promise<void>;
  /** Whether its first frame has come. */
  readonly hasStarted: () => Promise<boolean>;
  /** Whether its player has got the segment. */
  readonly has: (path: string) => Promise<boolean>;
  readonly read: () => Promise<BenchReading>;
  readonly close: () => Promise<void>;
};

/** What the processes of the viewers took in the window. */
export type TheatreLoad = {
  /** CPU time; undefined where it cannot be read. */
  readonly cpuMs: number | undefined;
  /** Longest delay of the event loop of a process with viewers; undefined for browsers. */
  readonly lagMs: number | undefined;
};

/** Where the viewers of a run sit. */
export type Theatre = {
  /** Ready to join. */
  readonly open: (spec: ViewerSpec) => Promise<BenchViewer>;
  /** Begins to measure; the result ends it. */
  readonly measure: () => Promise<() => Promise<TheatreLoad>>;
  /** Kills all viewers that are doomed, without a farewell. */
  readonly killDoomed: () => void;
  readonly close: () => Promise<void>;
};
