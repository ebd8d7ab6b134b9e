import type { Bar, Medians } from './bars.ts';
import type { EngineId } from './engine-ids.ts';
import type { Figures } from './run-record.ts';
import { MAX_LAG_MS } from './lag-meter.ts';
import { markdown, number, verdictText } from './markdown.ts';
import { median } from '../support/percentile.ts';

/** One run of one engine, as it is kept. */
export type RunLine = {
  readonly engine: EngineId;
  readonly run: number;
  readonly valid: boolean;
  readonly figures: Figures;
};

/** Whether the run means anything. */
export function isValid({ lagMs, peersLagMs, segments }: Figures): boolean {
  return lagMs <= MAX_LAG_MS && (peersLagMs ?? 0) <= MAX_LAG_MS && segments > 0;
}

type Row = {
  readonly name: string;
  readonly key: keyof Figures;
  readonly per: number;
  readonly digits: number;
  /** Left out where no engine has it. */
  readonly optional?: true;
};

/** `per`: what to divide by for the unit in the name. */
const ROWS: readonly Row[] = [
  { name: 'origin copies per segment, mean', key: 'copiesMean', per: 1, digits: 2 },
  { name: 'origin copies per segment, max', key: 'copiesMax', per: 1, digits: 2 },
  { name: 'offload, %', key: 'offloadPercent', per: 1, digits: 1 },
  { name: 'offload at one copy, %', key: 'offloadLimitPercent', per: 1, digits: 1 },
  { name: 'offload that the uplinks allow, %', key: 'offloadCeilingPercent', per: 1, digits: 1 },
  { name: 'latency median, s', key: 'latencyMedianMs', per: 1000, digits: 1 },
  { name: 'latency max, s', key: 'latencyMaxMs', per: 1000, digits: 1 },
  { name: 'latency at the end, max, s', key: 'latencyEndMaxMs', per: 1000, digits: 1 },
  { name: 'stalls', key: 'stalls', per: 1, digits: 0 },
  { name: 'stalled, s in all', key: 'stalledMs', per: 1000, digits: 1 },
  { name: 'start-up median, s', key: 'startupMedianMs', per: 1000, digits: 2 },
  { name: 'start-up p95, s', key: 'startupP95Ms', per: 1000, digits: 2 },
  { name: 'start-up over plain', key: 'startupRatio', per: 1, digits: 2, optional: true },
  { name: 'viewers without a picture', key: 'notStarted', per: 1, digits: 0 },
  { name: 'fetch p50, ms', key: 'fetchP50Ms', per: 1, digits: 0 },
  { name: 'fetch p95, ms', key: 'fetchP95Ms', per: 1, digits: 0 },
  { name: 'fill p50, ms', key: 'fillP50Ms', per: 1, digits: 0, optional: true },
  { name: 'fill p95, ms', key: 'fillP95Ms', per: 1, digits: 0, optional: true },
  { name: 'piece response p50, ms', key: 'responseP50Ms', per: 1, digits: 1, optional: true },
  { name: 'piece response p95, ms', key: 'responseP95Ms', per: 1, digits: 1, optional: true },
  { name: 'wasted bytes, %', key: 'wastedPercent', per: 1, digits: 1 },
  { name: 'upload mean, kbit/s', key: 'uploadMeanKbps', per: 1, digits: 0 },
  { name: 'upload max, kbit/s', key: 'uploadMaxKbps', per: 1, digits: 0 },
  { name: 'upload max over mean', key: 'uploadMaxOverMean', per: 1, digits: 2 },
  { name: 'upload peak second, kbit/s', key: 'uploadPeakKbps', per: 1, digits: 0 },
  { name: 'CPU per viewer, % of a core', key: 'cpuPercentPerViewer', per: 1, digits: 1 },
  { name: 'event-loop lag, ms', key: 'lagMs', per: 1, digits: 0 },
  { name: 'event-loop lag of peers, ms', key: 'peersLagMs', per: 1, digits: 0, optional: true },
  { name: 'fatal player errors', key: 'fatalErrors', per: 1, digits: 0 },
  { name: 'segments compared', key: 'comparedSegments', per: 1, digits: 0, optional: true },
  { name: 'corrupt bytes delivered', key: 'corruptBytes', per: 1, digits: 0, optional: true },
  { name: 'false pieces landed', key: 'falsePieces', per: 1, digits: 0, optional: true },
];

/** A Markdown table of the medians over each engine's valid runs; engines in the order of their first run. */
export function tableOf(lines: readonly RunLine[]): string {
  const engines = enginesOf(lines);
  const runs = engines.map((engine) => lines.filter((line) => line.engine === engine));
  const medians = engines.map((engine) => mediansOf(lines, engine));
  const rows = ROWS.flatMap(({ name, key, per, digits, optional }) => {
    const values = medians.map((own) => own[key]);
    if (optional === true && values.every((value) => value === undefined)) return [];
    return [[name, ...values.map((value) => number(value, { per, digits }))]];
  });
  return markdown([
    ['', ...engines],
    ['---', ...engines.map(() => '---:')],
    [
      'valid runs',
      ...runs.map((own) => `${own.filter(({ valid }) => valid).length} of ${own.length}`),
    ],
    ...rows,
  ]);
}

/** A Markdown table of the bars of a scene against the medians; empty where there are none. */
export function barsOf(bars: readonly Bar[], lines: readonly RunLine[]): string {
  if (bars.length === 0) return '';
  const outcome = (engine: EngineId): Medians | undefined =>
    lines.some((line) => line.engine === engine && line.valid)
      ? mediansOf(lines, engine)
      : undefined;
  return markdown([
    ['bar for shoal', 'limit', 'figure', ''],
    ['---', '---:', '---:', '---'],
    ...bars.map(({ name, limit, digits, judge }) => {
      const verdict = judge(outcome);
      return [name, limit, number(verdict?.value, { digits }), verdictText(verdict?.met)];
    }),
  ]);
}

function mediansOf(lines: readonly RunLine[], engine: EngineId): Medians {
  const valid = lines.filter((line) => line.engine === engine && line.valid);
  const entries = ROWS_AND_MORE.map((key) => [
    key,
    median(valid.flatMap(({ figures }) => figures[key] ?? [])),
  ]);
  // One entry for each key of the figures.
  return Object.fromEntries(entries) as Medians;
}

/** Every figure, those that only bars ask for too. */
const ROWS_AND_MORE: readonly (keyof Figures)[] = [
  ...ROWS.map(({ key }) => key),
  ...([
    'segments',
    'responseP05Ms',
    'cpuMsPerFrame',
    'corruptForwarded',
    'falsePiecesMax',
  ] as const),
];

function enginesOf(lines: readonly RunLine[]): readonly EngineId[] {
  return [...new Set(lines.map(({ engine }) => engine))];
}
