import { LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { Room } from '../../tracker-room.ts';

const offer = { kind: 'offer', sdp: 'v=0' };
/** Nobody is introduced to one that has so many. */
const FULL = LIMITS.maxNeighbours + LIMITS.spareNeighbours;

/** Two viewers that were just introduced, and the session. */
function introducedPair(): { room: Room; ann: string; ben: string; session: string } {
  const room = new Room();
  const ann = room.join('ann');
  const ben = room.join('ben');
  const session = room.received('ben', 'introduce')[0]?.session ?? '';
  return { room, ann, ben, session };
}

describe('introductions', () => {
  it('TRK-4 an introduction is told to both, and makes one of them the initiator', () => {
    const { room, ann, ben, session } = introducedPair();
    expect(room.received('ben', 'introduce')).toEqual([
      { action: 'introduce', peer: ann, session, initiator: true },
    ]);
    expect(room.received('ann', 'introduce')).toEqual([
      { action: 'introduce', peer: ben, session, initiator: false },
    ]);
  });

  it('TRK-4 viewers of different channels are never introduced', () => {
    const room = new Room();
    room.join('ann', { in: 'one' });
    room.join('ben', { in: 'two' });
    room.update('ann', { want: 8 });
    room.update('ben', { want: 8 });
    expect(room.introduced('ann')).toEqual([]);
    expect(room.introduced('ben')).toEqual([]);
  });

  it('TRK-4 a newcomer to a small channel is introduced to two at once, and to eight in all by its first update', () => {
    const room = new Room();
    for (let i = 0; i < LIMITS.maxNeighbours; i++) room.join(`old${i}`);
    // Their own introductions are over.
    room.pass(10_000);
    room.clear();
    room.join('new');
    expect(room.introduced('new')).toHaveLength(2);
    room.update('new', { want: 8 });
    expect(room.introduced('new')).toHaveLength(8);
    expect(new Set(room.introduced('new')).size).toBe(8);
    room.update('new', { want: 8 });
    expect(room.introduced('new')).toHaveLength(8);
  });

  it('TRK-4 a newcomer to a larger channel is introduced to all eight by its first update, which says whom it needs', () => {
    const room = new Room();
    for (let i = 0; i < 20; i++) room.join(`old${i}`);
    room.pass(10_000);
    room.join('new');
    expect(room.introduced('new')).toEqual([]);
    room.update('new', { want: 8 });
    expect(room.introduced('new')).toHaveLength(8);
  });

  it('a viewer that lacks neighbours is introduced to more with its next update', () => {
    const room = new Room();
    room.join('ann');
    // Full, so that nobody is introduced to it.
    room.update('ann', { neighbours: FULL });
    for (const name of ['b', 'c', 'd']) room.join(name);
    room.pass(20_000);
    room.update('ann', { neighbours: 6 });
    expect(room.introduced('ann')).toEqual([]);
    room.update('ann', { neighbours: 6, want: 2 });
    expect(room.introduced('ann')).toHaveLength(2);
  });

  it('a viewer that is still connecting to some gets as many more as it wants, up to eight in all', () => {
    const room = new Room();
    for (let i = 0; i < 12; i++) room.join(`old${i}`, { shares: false });
    room.pass(10_000);
    room.join('new');
    room.update('new', { want: 3 });
    expect(room.introduced('new')).toHaveLength(5);
    room.update('new', { neighbours: 1, want: 1 });
    expect(room.introduced('new')).toHaveLength(6);
    room.update('new', { neighbours: 2, want: 8 });
    expect(room.introduced('new')).toHaveLength(8);
  });

  it('LIM-8 nobody is introduced to a viewer that has or is about to have 12 neighbours', () => {
    const room = new Room();
    room.join('popular');
    for (let i = 0; i < 40; i++) {
      room.join(`n${i}`);
      room.update(`n${i}`, { want: 8 });
    }
    expect(room.introduced('popular').length).toBe(LIMITS.maxNeighbours);
    for (let i = 0; i < 40; i++)
      expect(room.introduced(`n${i}`).length).toBeLessThanOrEqual(LIMITS.maxNeighbours);
  });

  it('TRK-5 a viewer that is full is still introduced to two at a time, and one that looks for a better neighbour to one', () => {
    const room = new Room();
    room.join('full');
    room.update('full', { neighbours: LIMITS.maxNeighbours });
    for (let i = 0; i < 8; i++) room.join(`n${i}`, { shares: false });
    expect(room.introduced('full')).toHaveLength(LIMITS.spareNeighbours);
    room.pass(10_000);
    for (let i = 0; i < 8; i++) room.update(`n${i}`, { shares: false, neighbours: FULL });
    room.update('full', { neighbours: FULL });
    for (const name of ['a', 'b', 'c']) room.join(name);
    room.clear();
    room.update('full', { neighbours: LIMITS.maxNeighbours, want: 1 });
    room.update('full', { neighbours: LIMITS.maxNeighbours, want: 8 });
    expect(room.introduced('full')).toHaveLength(1);
  });

  it('a viewer is not introduced to those that are away, nor twice to the same within two minutes', () => {
    const room = new Room();
    room.join('ann');
    room.join('ben');
    room.clear();
    room.pass(29_000);
    room.update('ann', { want: 8 });
    room.pass(1_000);
    // ben was last heard of 30 s ago; and the two know each other.
    room.join('cat');
    expect(room.introduced('cat')).toEqual(['ann']);
    expect(room.introduced('ben')).toEqual([]);
    for (let i = 0; i < 4; i++) {
      room.pass(28_000);
      for (const name of ['ann', 'ben']) room.update(name, { want: 8 });
    }
    expect(room.introduced('ann')).toContain('ben');
  });

  it('a viewer that neither shares nor wants anybody is left alone', () => {
    const room = new Room();
    room.join('off', { shares: false });
    room.update('off', { shares: false });
    room.join('ann');
    room.update('ann', { want: 8 });
    expect(room.introduced('ann')).toEqual([]);
  });

  it('two viewers that do not share are not introduced, one that shares is introduced to either', () => {
    const room = new Room();
    for (const name of ['a', 'b']) room.join(name, { shares: false });
    for (const name of ['a', 'b']) room.update(name, { shares: false, want: 8 });
    expect(room.introduced('a')).toEqual([]);
    room.join('ann');
    expect([...room.introduced('ann')].sort()).toEqual(['a', 'b']);
  });

  it('a viewer cannot ask for introductions without end', () => {
    const room = new Room({ limits: { introductionBurst: 5, introductionsPerSecond: 0.5 } });
    for (let i = 0; i < 30; i++) room.join(`old${i}`, { shares: false });
    room.pass(10_000);
    room.clear();
    room.join('greedy');
    for (let i = 0; i < 10; i++) {
      room.pass(9_000);
      for (let n = 0; n < 30; n++)
        room.update(`old${n}`, { shares: false, want: 1, neighbours: 8 });
      room.update('greedy', { want: 12 });
    }
    // 5 saved up, and one every two seconds of the 90.
    expect(room.introduced('greedy').length).toBeLessThanOrEqual(5 + 45);
    expect(room.introduced('greedy').length).toBeGreaterThan(5);
  });
});

describe('signals', () => {
  it('TRK-6 a signal is passed on between the two of a pending introduction, named by its socket', () => {
    const { room, ann, ben, session } = introducedPair();
    room.say('ben', { action: 'signal', to: ann, session, signal: offer, from: 'somebody' });
    expect(room.received('ann', 'signal')).toEqual([
      { action: 'signal', from: ben, session, signal: offer },
    ]);
    const answer = { kind: 'answer', sdp: 'v=0' };
    room.say('ann', { action: 'signal', to: ben, session, signal: answer });
    expect(room.received('ben', 'signal')).toMatchObject([{ from: ann, signal: answer }]);
  });

  it('TRK-6 a signal to anybody else, or for another session, goes nowhere and closes nothing', () => {
    const { room, ann, session } = introducedPair();
    room.join('eve', { in: 'other' });
    room.clear();
    room.say('eve', { action: 'signal', to: ann, session, signal: offer });
    room.say('ben', { action: 'signal', to: ann, session: 'guess', signal: offer });
    expect(room.received('ann')).toEqual([]);
    expect(room.closed.size).toBe(0);
  });

  it('TRK-6 an introduction is pending for 30 s', () => {
    const { room, ann, session } = introducedPair();
    room.pass(29_000);
    room.say('ben', { action: 'signal', to: ann, session, signal: offer });
    room.pass(1_000);
    room.say('ben', { action: 'signal', to: ann, session, signal: offer });
    expect(room.received('ann', 'signal')).toHaveLength(1);
  });

  it('TRK-6 at most 40 signals each way are passed on (LIM-10)', () => {
    const { room, ann, ben, session } = introducedPair();
    for (let i = 0; i < 50; i++) {
      room.say('ben', { action: 'signal', to: ann, session, signal: offer });
      room.say('ann', { action: 'signal', to: ben, session, signal: offer });
    }
    expect(room.received('ann', 'signal')).toHaveLength(LIMITS.signalsPerIntroduction);
    expect(room.received('ben', 'signal')).toHaveLength(LIMITS.signalsPerIntroduction);
  });

  it('TRK-6 none are passed on after one side could not reach the other', () => {
    const { room, ann, ben, session } = introducedPair();
    room.update('ben', { bad: [{ peer: ann, reason: 'unreachable' }] });
    room.say('ann', { action: 'signal', to: ben, session, signal: offer });
    expect(room.received('ben', 'signal')).toEqual([]);
  });
});

describe('acquaintances', () => {
  it('only so many are remembered, and signals of a forgotten introduction go nowhere', () => {
    const room = new Room({ limits: { linksPerMember: 2 } });
    room.join('ann');
    const ids = ['b', 'c', 'd'].map((name) => {
      const id = room.join(name);
      room.update(name, { neighbours: FULL });
      return id;
    });
    const sessions = room.received('ann', 'introduce').map(({ session }) => session);
    expect(sessions).toHaveLength(3);
    ids.forEach((to, i) => {
      room.say('ann', { action: 'signal', to, session: sessions[i], signal: offer });
    });
    expect(['b', 'c', 'd'].map((name) => room.received(name, 'signal').length)).toEqual([0, 1, 1]);
    room.clear();
    room.close('ann');
    expect(['b', 'c', 'd'].map((name) => room.received(name, 'gone').length)).toEqual([0, 1, 1]);
  });
});

describe('leaving', () => {
  it('TRK-11 its neighbours are told at once, and one that lost what it had gets a replacement', () => {
    const room = new Room();
    const ann = room.join('ann');
    room.join('ben');
    room.pass(10_000);
    // ben is content with its one neighbour; cat joins while neither looks for more.
    for (const name of ['ann', 'ben']) room.update(name, { neighbours: FULL });
    room.join('cat');
    room.update('ben', { neighbours: 1 });
    room.clear();
    room.close('ann');
    expect(room.received('ben')).toMatchObject([
      { action: 'gone', peer: ann },
      { action: 'introduce', initiator: true },
    ]);
    expect(room.introduced('ben')).toEqual(['cat']);
    expect(room.received('cat')).toMatchObject([{ action: 'introduce', initiator: false }]);
  });

  it('TRK-11 a viewer that is gone is never introduced again', () => {
    const room = new Room();
    for (const name of ['ann', 'ben', 'cat']) room.join(name);
    room.close('ann');
    room.clear();
    room.join('dan');
    expect([...room.introduced('dan')].sort()).toEqual(['ben', 'cat']);
  });

  it('TRK-11 leave ends a session like a closed socket, and frees the channel', () => {
    const room = new Room();
    room.join('ann');
    room.join('ben');
    room.say('ann', { action: 'leave' });
    expect(room.closed.get('ann')?.code).toBe(1000);
    expect(room.received('ben', 'gone')).toHaveLength(1);
    room.close('ben');
    expect(room.core.totals()).toEqual({ connections: 0, channels: 0, swarms: 0 });
  });
});

describe('joining', () => {
  const join = { action: 'join', version: 1, channel: 'demo', shares: true };

  it('TRK-2 the tracker names its peers, whatever they call themselves', () => {
    const room = new Room();
    room.connect('ann');
    room.say('ann', { ...join, peer: 'chosen' });
    expect(room.received('ann', 'welcome')).toMatchObject([{ peer: 'id1' }]);
  });

  const ANN = 'A'.repeat(22);
  const BEN = 'B'.repeat(21) + 'A';
  const nameOf = (key: string): string => `of-${key.slice(0, 4)}`;

  it('TRK-21 a viewer with a key has the same name on every socket and every tracker', () => {
    const [first, second] = [new Room({ nameOf }), new Room({ nameOf })];
    expect([first.join('ann', { key: ANN }), first.join('ben', { key: BEN })]).toEqual([
      'of-AAAA',
      'of-BBBB',
    ]);
    first.close('ann');
    expect(first.join('ann2', { key: ANN })).toBe('of-AAAA');
    expect(second.join('ann', { key: ANN })).toBe('of-AAAA');
    // Without a key, or without a use for keys, names are new ones.
    expect(first.join('cat')).toMatch(/^id/);
    expect(new Room().join('ann', { key: ANN })).toMatch(/^id/);
  });

  it('TRK-21 who joins again while its earlier socket is still there takes its place, and nobody else’s', () => {
    const room = new Room({ nameOf, limits: { membersPerChannel: 2 } });
    room.join('ann', { key: ANN });
    room.join('ben', { key: BEN });
    room.clear();
    expect(room.join('ann2', { key: ANN })).toBe('of-AAAA');
    expect([...room.closed]).toEqual([['ann', expect.objectContaining({ code: 4403 })]]);
    expect(room.received('ben', 'gone')).toMatchObject([{ peer: 'of-AAAA' }]);
    expect(room.core.totals()).toMatchObject({ connections: 2, channels: 1 });
    // What the earlier socket still says or does changes nothing for the new one.
    room.say('ann', { action: 'leave' });
    room.close('ann');
    room.segment(11);
    expect(room.received('ann2', 'segment')).toMatchObject([{ viewers: 2 }]);
    room.close('ann2');
    expect(room.join('ann3', { key: ANN })).toBe('of-AAAA');
    expect(room.closed.size).toBe(1);
  });

  it('TRK-21 knowing the name of another is of no use', () => {
    const room = new Room({ nameOf });
    const ann = room.join('ann', { key: ANN });
    room.connect('eve');
    room.say('eve', { ...join, peer: ann, id: ann, key: ann.padEnd(22, 'A') });
    expect(room.received('eve', 'welcome')[0]?.peer).not.toBe(ann);
    expect(room.closed.size).toBe(0);
  });

  it('refuses another version, and a second join', () => {
    const room = new Room();
    room.connect('old');
    room.say('old', { ...join, version: 2 });
    expect(room.received('old', 'error')).toMatchObject([{ code: 'unsupported-version' }]);
    room.join('ann');
    room.say('ann', join);
    expect(room.received('ann', 'error')).toMatchObject([{ code: 'already-joined' }]);
    expect([...room.closed.keys()]).toEqual(['old', 'ann']);
  });

  it('refuses viewers of a full channel', () => {
    const room = new Room({ limits: { membersPerChannel: 2 } });
    for (const name of ['ann', 'ben', 'cat']) room.join(name);
    expect(room.received('cat', 'error')).toMatchObject([{ code: 'channel-full' }]);
    room.close('ann');
    expect(room.join('dan')).not.toBe('');
  });
});
