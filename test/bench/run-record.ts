import type { BenchReading } from './page/reading.ts';
import type { Plan, ViewerSpec } from './plan.ts';
import type { Delivery, MadeSegment } from './way.ts';

/** A viewer when its run was over, or when it left. */
export type ViewerRecord = { readonly spec: ViewerSpec; readonly reading: BenchReading };

/** What was written down of one run. Times in ms of the Unix epoch. */
export type RunRecord = {
  readonly plan: Plan;
  /** The measured window. */
  readonly from: number;
  readonly to: number;
  readonly records: readonly ViewerRecord[];
  readonly segments: readonly MadeSegment[];
  readonly deliveries: readonly Delivery[];
  /** SHA-256 of segments as the origin serves them, by path. */
  readonly hashes: ReadonlyMap<string, string>;
  /** CPU time of the viewers' processes in the window; undefined where it cannot be read. */
  readonly cpuMs: number | undefined;
  /** Longest delay of this process's event loop in the window, and so of the origin and the tracker. */
  readonly lagMs: number;
  /** The same of the processes with viewers; undefined for browsers. */
  readonly peersLagMs: number | undefined;
};

/** What one run comes to; `undefined` where nothing was there to measure. */
export type Figures = {
  /** Segments that the origin made in the window: what copies and offload are counted over. */
  readonly segments: number;
  /** Copies of a segment that the origin sent, each viewer's first segment apart. */
  readonly copiesMean: number | undefined;
  readonly copiesMax: number | undefined;
  /** Per cent of what players got that the origin did not send, each viewer's first segment apart. */
  readonly offloadPercent: number | undefined;
  /** What one copy per segment would give. */
  readonly offloadLimitPercent: number;
  /** What the uplinks could carry of the stream at most; that of one copy where nothing caps them. */
  readonly offloadCeilingPercent: number | undefined;
  readonly latencyMedianMs: number | undefined;
  readonly latencyMaxMs: number | undefined;
  /** Largest latency of a viewer when it was last looked at. */
  readonly latencyEndMaxMs: number | undefined;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly startupMedianMs: number | undefined;
  readonly startupP95Ms: number | undefined;
  /** Median start-up over that of the plain viewers between. */
  readonly startupRatio: number | undefined;
  /** Viewers that saw no frame. */
  readonly notStarted: number;
  readonly fetchP50Ms: number | undefined;
  readonly fetchP95Ms: number | undefined;
  /** From the segment's being ready at the origin to its being complete at a viewer. */
  readonly fillP50Ms: number | undefined;
  readonly fillP95Ms: number | undefined;
  /** From a request to a neighbour to the piece. */
  readonly responseP05Ms: number | undefined;
  readonly responseP50Ms: number | undefined;
  readonly responseP95Ms: number | undefined;
  /** Of all bytes that the engines fetched since their joins. */
  readonly wastedPercent: number | undefined;
  /** Over the window, by viewer. */
  readonly uploadMeanKbps: number | undefined;
  readonly uploadMaxKbps: number | undefined;
  /** Of those that upload at all. */
  readonly uploadMaxOverMean: number | undefined;
  /** Largest between two samples, a second apart. */
  readonly uploadPeakKbps: number | undefined;
  /** CPU time of the viewers' processes for each frame that came from a neighbour. */
  readonly cpuMsPerFrame: number | undefined;
  /** Per cent of a core. */
  readonly cpuPercentPerViewer: number | undefined;
  readonly lagMs: number;
  readonly peersLagMs: number | undefined;
  readonly fatalErrors: number;
  /** Since the joins: delivered segments that were compared with the origin's, and bytes of those that differed. */
  readonly comparedSegments: number | undefined;
  readonly corruptBytes: number | undefined;
  /** False pieces that came from honest viewers. */
  readonly corruptForwarded: number | undefined;
  /** False pieces that reached a victim and were found out: in all, and of one polluter at one victim at most. */
  readonly falsePieces: number | undefined;
  readonly falsePiecesMax: number | undefined;
};
