import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Duties } from '../../../../client-sdk/src/core/duties.ts';
import { SegmentEntry } from '../../../../client-sdk/src/core/segment-entry.ts';
import { originSegment, sha256 } from '../../../support/builders.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

function entryOf(pieces: number): SegmentEntry {
  return new SegmentEntry(originSegment(1, { pieces }), { now: 0, pullFrom: 0, sha256 });
}

describe('duties', () => {
  it.each([
    [0, 4_000, 0],
    [1, 4_000, 1_000],
    [2, 4_000, 1_600],
    [7, 4_000, 1_600],
    [1, 100, 150],
    [2, 100, 300],
    [1, -5_000, 150],
    [0, -5_000, 0],
  ])('SWM-2 rank %i with %i ms left is due after %i ms', (rank, slackMs, delay) => {
    const duties = new Duties();
    const expected = rank > 2 ? Math.max(delay, 150 * rank) : delay;
    duties.assign(entryOf(8), [{ stripe: 0, of: 2, rank }], { now: 50, slackMs });
    expect(duties.deadline()).toBe(50 + expected);
    expect(duties.due(50 + expected - 1, [])).toEqual([]);
    expect(duties.due(50 + expected, [])).toMatchObject([{ from: 0, to: 4, rank }]);
    expect(duties.due(50 + expected, [])).toEqual([]);
    expect(duties.deadline()).toBeUndefined();
  });

  it('SWM-2 a stripe without a piece is no duty', () => {
    const duties = new Duties();
    duties.assign(entryOf(1), [{ stripe: 0, of: 4, rank: 0 }], { now: 0, slackMs: 1_000 });
    expect(duties.deadline()).toBeUndefined();
  });

  it('SWM-2 a backup is let off by what this viewer itself holds or has under way', () => {
    const entry = entryOf(8);
    const duties = new Duties();
    duties.assign(entry, [{ stripe: 1, of: 2, rank: 1 }], { now: 0, slackMs: 4_000 });
    entry.mark(6, 'fetching');
    expect(duties.due(1_000, [])).toEqual([]);
  });

  it('SWM-3 elections keep to the stripes there are, for any number of viewers', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1_000), (seed, viewers) => {
        const duties = new Duties();
        const entry = entryOf(8);
        duties.elect(entry, viewers, { now: 0, slackMs: 4_000, random: seededRandom(seed) });
        const due = duties.due(Infinity, []);
        const of = viewers < 6 ? 2 : viewers > 200 ? 8 : 4;
        for (const { from, to } of due) expect(to - from).toBe(8 / of);
        if (viewers <= of) expect(due.length).toBe(3);
      }),
      { numRuns: 50 },
    );
  });
});
