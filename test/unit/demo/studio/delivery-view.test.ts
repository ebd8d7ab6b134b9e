import { describe, expect, it } from 'vitest';
import { deliveryView, ViewerHistory } from '@shoal/demo/studio/delivery-view';

const NOW = 100_000;
const segment = (readyAt: number, copies: number) => ({
  msn: readyAt,
  size: 1000,
  durationMs: 2000,
  readyAt,
  servedBytes: copies * 1000,
});
const watchedBy = (viewers: number): ViewerHistory => {
  const history = new ViewerHistory();
  history.add(viewers, 0);
  return history;
};

describe('the delivery card of the studio', () => {
  it('compares the copies sent with one for each viewer', () => {
    const view = deliveryView([segment(80_000, 1), segment(82_000, 3)], watchedBy(8), NOW);
    expect(view).toMatchObject({ copies: '2.0', offload: '75 %' });
    expect(view.columns).toEqual([
      [-20, -18],
      [1, 3],
      [8, 8],
    ]);
    expect(view.summary).toContain('2.0 times');
  });

  it('leaves out what is older than a minute, and the newest segments from the mean', () => {
    const segments = [segment(39_000, 9), segment(90_000, 1), segment(99_000, 0)];
    const view = deliveryView(segments, watchedBy(4), NOW);
    expect(view.copies).toBe('1.0');
    expect(view.columns[0]).toEqual([-10, -1]);
  });

  it('shows no offload without viewers, and none below zero', () => {
    expect(deliveryView([segment(80_000, 1)], watchedBy(0), NOW).offload).toBe('–');
    expect(deliveryView([segment(80_000, 1)], new ViewerHistory(), NOW).offload).toBe('–');
    expect(deliveryView([segment(80_000, 5)], watchedBy(2), NOW).offload).toBe('0 %');
  });

  it('counts no segment of which it cannot know who watched, as from before the page was opened', () => {
    const history = new ViewerHistory();
    history.add(4, 78_000);
    const segments = [segment(50_000, 0), segment(60_000, 0), segment(80_000, 2)];
    const view = deliveryView(segments, history, NOW);
    expect(view.offload).toBe('50 %');
    expect(view.columns[2]).toEqual([null, null, 4]);
  });

  it('shows dashes when nothing was delivered', () => {
    const view = deliveryView([], watchedBy(3), NOW);
    expect(view).toMatchObject({ copies: '–', offload: '–', columns: [[], [], []] });
    expect(view.summary).toBe('No segment was delivered in the last minute.');
  });
});

describe('the history of viewers', () => {
  it('gives the number from when a segment came out', () => {
    const history = new ViewerHistory();
    history.add(2, 1000);
    history.add(5, 3000);
    expect([history.at(500), history.at(2000), history.at(9000)]).toEqual([2, 5, 5]);
  });

  it('is bounded', () => {
    const history = new ViewerHistory();
    for (let i = 0; i < 1000; i++) history.add(i, i * 1000);
    expect([history.at(927_000), history.at(928_000)]).toEqual([undefined, 936]);
  });
});
