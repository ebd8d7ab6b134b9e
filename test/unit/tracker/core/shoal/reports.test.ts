import { CLOSE } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { DEMO, Room } from '../../tracker-room.ts';

/** eve, introduced to `count` others, each from a network of its own. */
function withNeighbours(count: number, room = new Room()): { room: Room; eve: string } {
  const eve = room.join('eve');
  for (let i = 0; i < count; i++) {
    room.join(`n${i}`);
    room.update(`n${i}`, { want: 8 });
    expect(room.introduced('eve')).toContain(`n${i}`);
  }
  return { room, eve };
}

function accuse(room: Room, name: string, peer: string): void {
  room.update(name, { bad: [{ peer, reason: 'corrupt' }] });
}

describe('reports of corrupt data', () => {
  it('TRK-10 three different peers ban a peer from its channel; two, or one three times, do not', () => {
    const { room, eve } = withNeighbours(3);
    for (let i = 0; i < 3; i++) accuse(room, 'n0', eve);
    accuse(room, 'n1', eve);
    expect(room.closed.size).toBe(0);
    accuse(room, 'n2', eve);
    expect(room.received('eve', 'error')).toMatchObject([{ code: 'banned' }]);
    expect([...room.closed]).toEqual([['eve', expect.objectContaining({ code: CLOSE.refused })]]);
    expect(room.core.channel(DEMO)?.viewers).toBe(3);
  });

  it('TRK-10 reports by peers that were never introduced count nothing', () => {
    const { room, eve } = withNeighbours(2);
    room.join('stranger', { in: 'other' });
    for (const name of ['n0', 'n1', 'stranger', 'eve']) accuse(room, name, eve);
    expect(room.closed.size).toBe(0);
  });

  it('TRK-10 reports older than ten minutes count no more', () => {
    const { room, eve } = withNeighbours(3);
    accuse(room, 'n0', eve);
    accuse(room, 'n1', eve);
    for (let i = 0; i < 10; i++) {
      room.pass(60_000);
      for (const name of ['eve', 'n0', 'n1', 'n2']) room.update(name);
    }
    accuse(room, 'n2', eve);
    expect(room.closed.size).toBe(0);
  });

  it('TRK-10 the ban holds for its address and channel, for a minute, and not for others behind the same NAT', () => {
    const { room, eve } = withNeighbours(3);
    for (const name of ['n0', 'n1', 'n2']) accuse(room, name, eve);
    expect(room.join('again', { address: 'eve/address' })).toBe('');
    expect(room.received('again', 'error')).toMatchObject([{ code: 'banned' }]);
    expect(room.join('elsewhere', { address: 'eve/address', in: 'other' })).not.toBe('');
    expect(room.join('neighbour', { address: 'n0/address' })).not.toBe('');
    room.pass(60_000);
    expect(room.join('later', { address: 'eve/address' })).not.toBe('');
  });

  it('TRK-10 a ban does not shut out those that share the address with viewers in good standing', () => {
    const room = new Room();
    room.join('colleague', { address: 'eve/address' });
    const { eve } = withNeighbours(3, room);
    for (const name of ['n0', 'n1', 'n2']) accuse(room, name, eve);
    expect(room.closed.has('eve')).toBe(true);
    expect(room.join('other', { address: 'eve/address' })).not.toBe('');
  });

  it('TRK-10 only so many bans are remembered, the oldest is forgotten first', () => {
    const room = new Room({ limits: { bans: 1, reportersToBan: 1 } });
    for (const name of ['eve', 'mallory']) {
      const id = room.join(name);
      room.join(`victim of ${name}`);
      accuse(room, `victim of ${name}`, id);
      expect(room.closed.has(name)).toBe(true);
    }
    expect(room.join('again', { address: 'mallory/address' })).toBe('');
    expect(room.join('again', { address: 'eve/address' })).not.toBe('');
  });

  it('TRK-10 the two of a corrupt link are not introduced again', () => {
    const { room, eve } = withNeighbours(1);
    accuse(room, 'n0', eve);
    room.clear();
    for (let i = 0; i < 10; i++) {
      room.pass(28_000);
      for (const name of ['eve', 'n0']) room.update(name, { want: 8 });
    }
    expect(room.introduced('n0')).toEqual([]);
    expect(room.introduced('eve')).toEqual([]);
  });
});

