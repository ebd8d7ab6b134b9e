import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../bench/figures.ts';
import { median, percentile } from '../../bench/percentile.ts';
import { tableOf, type RunLine } from '../../bench/table.ts';

const line = (engine: RunLine['engine'], lagMs: number, cpuMs: number): RunLine => ({
  engine,
  run: 1,
  valid: lagMs <= 250,
  figures: figuresOf({
    viewers: 1,
    from: 0,
    to: 1_000,
    records: [],
    segments: [],
    deliveries: [],
    cpuMs,
    lagMs,
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
