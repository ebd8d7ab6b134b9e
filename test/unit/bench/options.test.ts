import { describe, expect, it } from 'vitest';
import { ENGINE_IDS, isStock, tuningOf } from '../../bench/engine-ids.ts';
import { type BenchOptions, listScenes, readOptions } from '../../bench/options.ts';
import { secondsOfRun, viewerSpec } from '../../bench/plan.ts';
import { findScene, SCENES } from '../../bench/scenes.ts';

function read(...args: readonly string[]): BenchOptions {
  const options = readOptions(args);
  if (!options.ok || options.value === 'help' || options.value === 'list')
    throw new Error(args.join(' '));
  return options.value;
}

describe('the options of the bench', () => {
  it('are every engine, eight pages and forty seconds by default', () => {
    const { plans, ...rest } = read();
    expect(rest).toEqual({ runs: 1, repeatInvalid: 0, json: undefined });
    expect(plans).toMatchObject([
      { scene: 'custom', tier: 'chromium', viewers: 8, engines: ENGINE_IDS, seconds: 40 },
    ]);
  });

  it('take engines in the order given, each once', () => {
    const { plans } = read('--engines', 'shoal, plain,shoal', '--uplink-kbps', '1000');
    expect(plans).toMatchObject([{ engines: ['shoal', 'plain'], uplinkKbps: 1000 }]);
  });

  it('override what a scene says, and only that', () => {
    const { plans } = read('--scene', 'node-30-capped', '--viewers', '12', '--engines', 'shoal');
    const scene = findScene('node-30-capped');
    expect(plans).toEqual([{ ...scene?.plan, viewers: 12, engines: ['shoal'] }]);
    expect(read('--scene', 'chromium-8', '--engines', 'shoal').plans).toMatchObject([
      { engines: ['shoal', 'plain'] },
    ]);
  });

  it('name all scenes at once, and leave out engines that a scene cannot have', () => {
    expect(read('--scene', 'all').plans).toEqual(SCENES.map(({ plan }) => plan));
    const restricted = read('--scene', 'startup,chromium-8', '--engines', 'plain,shoal').plans;
    expect(restricted.map(({ engines }) => engines)).toEqual([['shoal'], ['plain', 'shoal']]);
  });

  it('say what is wrong with a value', () => {
    const wrong = [
      ['--viewers', '0'],
      ['--viewers', '65'],
      ['--seconds', '4e1'],
      ['--churn', '1'],
      ['--runs', ''],
      ['--repeat-invalid', '11'],
      ['--engines', 'shoal,,plain'],
      ['--engines', 'other'],
      ['--tier', 'firefox'],
      ['--uplink-weights', '1,,3'],
      ['--scene', 'nowhere'],
      ['--scene', ''],
      ['--scene', 'startup', '--engines', 'plain'],
      ['--leeches', '20'],
      ['--tier', 'node', '--catch-up'],
      ['--tier', 'node', '--polluters', '30'],
      ['--colour'],
      ['shoal'],
    ];
    for (const args of wrong)
      expect(readOptions(args), args.join(' ')).toMatchObject({ ok: false });
  });

  it('end in help or the list of scenes where that is asked for', () => {
    expect(readOptions(['--help'])).toEqual({ ok: true, value: 'help' });
    expect(readOptions(['--list'])).toEqual({ ok: true, value: 'list' });
    expect(listScenes(secondsOfRun).split('\n')).toHaveLength(SCENES.length);
  });

  it('name the high-demand window of a tuned engine', () => {
    expect(ENGINE_IDS.map(tuningOf)).toEqual([undefined, undefined, 2, 3, 4, undefined]);
    expect(ENGINE_IDS.filter(isStock)).toHaveLength(4);
  });
});

describe('the scenes', () => {
  it('take at most 45 minutes for three runs of Shoal each', () => {
    const minutes = read('--scene', 'all', '--engines', 'shoal').plans.map(
      (plan) => (3 * plan.engines.length * secondsOfRun(plan)) / 60,
    );
    expect(minutes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(45);
  });

  it('spread leeches, liars and uplinks evenly over the viewers', () => {
    const capped = read('--scene', 'node-30-capped').plans[0];
    const liars = read('--scene', 'node-20-polluters').plans[0];
    if (capped === undefined || liars === undefined) throw new Error('no such scenes');
    const specs = Array.from({ length: 30 }, (_, i) => viewerSpec(capped, 'shoal', i));
    expect(specs.filter(({ uploads }) => !uploads)).toHaveLength(6);
    const uplinks = specs.map(({ uplinkKbps }) => uplinkKbps ?? 0);
    expect(uplinks.reduce((sum, kbps) => sum + kbps, 0) / 30).toBeCloseTo(2_392);
    expect((uplinks[2] ?? 0) / (uplinks[0] ?? 1)).toBeCloseTo(7.5);
    const pollutions = Array.from({ length: 20 }, (_, i) => viewerSpec(liars, 'shoal', i).pollutes);
    expect(pollutions.filter((kind) => kind === 'bits')).toHaveLength(3);
    expect(pollutions.filter((kind) => kind === 'foreign')).toHaveLength(3);
  });
});
