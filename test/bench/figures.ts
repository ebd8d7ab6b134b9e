import type { BenchReading, Sample } from './page/reading.ts';
import { largest, mean, median, percentile, sum } from '../support/percentile.ts';
import type { Figures, RunRecord, ViewerRecord } from './run-record.ts';
import { truthFigures } from './truth-figures.ts';

/** Works out the figures of a run. */
export function figuresOf(run: RunRecord): Figures {
  const { from, to, plan } = run;
  const honest = run.records.filter(({ spec }) => spec.pollutes === undefined);
  const plain = honest.filter(({ spec }) => plan.interleavePlain && spec.engine === 'plain');
  const records = honest.filter((record) => !plain.includes(record));
  const readings = records.map(({ reading }) => reading);
  const within = ({ at }: { readonly at: number }): boolean => at >= from && at <= to;
  const seen = readings.map(({ samples }) => samples.filter(within));
  const latencies = seen.flatMap((samples) => samples.flatMap(({ latencyMs }) => latencyMs ?? []));
  const stalls = readings.flatMap((reading) =>
    reading.stalls.filter(({ at, ms }) => at + ms > from && at < to),
  );
  const startups = readings.flatMap(({ startupMs }) => startupMs ?? []);
  const waits = readings.flatMap(({ segments }) =>
    segments.filter(within).map(({ waitedMs }) => waitedMs),
  );
  const fetched = sum(readings.map(({ engine }) => engine.http + engine.p2p));
  return {
    ...originFigures(run, honest),
    ...uploadFigures(run, records),
    ...fillFigures(run, readings),
    ...truthFigures(run.records, run.hashes),
    latencyMedianMs: median(latencies),
    latencyMaxMs: largest(latencies),
    latencyEndMaxMs: largest(seen.flatMap((samples) => samples.at(-1)?.latencyMs ?? [])),
    stalls: stalls.length,
    stalledMs: sum(stalls.map(({ at, ms }) => Math.min(at + ms, to) - Math.max(at, from))),
    startupMedianMs: median(startups),
    startupP95Ms: percentile(startups, 0.95),
    startupRatio: over(
      median(startups),
      median(plain.flatMap(({ reading }) => reading.startupMs ?? [])),
    ),
    notStarted: readings.length - startups.length,
    fetchP50Ms: percentile(waits, 0.5),
    fetchP95Ms: percentile(waits, 0.95),
    wastedPercent:
      fetched === 0 ? undefined : (100 * sum(readings.map((r) => r.engine.wasted))) / fetched,
    cpuPercentPerViewer:
      run.cpuMs === undefined ? undefined : (100 * run.cpuMs) / (to - from) / plan.viewers,
    lagMs: run.lagMs,
    peersLagMs: run.peersLagMs,
    fatalErrors: sum(readings.map(({ fatal }) => fatal.length)),
  };
}

/** Copies and offload, over the segments that were made in the window, whenever they were fetched. */
function originFigures(
  run: RunRecord,
  records: readonly ViewerRecord[],
): Pick<
  Figures,
  | 'segments'
  | 'copiesMean'
  | 'copiesMax'
  | 'offloadPercent'
  | 'offloadLimitPercent'
  | 'offloadCeilingPercent'
> {
  const sizes = new Map<string, number>();
  const made = run.segments.filter(({ at }) => at >= run.from && at <= run.to);
  for (const { path, bytes } of made) sizes.set(path, bytes);
  const firsts = new Map(
    records.map(({ spec, reading }) => [spec.tag, reading.segments[0]?.path] as const),
  );
  const sent = new Map<string, number>([...sizes.keys()].map((path) => [path, 0]));
  for (const { path, bytes, userAgent } of run.deliveries) {
    const before = sent.get(path);
    if (before === undefined || !firsts.has(userAgent) || firsts.get(userAgent) === path) continue;
    sent.set(path, before + bytes);
  }
  const copies = [...sent].map(([path, bytes]) => bytes / (sizes.get(path) ?? 1));
  const played = records.flatMap(({ reading }) =>
    reading.segments.slice(1).filter(({ path }) => sizes.has(path)),
  );
  const playedBytes = sum(played.map(({ bytes }) => bytes));
  const streamKbps = (sum([...sizes.values()]) * 8) / sum(made.map(({ durationMs }) => durationMs));
  const uplinks = records.map(({ spec }) => (spec.uploads ? (spec.uplinkKbps ?? Infinity) : 0));
  const carried = (mean(uplinks) ?? Infinity) / streamKbps;
  const limit = 100 * (1 - 1 / run.plan.viewers);
  return {
    segments: sizes.size,
    copiesMean: mean(copies),
    copiesMax: largest(copies),
    offloadPercent:
      playedBytes === 0 ? undefined : 100 * (1 - sum([...sent.values()]) / playedBytes),
    offloadLimitPercent: limit,
    offloadCeilingPercent: sizes.size === 0 ? undefined : Math.min(limit, 100 * carried),
  };
}

function uploadFigures(
  { from, to }: RunRecord,
  records: readonly ViewerRecord[],
): Pick<Figures, 'uploadMeanKbps' | 'uploadMaxKbps' | 'uploadMaxOverMean' | 'uploadPeakKbps'> {
  const rates = records.flatMap(({ spec, reading }) => {
    const rate = uploadRates(reading.samples, from, to);
    return rate === undefined ? [] : { ...rate, uploads: spec.uploads };
  });
  const all = rates.map(({ kbps }) => kbps);
  const sharing = rates.filter(({ uploads }) => uploads).map(({ kbps }) => kbps);
  return {
    uploadMeanKbps: mean(all),
    uploadMaxKbps: largest(all),
    uploadMaxOverMean: over(largest(sharing), mean(sharing)),
    uploadPeakKbps: largest(rates.map(({ peakKbps }) => peakKbps)),
  };
}

/** Of the segments made in the window, at the viewers that can be looked into. */
function fillFigures(
  { segments, from, to, cpuMs }: RunRecord,
  readings: readonly BenchReading[],
): Pick<
  Figures,
  'fillP50Ms' | 'fillP95Ms' | 'responseP05Ms' | 'responseP50Ms' | 'responseP95Ms' | 'cpuMsPerFrame'
> {
  const ready = new Map(
    segments.filter(({ at }) => at >= from && at <= to).map(({ path, at }) => [path, at] as const),
  );
  const inside = readings.flatMap((reading) => reading.inside ?? []);
  const fills = inside.flatMap((own) =>
    own.fills.flatMap(({ path, at }) => {
      const readyAt = ready.get(path);
      return readyAt === undefined ? [] : at - readyAt;
    }),
  );
  const responses = inside.flatMap((own) => own.responses);
  const frames = (sum(inside.map((own) => own.framesPerSecond)) * (to - from)) / 1000;
  return {
    fillP50Ms: percentile(fills, 0.5),
    fillP95Ms: percentile(fills, 0.95),
    responseP05Ms: percentile(responses, 0.05),
    responseP50Ms: percentile(responses, 0.5),
    responseP95Ms: percentile(responses, 0.95),
    cpuMsPerFrame: cpuMs === undefined || inside.length === 0 ? undefined : over(cpuMs, frames),
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

function over(value: number | undefined, of: number | undefined): number | undefined {
  return value === undefined || of === undefined || of === 0 ? undefined : value / of;
}