describe('reports of unreachable peers', () => {
  it('free the place at once, and the two are introduced again after a minute at the earliest', () => {
    const { room, eve } = withNeighbours(1);
    room.update('n0', { want: 8, neighbours: 1, bad: [{ peer: eve, reason: 'unreachable' }] });
    room.clear();
    for (let i = 0; i < 2; i++) {
      room.pass(29_000);
      for (const name of ['eve', 'n0']) room.update(name, { want: 8, neighbours: 1 });
    }
    expect(room.introduced('n0')).toEqual([]);
    room.pass(2_000);
    room.update('n0', { want: 8, neighbours: 1 });
    expect(room.introduced('n0')).toEqual(['eve']);
  });

  it('TRK-20 of a connection that failed soon lead to a new introduction at once, then after 5 s, then a minute', () => {
    const { room, eve } = withNeighbours(1);
    const session = (): string => room.received('n0', 'introduce').at(-1)?.session ?? '';
    const failAgain = (): number => {
      const before = room.received('n0', 'introduce').length;
      const bad = [{ peer: eve, reason: 'unreachable', session: session() }];
      room.update('n0', { want: 8, neighbours: 1, bad });
      let seconds = 0;
      while (room.received('n0', 'introduce').length === before && seconds < 100) {
        room.pass(1_000);
        seconds += 1;
        room.update('eve');
        room.update('n0', { want: 8, neighbours: 1 });
      }
      return seconds;
    };
    expect([failAgain(), failAgain(), failAgain(), failAgain()]).toEqual([0, 5, 60, 60]);
    expect(room.received('eve', 'introduce').at(-1)).toMatchObject({ session: session() });
    // Bytes over the last one: it works, and a later failure is a first one.
    room.update('n0', { want: 8, neighbours: 1, received: [{ peer: eve, bytes: 1_000 }] });
    expect(failAgain()).toBe(0);
  });

  it('TRK-20 of an earlier introduction change nothing, so that both sides may report the same failure', () => {
    const { room, eve } = withNeighbours(1);
    const n0 = room.received('eve', 'introduce').at(-1)?.peer ?? '';
    const session = room.received('n0', 'introduce').at(-1)?.session ?? '';
    room.clear();
    room.update('n0', { want: 8, bad: [{ peer: eve, reason: 'unreachable', session }] });
    room.update('eve', { want: 8, bad: [{ peer: n0, reason: 'unreachable', session }] });
    expect(room.introduced('n0')).toEqual(['eve']);
    const again = room.received('n0', 'introduce')[0]?.session ?? '';
    room.say('n0', {
      action: 'signal',
      to: eve,
      session: again,
      signal: { kind: 'offer', sdp: 'v=0' },
    });
    expect(room.received('eve', 'signal')).toHaveLength(1);
  });

  it('TRK-20 bring a viewer that has nobody else together with the same one after 5 s, time-out or not', () => {
    const { room, eve } = withNeighbours(1);
    for (let i = 0; i < 3; i++) {
      const session = room.received('n0', 'introduce').at(-1)?.session ?? '';
      room.clear();
      room.pass(10_000);
      room.update('n0', { want: 8, bad: [{ peer: eve, reason: 'unreachable', session }] });
      room.update('eve', { want: 8, neighbours: 3 });
      room.pass(4_000);
      room.update('n0', { want: 8 });
      expect(room.introduced('n0')).toEqual([]);
      room.pass(1_000);
      room.update('n0', { want: 8 });
      expect(room.introduced('n0')).toEqual(['eve']);
    }
  });

  it('TRK-20 wait a minute when the failure took as long as a time-out', () => {
    const { room, eve } = withNeighbours(1);
    const session = room.received('n0', 'introduce').at(-1)?.session ?? '';
    room.clear();
    room.pass(9_000);
    room.update('n0', {
      want: 8,
      neighbours: 1,
      bad: [{ peer: eve, reason: 'unreachable', session }],
    });
    room.pass(29_000);
    room.update('n0', { want: 8, neighbours: 1 });
    expect(room.introduced('n0')).toEqual([]);
  });

  it('never ban anybody', () => {
    const { room, eve } = withNeighbours(5);
    for (let i = 0; i < 5; i++)
      room.update(`n${i}`, { bad: [{ peer: eve, reason: 'unreachable' }] });
    expect(room.closed.size).toBe(0);
  });
});
