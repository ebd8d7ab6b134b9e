import { describe, expect, it } from 'vitest';
import { HISTORY_SECONDS, RateHistory } from '@shoal/demo/viewer/rate-history';

const feed = (seconds: number, at: (second: number) => number): RateHistory => {
  const history = new RateHistory();
  for (let second = 0; second <= seconds; second++)
    history.add({ http: at(second), p2p: 0, uploaded: 0 }, second * 1000);
  return history;
};

describe('the rates of the last two minutes', () => {
  it('are zero before there are two samples', () => {
    const history = new RateHistory();
    expect(history.latest()).toEqual({ http: 0, p2p: 0, uploaded: 0 });
    history.add({ http: 5000, p2p: 0, uploaded: 0 }, 0);
    expect(history.latest().http).toBe(0);
    expect(history.columns(0)).toEqual([[], [], [], []]);
  });

  it('are the mean of four seconds, so that bursts of a segment every two come out level', () => {
    const history = feed(20, (second) => Math.floor(second / 2) * 250_000);
    expect(history.latest().http).toBe(1_000_000);
    const [, total = []] = history.columns(20_000);
    expect(total.slice(4).every((rate) => rate >= 900_000 && rate <= 1_100_000)).toBe(true);
  });

  it('stack what came from viewers under what came from the server', () => {
    const history = new RateHistory();
    history.add({ http: 0, p2p: 0, uploaded: 0 }, 0);
    history.add({ http: 1000, p2p: 2000, uploaded: 500 }, 1000);
    expect(history.columns(2000)).toEqual([[-1], [24_000], [16_000], [4000]]);
  });

  it('hold two minutes and no more, at one sample a second', () => {
    const history = new RateHistory();
    for (let ms = 0; ms <= 600_000; ms += 100) history.add({ http: ms, p2p: 0, uploaded: 0 }, ms);
    const [seconds = []] = history.columns(600_000);
    expect(seconds.length).toBeLessThanOrEqual((HISTORY_SECONDS + 4) * 2);
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(-HISTORY_SECONDS - 4);
  });

  it('begin anew when a counter went back', () => {
    const history = feed(10, (second) => second * 1000);
    history.add({ http: 10, p2p: 0, uploaded: 0 }, 11_000);
    expect(history.columns(11_000)[0]).toEqual([]);
    expect(history.latest().http).toBe(0);
  });
});
