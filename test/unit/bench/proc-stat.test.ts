import { describe, expect, it } from 'vitest';
import { parseProcStat } from '../../bench/chromium/cpu-meter.ts';

describe('/proc/PID/stat', () => {
  it('is read past a name with brackets and spaces in it', () => {
    const stat = '42 (chromium (gpu) x) S 7 42 42 0 -1 4194560 9 0 0 0 150 25 0 0 20 0';
    expect(parseProcStat(stat)).toEqual({ parent: 7, name: 'chromium (gpu) x', ms: 1_750 });
  });

  it('is nothing if it is something else', () => {
    for (const stat of ['', '42', '42 (x)', '42 (x) S', '42 (x) S 7 a b', 'x'.repeat(10_000)])
      expect(parseProcStat(stat)).toBeUndefined();
  });
});
