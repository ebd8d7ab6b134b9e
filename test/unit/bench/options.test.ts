import { describe, expect, it } from 'vitest';
import { ENGINE_IDS, tuningOf } from '../../bench/engine-ids.ts';
import { readOptions } from '../../bench/options.ts';

describe('the options of the bench', () => {
  it('are every engine, eight viewers and forty seconds by default', () => {
    expect(readOptions([])).toEqual({
      ok: true,
      value: {
        viewers: 8,
        engines: ENGINE_IDS,
        seconds: 40,
        runs: 1,
        uplinkKbps: undefined,
        churnSeconds: undefined,
        flash: false,
        json: undefined,
      },
    });
  });

  it('take engines in the order given, each once', () => {
    const options = readOptions(['--engines', 'shoal, plain,shoal', '--uplink-kbps', '1000']);
    expect(options).toMatchObject({
      ok: true,
      value: { engines: ['shoal', 'plain'], uplinkKbps: 1000 },
    });
  });

  it('say what is wrong with a value', () => {
    const wrong = [
      ['--viewers', '0'],
      ['--viewers', '65'],
      ['--seconds', '4e1'],
      ['--churn', '1'],
      ['--runs', ''],
      ['--engines', 'shoal,,plain'],
      ['--engines', 'other'],
      ['--colour'],
      ['shoal'],
    ];
    for (const args of wrong)
      expect(readOptions(args), args.join(' ')).toMatchObject({ ok: false });
  });

  it('end in help where that is asked for', () => {
    expect(readOptions(['--help'])).toEqual({ ok: true, value: 'help' });
  });

  it('name the high-demand window of a tuned engine', () => {
    expect(ENGINE_IDS.map(tuningOf)).toEqual([undefined, undefined, 2, 3, 4, undefined]);
  });
});
