import type { DeliveryRecord } from '@shoal/server';
import type { BenchReading, Sample } from './page/reading.ts';
import { largest, mean, median, percentile, sum } from './percentile.ts';
import type { MadeSegment } from './stage.ts';

/** A viewer when its run was over, or when it left. */
export type ViewerRecord = { readonly tag: string; readonly reading: BenchReading };

/** What was written down of one run. Times in ms of the Unix epoch. */
export type RunRecord = {
  /** Viewers at a time. */
  readonly viewers: number;
  /** The measured window. */
  readonly from: number;
  readonly to: number;
  readonly records: readonly ViewerRecord[];
  readonly segments: readonly MadeSegment[];
  readonly deliveries: readonly Pick<DeliveryRecord, 'path' | 'bytes' | 'userAgent'>[];
  /** CPU time of the browser in the window; undefined where it cannot be read. */
  readonly cpuMs: number | undefined;
  /** Longest delay of this process's event loop in the window, and so of the origin and the tracker. */
  readonly lagMs: number;
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
  readonly latencyMedianMs: number | undefined;
  readonly latencyMaxMs: number | undefined;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly startupMedianMs: number | undefined;
  readonly startupP95Ms: number | undefined;
  /** Viewers that saw no frame. */
  readonly notStarted: number;
  readonly fetchP50Ms: number | undefined;
  readonly fetchP95Ms: number | undefined;
  /** Of all bytes that the engines fetched since their joins. */
  readonly wastedPercent: number | undefined;
  /** Over the window, by viewer. */
  readonly uploadMeanKbps: number | undefined;
  readonly uploadMaxKbps: number | undefined;
  /** Largest between two samples, a second apart. */
  readonly uploadPeakKbps: number | undefined;
  /** Per cent of a core. */
  readonly cpuPercentPerViewer: number | undefined;
  readonly lagMs: number;
  readonly fatalErrors: number;
};

/** Works out the figures of a run. */
export function figuresOf(run: RunRecord): Figures {
  const { from, to, records } = run;
  const readings = records.map(({ reading }) => reading);
  const within = ({ at }: { readonly at: number }): boolean => at >= from && at <= to;
  const seen = readings.flatMap(({ samples }) => samples.filter(within));
  const latencies = seen.flatMap(({ latencyMs }) => latencyMs ?? []);
  const stalls = readings.flatMap((reading) =>
    reading.stalls.filter(({ at, ms }) => at + ms > from && at < to),
  );
  const startups = readings.flatMap(({ startupMs }) => startupMs ?? []);
  const waits = readings.flatMap(({ segments }) =>
    segments.filter(within).map(({ waitedMs }) => waitedMs),
  );
  const fetched = sum(readings.map(({ engine }) => engine.http + engine.p2p));
  const uploads = readings.flatMap(({ samples }) => uploadRates(samples, from, to) ?? []);
  const { viewers, cpuMs } = run;
  return {
    ...originFigures(run),
    offloadLimitPercent: 100 * (1 - 1 / viewers),
    latencyMedianMs: median(latencies),
    latencyMaxMs: largest(latencies),
    stalls: stalls.length,
    stalledMs: sum(stalls.map(({ at, ms }) => Math.min(at + ms, to) - Math.max(at, from))),
    startupMedianMs: median(startups),
    startupP95Ms: percentile(startups, 0.95),
    notStarted: readings.length - startups.length,
    fetchP50Ms: percentile(waits, 0.5),
    fetchP95Ms: percentile(waits, 0.95),
    wastedPercent:
      fetched === 0 ? undefined : (100 * sum(readings.map((r) => r.engine.wasted))) / fetched,
    uploadMeanKbps: mean(uploads.map(({ kbps }) => kbps)),
    uploadMaxKbps: largest(uploads.map(({ kbps }) => kbps)),
    uploadPeakKbps: largest(uploads.map(({ peakKbps }) => peakKbps)),
    cpuPercentPerViewer: cpuMs === undefined ? undefined : (100 * cpuMs) / (to - from) / viewers,
    lagMs: run.lagMs,
    fatalErrors: sum(readings.map(({ fatal }) => fatal.length)),
  };
}

/** Copies and offload, over the segments that were made in the window, whenever they were fetched. */
function originFigures(
  run: RunRecord,
): Pick<Figures, 'segments' | 'copiesMean' | 'copiesMax' | 'offloadPercent'> {
  const sizes = new Map<string, number>();
  for (const { path, bytes, at } of run.segments)
    if (at >= run.from && at <= run.to) sizes.set(path, bytes);
  const firsts = new Map(
    run.records.map(({ tag, reading }) => [tag, reading.segments[0]?.path] as const),
  );
  const sent = new Map<string, number>([...sizes.keys()].map((path) => [path, 0]));
  for (const { path, bytes, userAgent } of run.deliveries) {
    const before = sent.get(path);
    if (before === undefined || !firsts.has(userAgent) || firsts.get(userAgent) === path) continue;
    sent.set(path, before + bytes);
  }
  const copies = [...sent].map(([path, bytes]) => bytes / (sizes.get(path) ?? 1));
  const played = run.records.flatMap(({ reading }) =>
    reading.segments.slice(1).filter(({ path }) => sizes.has(path)),
  );
  const playedBytes = sum(played.map(({ bytes }) => bytes));
  return {
    segments: sizes.size,
    copiesMean: mean(copies),
    copiesMax: largest(copies),
    offloadPercent:
      playedBytes === 0 ? undefined : 100 * (1 - sum([...sent.values()]) / playedBytes),
  };
}

/** Upload of one viewer in the window; undefined if it was hardly there. */
function uploadRates(
  samples: readonly Sample[],
  from: number,
  to: number,
): { readonly kbps: number; readonly peakKbps: number } | undefined {
  const seen = samples.filter(({ at }) => at >= from && at <= to);
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < 5_000) return undefined;
  const rate = (a: Sample, b: Sample): number => ((b.sent - a.sent) * 8) / (b.at - a.at);
  const steps = seen.flatMap((sample, i) => {
    const next = seen[i + 1];
    return next === undefined || next.at === sample.at ? [] : rate(sample, next);
  });
  return { kbps: rate(first, last), peakKbps: largest(steps) ?? 0 };
}
