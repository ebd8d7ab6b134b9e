import { median } from '../../support/percentile.ts';
import { markdown, number, verdictText } from '../markdown.ts';
import type { AudienceFigures } from './audience.ts';
import type { TrackerName } from './contenders.ts';
import type { LoadFigures } from './load.ts';

/** One swarm at one tracker, once. */
export type LoadRecord = {
  readonly tracker: TrackerName | 'elsewhere';
  readonly swarm: number;
  readonly run: number;
} & LoadFigures;

/** Figures of a tracker with a swarm of one size: medians over the valid runs. */
type Row = { readonly [Key in keyof LoadFigures]: number | undefined } & {
  readonly tracker: LoadRecord['tracker'];
  readonly swarm: number;
  readonly validRuns: number;
  readonly runs: number;
};

/** Whom our tracker introduces, against viewers of the same rendition by chance. */
export function audienceReport(all: readonly AudienceFigures[]): string {
  const head = [
    ...['viewers', 'asked for 8: hold the next segment', 'none of them, %'],
    ...['all neighbours, of 8: of use', 'by chance', 'none, %', 'by chance, %', 'µs a choice'],
  ];
  const lines = all.map((of) => [
    `${of.viewers}`,
    number(of.asked, { digits: 2 }),
    number(of.askedNonePercent, { digits: 1 }),
    number(of.useful, { digits: 2 }),
    number(of.usefulByChance, { digits: 2 }),
    number(of.nonePercent, { digits: 1 }),
    number(of.nonePercentByChance, { digits: 1 }),
    number(of.selectionUs, { digits: 1 }),
  ]);
  return markdown([head, head.map(() => '---:'), ...lines]);
}

/** The table, and below it the bars where both trackers were measured. */
export function reportOf(records: readonly LoadRecord[]): string {
  const rows = rowsOf(records);
  const lines = rows.map((row) => [
    row.tracker,
    `${row.swarm}`,
    `${row.validRuns} of ${row.runs}`,
    number(row.cpuUsPerCycle, { digits: 0 }),
    number(row.rssBytesPerPeer, { per: 1024, digits: 1 }),
    number(row.replyP50Ms, { digits: 2 }),
    number(row.replyP99Ms, { digits: 2 }),
    number(row.answeredPercent, { digits: 1 }),
    number(row.reported, { digits: 0 }),
    number(row.withoutOffer, { digits: 0 }),
    number(row.lost, { digits: 0 }),
    number(row.lagMs, { digits: 0 }),
  ]);
  const head = [
    ...['tracker', 'swarm', 'valid runs', 'CPU µs a cycle', 'KiB a peer', 'reply p50, ms'],
    ...['p99', 'answered %', 'reported', 'without offer', 'lost', 'lag ms'],
  ];
  const table = markdown([head, ['---', ...head.slice(1).map(() => '---:')], ...lines]);
  return `${table}\n\n${barsOf(rows)}`;
}

function rowsOf(records: readonly LoadRecord[]): readonly Row[] {
  const groups = new Map<string, LoadRecord[]>();
  for (const record of records) {
    const key = `${record.tracker} ${record.swarm}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].flatMap((runs) => {
    const [first] = runs;
    if (first === undefined) return [];
    const valid = runs.filter((run) => run.valid);
    const of = (key: keyof LoadFigures): number | undefined =>
      median(valid.flatMap((run) => (typeof run[key] === 'number' ? [run[key]] : [])));
    return {
      ...{ tracker: first.tracker, swarm: first.swarm, validRuns: valid.length, runs: runs.length },
      cpuUsPerCycle: of('cpuUsPerCycle'),
      rssBytesPerPeer: of('rssBytesPerPeer'),
      replyP50Ms: of('replyP50Ms'),
      replyP99Ms: of('replyP99Ms'),
      cycles: of('cycles'),
      answeredPercent: of('answeredPercent'),
      reported: of('reported'),
      withoutOffer: of('withoutOffer'),
      lost: of('lost'),
      lagMs: of('lagMs'),
      valid: undefined,
    };
  });
}

/** Against bittorrent-tracker in the same run, and against a small swarm. */
function barsOf(rows: readonly Row[]): string {
  const find = (tracker: TrackerName, swarm: number): Row | undefined =>
    rows.find((row) => row.tracker === tracker && row.swarm === swarm);
  const bars: (readonly string[])[] = [];
  const bar = (name: string, value: number | undefined, limit: number): void => {
    if (value === undefined) return;
    bars.push([name, `≤ ${limit}`, number(value, { digits: 2 }), verdictText(value <= limit)]);
  };
  const largest = Math.max(...rows.map(({ swarm }) => swarm));
  for (const { swarm } of rows.filter(({ tracker }) => tracker === 'shoal')) {
    const [ours, theirs] = [find('shoal', swarm), find('bittorrent-tracker', swarm)];
    const cpu = ratio(ours?.cpuUsPerCycle, theirs?.cpuUsPerCycle);
    bar(`CPU a cycle over bittorrent-tracker's, swarm ${swarm}`, cpu, 0.55);
  }
  const [small, large] = [find('shoal', 100), find('shoal', largest)];
  if (largest > 100)
    bar(
      `CPU a cycle, swarm ${largest} over swarm 100`,
      ratio(large?.cpuUsPerCycle, small?.cpuUsPerCycle),
      1.1,
    );
  const memory = ratio(
    large?.rssBytesPerPeer,
    find('bittorrent-tracker', largest)?.rssBytesPerPeer,
  );
  bar(`memory a peer over bittorrent-tracker's, swarm ${largest}`, memory, 0.6);
  const missing = large?.reported === undefined ? undefined : largest - large.reported;
  bar(`peers connected and not reported, swarm ${largest}`, missing, 0);
  bar(`peers without an offer, swarm ${largest}`, large?.withoutOffer, 0);
  if (bars.length === 0) return '';
  return markdown([
    ['bar for shoal', 'limit', 'figure', ''],
    ['---', '---', '---:', '---'],
    ...bars,
  ]);
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}
