import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../bench/delivery/options.ts';
import { readWrk } from '../../../bench/delivery/wrk.ts';

describe('the bench of delivery', () => {
  it('has defaults, and refuses what makes no sense', () => {
    expect(readOptions([])).toEqual({
      ok: true,
      value: { connections: 64, seconds: 5, runs: 3, json: false },
    });
    expect(readOptions(['--help'])).toEqual({ ok: true, value: undefined });
    for (const wrong of [['--connections', '0'], ['--seconds', 'x'], ['--runs', '10'], ['--fast']])
      expect(readOptions(wrong).ok).toBe(false);
  });

  it('reads what wrk measured, and nothing else', () => {
    const said = 'Running 5s test\n\nshoal requests=100 bytes=75000000 micros=5000000 errors=2\n';
    expect(readWrk(said)).toEqual({ requests: 100, bytes: 75_000_000, seconds: 5, errors: 2 });
    expect(readWrk('unable to connect')).toBeUndefined();
  });
});
