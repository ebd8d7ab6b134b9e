import type { EngineId } from './engine-ids.ts';
import type { Figures } from './figures.ts';
import { median } from './percentile.ts';

/** One run of one engine, as it is kept. */
export type RunLine = {
  readonly engine: EngineId;
  readonly run: number;
  readonly valid: boolean;
  readonly figures: Figures;
};

/** Above this the machine was too busy for the run to mean anything. Ms. */
export const MAX_LAG_MS = 250;

type Row = {
  readonly name: string;
  readonly key: keyof Figures;
  readonly per: number;
  readonly digits: number;
};

/** `per`: what to divide by for the unit in the name. */
const ROWS: readonly Row[] = [
  { name: 'origin copies per segment, mean', key: 'copiesMean', per: 1, digits: 2 },
  { name: 'origin copies per segment, max', key: 'copiesMax', per: 1, digits: 2 },
  { name: 'offload, %', key: 'offloadPercent', per: 1, digits: 1 },
  { name: 'offload at one copy, %', key: 'offloadLimitPercent', per: 1, digits: 1 },
  { name: 'latency median, s', key: 'latencyMedianMs', per: 1000, digits: 1 },
  { name: 'latency max, s', key: 'latencyMaxMs', per: 1000, digits: 1 },
  { name: 'stalls', key: 'stalls', per: 1, digits: 0 },
  { name: 'stalled, s in all', key: 'stalledMs', per: 1000, digits: 1 },
  { name: 'start-up median, s', key: 'startupMedianMs', per: 1000, digits: 2 },
  { name: 'start-up p95, s', key: 'startupP95Ms', per: 1000, digits: 2 },
  { name: 'viewers without a picture', key: 'notStarted', per: 1, digits: 0 },
  { name: 'fetch p50, ms', key: 'fetchP50Ms', per: 1, digits: 0 },
  { name: 'fetch p95, ms', key: 'fetchP95Ms', per: 1, digits: 0 },
  { name: 'wasted bytes, %', key: 'wastedPercent', per: 1, digits: 1 },
  { name: 'upload mean, kbit/s', key: 'uploadMeanKbps', per: 1, digits: 0 },
  { name: 'upload max, kbit/s', key: 'uploadMaxKbps', per: 1, digits: 0 },
  { name: 'upload peak second, kbit/s', key: 'uploadPeakKbps', per: 1, digits: 0 },
  { name: 'CPU per viewer, % of a core', key: 'cpuPercentPerViewer', per: 1, digits: 1 },
  { name: 'event-loop lag, ms', key: 'lagMs', per: 1, digits: 0 },
  { name: 'fatal player errors', key: 'fatalErrors', per: 1, digits: 0 },
];

/** A Markdown table of the medians over each engine's valid runs; engines in the order of their first run. */
export function tableOf(lines: readonly RunLine[]): string {
  const engines = [...new Set(lines.map(({ engine }) => engine))];
  const runs = engines.map((engine) => lines.filter((line) => line.engine === engine));
  const valid = runs.map((own) => own.filter((line) => line.valid));
  const rows = [
    ['', ...engines],
    ['---', ...engines.map(() => '---:')],
    ['valid runs', ...runs.map((own, i) => `${valid[i]?.length ?? 0} of ${own.length}`)],
    ...ROWS.map(({ name, key, per, digits }) => [
      name,
      ...valid.map((own) => {
        const middle = median(own.flatMap(({ figures }) => figures[key] ?? []));
        return middle === undefined ? '–' : (middle / per).toFixed(digits);
      }),
    ]),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
