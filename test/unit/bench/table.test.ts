import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../bench/figures.ts';
import { median, percentile } from '../../support/percentile.ts';
import { atMost, cpuAbovePlain } from '../../bench/bars.ts';
import { CUSTOM, SCENES } from '../../bench/scenes.ts';
import { barsOf, isValid, tableOf, type RunLine } from '../../bench/table.ts';

const line = (engine: RunLine['engine'], lagMs: number, cpuMs: number): RunLine => ({
  engine,
  run: 1,
  valid: lagMs <= 250,
  figures: figuresOf({
    plan: { ...CUSTOM.plan, viewers: 1 },
    from: 0,
    to: 1_000,
    records: [],
    segments: [],
    deliveries: [],
    hashes: new Map(),
    cpuMs,
    lagMs,
    peersLagMs: undefined,
  }),
});

describe('the table of the bench', () => {
  it('shows medians over valid runs, and how many those are', () => {
    const table = tableOf([
      line('plain', 1, 10),
      line('shoal', 900, 990),
      line('plain', 3, 30),
      line('plain', 300, 990),
    ]).split('\n');
    expect(table[0]).toBe('|  | plain | shoal |');
    expect(table[2]).toBe('| valid runs | 2 of 3 | 0 of 1 |');
    expect(table).toContain('| CPU per viewer, % of a core | 2.0 | – |');
    expect(table).toContain('| event-loop lag, ms | 2 | – |');
  });
});

describe('the bars of a scene', () => {
  const lag = atMost('lag, s', { key: 'lagMs', limit: 0.1, per: 1000, digits: 2 });

  it('are met, missed or not measured, by the medians of the valid runs', () => {
    const runs = [line('shoal', 90, 40), line('plain', 1, 10), line('shoal', 900, 990)];
    const rows = barsOf([lag, cpuAbovePlain(2)], runs).split('\n');
    expect(rows.slice(2)).toEqual([
      '| lag, s | ≤ 0.1 | 0.09 | met |',
      '| CPU a viewer above plain hls.js, points of a core | ≤ 2 | 3.0 | **missed** |',
    ]);
    expect(barsOf([lag], [line('plain', 1, 10)])).toContain('| – | not measured |');
    expect(barsOf([], runs)).toBe('');
  });

  it('can be told for every scene', () => {
    for (const { name, bars } of SCENES) {
      const table = barsOf(bars, [line('shoal', 1, 10)]).split('\n');
      expect(table, name).toHaveLength(2 + bars.length);
    }
  });
});

describe('a run', () => {
  it('means nothing if one of the processes was too busy', () => {
    const { figures } = line('shoal', 10, 10);
    const made = { ...figures, segments: 5 };
    expect(isValid(made)).toBe(true);
    expect(isValid({ ...made, lagMs: 251 })).toBe(false);
    expect(isValid({ ...made, peersLagMs: 251 })).toBe(false);
    expect(isValid(figures)).toBe(false);
  });
});

describe('ranks', () => {
  it('are those of the sorted values', () => {
    const values = [5, 1, 4, 2, 3];
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile(values, 0)]).toEqual([
      3, 5, 1,
    ]);
    expect([median(values), median([4, 1]), median([]), percentile([], 0.5)]).toEqual([
      3,
      2.5,
      undefined,
      undefined,
    ]);
  });
});
