import { expect, it } from 'vitest';
import { Remembered } from '../../../../../server/src/adapters/origins/remembered.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

it('many who ask the same within a moment are one question, and what failed is asked again', async () => {
  const clock = new ManualClock();
  const remembered = new Remembered<number>({ ms: 10, most: 2, now: () => clock.now });
  let asked = 0;
  const ask = (key: string): Promise<number> =>
    remembered.get(key, () => Promise.resolve((asked += 1)));
  expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual([1, 1, 2]);
  clock.advance(9);
  expect(await ask('a')).toBe(1);
  clock.advance(1);
  expect(await ask('a')).toBe(3);
  const fails = (): Promise<number> => Promise.reject(new Error('away'));
  await expect(remembered.get('c', fails)).rejects.toThrow('away');
  expect(await ask('c')).toBe(4);
  // No more than two are known: the oldest goes.
  await ask('d');
  expect(await ask('a')).toBe(6);
});
