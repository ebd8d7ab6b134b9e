import { describe, expect, it } from 'vitest';
import { growthOf, type Measurement } from '../../../bench/long/growth.ts';
import { happenings, type Stretch } from '../../../bench/long/happenings.ts';
import { readOptions } from '../../../bench/long/options.ts';
import { table } from '../../../bench/long/report.ts';

const MB = 1024 * 1024;

function measured(minute: number, heapMb: number): Measurement {
  const counts = { epochs: 1, segments: 2, versions: 3, findings: 0 };
  return { minute, heapBytes: heapMb * MB, rssBytes: 100 * MB, ...counts };
}

/** What is left of a heap that has so many MB at each quarter of an hour. */
function grows(heaps: readonly number[]): boolean {
  return growthOf(heaps.map((heap, i) => measured(i * 15, heap))).grown;
}

describe('the long bench', () => {
  it('has defaults, and refuses what makes no sense', () => {
    const value = { minutes: 180, every: 15, real: false, seed: 1, json: false };
    expect(readOptions([])).toEqual({ ok: true, value });
    expect(readOptions(['--real'])).toEqual({
      ok: true,
      value: { ...value, minutes: 5, every: 1, real: true },
    });
    expect(readOptions(['--help'])).toEqual({ ok: true, value: undefined });
    for (const wrong of [['--minutes', '1'], ['--every', '0'], ['--seed', 'x'], ['--fast']])
      expect(readOptions(wrong).ok).toBe(false);
    expect(readOptions(['--minutes', '10', '--every', '11']).ok).toBe(false);
  });

  it('a heap has grown that has 5 % and 5 MB more in the last hour than in the first', () => {
    const hours = (first: number, last: number): readonly number[] => [
      ...[5, first, first, first, first],
      ...[0, 0, 0, 0, last, last, last, last],
    ];
    expect(grows(hours(100, 109))).toBe(false);
    expect(grows(hours(100, 111))).toBe(true);
    expect(grows(hours(20, 25))).toBe(false);
    expect(grows(hours(20, 27))).toBe(true);
    // Where there are no three hours, thirds are compared.
    expect(grows([5, 20, 20, 27])).toBe(true);
  });

  it('says what it measured, and whether that is well', () => {
    const measurements = [measured(0, 10), measured(15, 20), measured(30, 30)];
    const result = {
      ...{ measurements, findings: ['a gap'], publishedSeconds: 1_800, listedSeconds: 1_791 },
      ...{ secondOpinions: 90, decoded: 8, wallSeconds: 9 },
    };
    const text = table(result, growthOf(measurements));
    expect(text).toContain('| 30 | 1 | 2 | 3 | 30.0 | 100.0 | 0 |');
    expect(text).toContain('20.0 MB in the first third, 30.0 MB in the last: it has grown.');
    expect(text).toContain('Listed: 99.50 % of 1800 s');
    expect(text).toMatch(/Findings: 1\.\n- a gap\n$/);
  });

  it('everything happens within three hours, the same for the same seed', () => {
    const take = (seed: number): readonly Stretch[] => {
      const taken: Stretch[] = [];
      let at = 0;
      for (const stretch of happenings(seed, 2)) {
        if (at > 3 * 3_600_000) break;
        taken.push(stretch);
        const { ending } = stretch;
        at += stretch.durationMs + (ending.type === 'leaves' ? ending.awayMs : 0);
      }
      return taken;
    };
    const all = take(1);
    expect(take(1)).toEqual(all);
    expect(take(2)).not.toEqual(all);
    const away = all.flatMap(({ ending }) => (ending.type === 'leaves' ? [ending.awayMs] : []));
    expect(new Set(away).size).toBe(3);
    expect(all.some(({ ending }) => ending.type === 'replaced')).toBe(true);
    expect(all.some(({ changesAtMs }) => changesAtMs !== undefined)).toBe(true);
    for (const wrap of [2 ** 24, 2 ** 31, 2 ** 32])
      expect(
        all.some(
          ({ firstStamp, durationMs }) => firstStamp < wrap && firstStamp + durationMs > wrap,
        ),
      ).toBe(true);
  });
});
