import { expect, it } from 'vitest';
import { seededRandom } from '../../../../support/seeded-random.ts';
import { Room } from '../../tracker-room.ts';

const VIEWERS = 400;
const EDGE = 1_000;

/** Viewers between 1 and 20 segments behind the edge, most of them near it, who hold the last 5 segments. */
function audience(): Map<string, number> {
  const random = seededRandom(7);
  const entries = Array.from({ length: VIEWERS }, (_, i): [string, number] => [
    `v${i}`,
    EDGE - Math.floor(20 * random() ** 2),
  ]);
  return new Map(entries);
}

function isUseful(next: number, other: number): boolean {
  return other - 5 <= next && next < other;
}

it('TRK-5 most introductions are useful: at least 5.5 of 8 hold the next segment, against 2 or 3 by chance', () => {
  const room = new Room({ seed: 3 });
  const next = audience();
  for (const [name, at] of next) {
    room.join(name);
    room.update(name, { lo: at - 5, hi: at - 1, next: at });
  }
  room.segment(EDGE);
  // Everybody is content with what it has; then one after the other looks for eight.
  let useful = 0;
  let byChance = 0;
  let none = 0;
  let asked = 0;
  const names = [...next.keys()];
  for (const [name, at] of next) {
    // At the edge hardly anybody can hold the next segment: another rule.
    if (at > EDGE - 3) continue;
    room.pass(9_000);
    for (const other of names) {
      const own = next.get(other) ?? 0;
      room.update(other, { lo: own - 5, hi: own - 1, next: own });
    }
    room.clear();
    room.update(name, { lo: at - 5, hi: at - 1, next: at, want: 8 });
    const met = room.introduced(name).map((other) => next.get(other) ?? 0);
    expect(met).toHaveLength(8);
    const helping = met.filter((other) => isUseful(at, other)).length;
    useful += helping;
    none += helping === 0 ? 1 : 0;
    asked += 1;
    for (let i = 0; i < 8; i++) {
      const other = next.get(names[Math.floor(room.random() * VIEWERS)] ?? '') ?? 0;
      byChance += isUseful(at, other) ? 1 : 0;
    }
    if (asked === 60) break;
  }
  expect(useful / asked).toBeGreaterThanOrEqual(5.5);
  expect(useful / asked).toBeGreaterThan((1.5 * byChance) / asked);
  expect(none).toBe(0);
});

it('TRK-5 at the edge, where nobody holds the next segment, most introductions are to viewers who need the same one', () => {
  const room = new Room({ seed: 4 });
  const names = Array.from({ length: 200 }, (_, i) => `v${i}`);
  const nextOf = (i: number): number => EDGE - (i % 4);
  const say = (i: number, want = 0): void => {
    const next = nextOf(i);
    room.update(names[i] ?? '', { lo: next - 5, hi: next - 1, next, want });
  };
  names.forEach((name) => room.join(name));
  names.forEach((_, i) => {
    say(i);
  });
  room.segment(EDGE);
  let same = 0;
  for (let i = 0; i < 40; i++) {
    if (nextOf(i) === EDGE - 3) continue;
    room.pass(9_000);
    names.forEach((_, other) => {
      say(other);
    });
    room.clear();
    say(i, 8);
    const met = room.introduced(names[i] ?? '').map((name) => nextOf(Number(name.slice(1))));
    expect(met).toHaveLength(8);
    same += met.filter((next) => next === nextOf(i)).length;
  }
  // By chance it were two.
  expect(same / 30).toBeGreaterThan(4.5);
});

it('TRK-5 viewers of the own rendition come first, those of others only where they are too few', () => {
  const room = new Room();
  for (let i = 0; i < 30; i++) {
    room.join(`v${i}`);
    room.update(`v${i}`, { rendition: i < 20 ? 'source' : '720p', neighbours: 5, lo: 5, hi: 9 });
  }
  room.pass(9_000);
  room.join('lone');
  room.clear();
  room.update('lone', { rendition: 'audio', want: 8 });
  expect(room.introduced('lone')).toHaveLength(8);
  room.clear();
  room.update('v0', { rendition: 'source', want: 8, lo: 5, hi: 9 });
  expect(room.introduced('v0')).not.toEqual([]);
  for (const name of room.introduced('v0')) expect(Number(name.slice(1))).toBeLessThan(20);
});

it('TRK-5 a peer that others could not reach comes last', () => {
  const room = new Room();
  const broken = room.join('broken');
  for (let i = 0; i < 9; i++) {
    room.join(`v${i}`);
    room.update(`v${i}`, { want: 1, lo: 5, hi: 9 });
    const met = room.introduced(`v${i}`).includes('broken');
    if (met) room.update(`v${i}`, { lo: 5, hi: 9, bad: [{ peer: broken, reason: 'unreachable' }] });
  }
  let met = 0;
  for (let i = 0; i < 40; i++) {
    room.pass(8_000);
    for (const name of ['broken', ...Array.from({ length: 9 }, (_, n) => `v${n}`)])
      room.update(name, { lo: 5, hi: 9, neighbours: 1 });
    room.join(`new${i}`);
    met += room.introduced(`new${i}`).includes('broken') ? 1 : 0;
    room.close(`new${i}`);
  }
  // Two introductions among ten would be 8 of 40.
  expect(met).toBeLessThan(8);
});

it('TRK-12 a selection looks at no more than 48 viewers, whatever the size of the channel', () => {
  const random = seededRandom(4);
  let draws = 0;
  const room = new Room({
    random: () => {
      draws += 1;
      return random();
    },
  });
  for (let i = 0; i < 3_000; i++) {
    room.join(`v${i}`);
    room.update(`v${i}`, { neighbours: 5 });
  }
  room.pass(9_000);
  room.join('new');
  draws = 0;
  room.update('new', { want: 8 });
  expect(room.introduced('new')).toHaveLength(8);
  // At most two draws for each place of the sample, one to score it, and two for each choice.
  expect(draws).toBeLessThan(48 * 4);
});
