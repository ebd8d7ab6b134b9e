import { describe, expect, it } from 'vitest';
import { HotFiles } from '@shoal/server/core';
import { seededRandom } from '../../../../support/seeded-random.ts';

function loaded(hot: HotFiles<string>, key: string, bytes: number): boolean {
  const added = hot.add(key, key, bytes);
  if (added) hot.loaded(key);
  return added;
}

describe('hot files', () => {
  it('those that were not asked for the longest go first', () => {
    const hot = new HotFiles<string>(100);
    for (const key of ['a', 'b', 'c', 'd']) loaded(hot, key, 25);
    expect(hot.get('a')).toBe('a');
    expect(loaded(hot, 'e', 40)).toBe(true);
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => hot.get(key) !== undefined)).toEqual([
      ...['a', 'd', 'e'],
    ]);
    expect(hot.bytes).toBe(90);
  });

  it('what is being loaded does not go, and what has no room beside it is not taken in', () => {
    const hot = new HotFiles<string>(100);
    expect(hot.add('loading', 'loading', 60)).toBe(true);
    expect(loaded(hot, 'a', 40)).toBe(true);
    expect(hot.hasRoom(40)).toBe(true);
    expect(hot.hasRoom(41)).toBe(false);
    expect(hot.add('b', 'b', 41)).toBe(false);
    // Nothing had to go for what was not taken in.
    expect(hot.get('a')).toBe('a');
    expect(hot.add('b', 'b', 40)).toBe(true);
    expect(hot.get('a')).toBeUndefined();
    expect(hot.get('loading')).toBe('loading');
    hot.loaded('loading');
    expect(hot.add('c', 'c', 60)).toBe(true);
    expect(hot.get('loading')).toBeUndefined();
  });

  it('what is larger than all room is not taken in; what failed gives its room back', () => {
    const hot = new HotFiles<string>(100);
    expect(hot.add('a', 'a', 101)).toBe(false);
    expect(hot.add('a', 'a', 100)).toBe(true);
    expect(hot.hasRoom(1)).toBe(false);
    hot.delete('a');
    hot.delete('a');
    hot.loaded('a');
    expect(hot.bytes).toBe(0);
    expect(hot.hasRoom(100)).toBe(true);
  });

  it('what is added again takes the place of what was there', () => {
    const hot = new HotFiles<string>(100);
    loaded(hot, 'a', 80);
    expect(hot.add('a', 'another', 90)).toBe(true);
    expect(hot.get('a')).toBe('another');
    expect(hot.bytes).toBe(90);
  });

  it('never has more bytes than it may, whatever happens', () => {
    const random = seededRandom(7);
    const hot = new HotFiles<string>(1_000);
    for (let n = 0; n < 20_000; n++) {
      const key = String(Math.floor(random() * 40));
      const action = random();
      if (action < 0.4) hot.add(key, key, Math.floor(random() * 300));
      else if (action < 0.7) hot.loaded(key);
      else if (action < 0.9) hot.get(key);
      else hot.delete(key);
      expect(hot.bytes).toBeGreaterThanOrEqual(0);
      expect(hot.bytes).toBeLessThanOrEqual(1_000);
    }
    for (let n = 0; n < 40; n++) hot.delete(String(n));
    expect(hot.bytes).toBe(0);
  });
});
