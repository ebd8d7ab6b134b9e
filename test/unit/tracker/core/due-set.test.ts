import { expect, it } from 'vitest';
import { seededRandom } from '../../../support/seeded-random.ts';
import { DueSet } from '../../../../tracker/src/core/due-set.ts';

const START = 1_700_000_000_000;

it('gives each item once, never early and less than a second late, whatever is moved or deleted', () => {
  const random = seededRandom(7);
  const set = new DueSet<number>();
  const due = new Map<number, number>();
  let now = START;
  for (let step = 0; step < 5_000; step++) {
    const item = Math.floor(random() * 200);
    const dice = random();
    if (dice < 0.5) {
      const at = now + Math.floor(random() * 30_000);
      set.schedule(item, at, now);
      due.set(item, at);
    } else if (dice < 0.6) {
      set.delete(item);
      due.delete(item);
    } else {
      // Now and then a clock that jumps by hours.
      now += Math.floor(random() * (random() < 0.01 ? 1e8 : 3_000));
      for (const taken of set.take(now)) {
        expect(now - (due.get(taken) ?? Infinity)).toBeGreaterThanOrEqual(0);
        due.delete(taken);
      }
      for (const [waiting, at] of due)
        expect(now - at, `item ${String(waiting)}`).toBeLessThan(1_000);
    }
    expect(set.size).toBe(due.size);
  }
});

it('an item of the past comes with the next look, also after a long time without any', () => {
  const set = new DueSet<string>();
  set.schedule('a', START - 50_000, START);
  expect(set.take(START + 1_000)).toEqual(['a']);
  set.schedule('b', START + 10_000_000, START + 9_999_000);
  expect(set.take(START + 10_001_000)).toEqual(['b']);
  set.schedule('c', START, START + 10_001_000);
  expect(set.take(START + 10_002_000)).toEqual(['c']);
});
