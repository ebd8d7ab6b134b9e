import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../bench/tracker/options.ts';

describe('the options of the tracker bench', () => {
  it('are both trackers and the floor, with swarms of four sizes, by default', () => {
    expect(readOptions([])).toMatchObject({
      ok: true,
      value: {
        trackers: ['shoal', 'bittorrent-tracker', 'floor'],
        url: undefined,
        swarms: [10, 100, 1_000, 10_000],
        ...{ rate: 400, seconds: 10, runs: 1, json: false },
      },
    });
  });

  it('are read as given', () => {
    const args = ['--trackers', 'shoal', '--swarms', '20,300', '--rate', '50', '--runs', '3'];
    expect(readOptions([...args, '--url', 'ws://127.0.0.1:8000/', '--json'])).toMatchObject({
      ok: true,
      value: { trackers: ['shoal'], swarms: [20, 300], rate: 50, runs: 3, json: true },
    });
  });

  it.each([
    ['--trackers', 'aquatic'],
    ['--swarms', '10,many'],
    ['--swarms', '1'],
    ['--swarms', '20000'],
    ['--rate', '9'],
    ['--runs', '0'],
    ['--url', 'https://example.com/'],
    ['--url', 'nowhere'],
    ['--what', 'ever'],
  ])('%s %s makes no sense', (flag, value) => {
    expect(readOptions([flag, value]).ok).toBe(false);
  });

  it('ask for help', () => {
    expect(readOptions(['--help'])).toEqual({ ok: true, value: undefined });
  });
});
