import { type Duty, LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { DEMO, Room } from '../../tracker-room.ts';

/** A room with `count` viewers that may own stripes. */
function holders(count: number, seed = 1): Room {
  const room = new Room({ seed });
  for (let i = 0; i < count; i++) {
    room.join(`v${i}`);
    room.update(`v${i}`, { lo: 4, hi: 9 });
  }
  room.clear();
  return room;
}

function duties(room: Room, count: number): Map<string, readonly Duty[]> {
  const all = new Map<string, readonly Duty[]>();
  for (let i = 0; i < count; i++) {
    const own = room.received(`v${i}`, 'segment').flatMap((message) => message.duties);
    if (own.length > 0) all.set(`v${i}`, own);
  }
  return all;
}

describe('segment events', () => {
  it('TRK-7 reach every viewer of the channel, at once and once', () => {
    const room = holders(10);
    room.join('new');
    room.join('elsewhere', { in: 'other' });
    room.clear();
    room.segment(10);
    for (let i = 0; i < 10; i++) {
      const [message, ...more] = room.received(`v${i}`, 'segment');
      expect(message).toMatchObject({ viewers: 11, segment: { id: { msn: 10 }, size: 750_000 } });
      expect(more).toEqual([]);
    }
    expect(room.received('new', 'segment')).toMatchObject([{ duties: [] }]);
    expect(room.received('elsewhere')).toEqual([]);
  });

  it('SEG-15 carry its signature to viewers with duties and without', () => {
    const room = holders(40);
    const signature = 'A'.repeat(86);
    room.segment(10, { signature });
    for (let i = 0; i < 40; i++)
      expect(room.received(`v${i}`, 'segment')).toMatchObject([{ segment: { signature } }]);
  });

  it('TRK-7 those without duties share one message, serialised once', () => {
    const room = holders(100);
    room.segment(10);
    const broadcasts = room.last.filter((effect) => effect.type === 'broadcast');
    expect(broadcasts).toHaveLength(1);
    expect(room.last.length).toBe(1 + 36);
    expect(broadcasts[0]?.to).toHaveLength(64);
  });

  it('TRK-7 a segment of a channel that nobody watches, and other events, do nothing', () => {
    const room = new Room();
    room.segment(1);
    expect(room.last).toEqual([]);
  });
});

describe('duties', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 5],
    [6, 6],
    [12, 12],
    [13, 12],
    [35, 12],
    [36, 12],
    [250, 12],
  ])(
    'TRK-8 with %i viewers that may own stripes there are %i, each with an owner and what backups there can be',
    (count, of) => {
      const room = holders(count);
      room.segment(10);
      const stripes = new Map<string, string>();
      for (const [name, own] of duties(room, count))
        for (const duty of own) {
          expect(duty.of).toBe(of);
          expect(stripes.has(`${duty.stripe}/${duty.rank}`)).toBe(false);
          stripes.set(`${duty.stripe}/${duty.rank}`, name);
        }
      const ranks = Math.min(3, count);
      expect(stripes.size).toBe(of * ranks);
      for (let stripe = 0; stripe < of; stripe++) {
        const names = Array.from({ length: ranks }, (_, rank) => stripes.get(`${stripe}/${rank}`));
        expect(new Set(names).size).toBe(ranks);
      }
      // Nobody has two where there are enough; where there are not, equals own as many.
      for (const own of duties(room, count).values()) {
        expect(own.length).toBeLessThanOrEqual(count >= of * 3 ? 1 : 3);
        expect(own.filter(({ rank }) => rank === 0).length).toBeLessThanOrEqual(1);
      }
    },
  );

  it('TRK-8 nobody has duties who does not share, holds fewer than two segments, or watches another rendition', () => {
    const room = new Room();
    for (const name of ['leech', 'new', 'empty', 'other', 'joined']) room.join(name);
    room.update('leech', { lo: 4, hi: 9, shares: false });
    room.update('new', { lo: 9, hi: 9 });
    room.update('empty');
    room.update('other', { lo: 4, hi: 9, rendition: '720p' });
    room.segment(10);
    for (const name of ['leech', 'new', 'empty', 'other', 'joined'])
      expect(room.received(name, 'segment')).toMatchObject([{ duties: [] }]);
    room.segment(10, { rendition: '720p' });
    expect(room.received('other', 'segment')[1]?.duties).toHaveLength(1);
  });

  it('TRK-8 viewers of any video own stripes of the audio that they play beside it', () => {
    const room = new Room();
    for (const [name, rendition] of [
      ['ann', '720p'],
      ['ben', '1080p'],
      ['cat', '720p'],
    ] as const) {
      room.join(name);
      room.update(name, { lo: 4, hi: 9, rendition, also: ['audio'] });
    }
    room.update('cat', { lo: 4, hi: 9, rendition: '720p', also: ['audio'], shares: false });
    const audio = (msn: number): readonly number[] => {
      room.clear();
      room.segment(msn, { rendition: 'audio', size: 32_000 });
      return ['ann', 'ben', 'cat'].map(
        (name) => room.received(name, 'segment')[0]?.duties.length ?? -1,
      );
    };
    expect(audio(10)).toEqual([2, 2, 0]);
    // After a quality switch, with the audio going on; then without it.
    room.update('ann', { lo: 9, hi: 9, rendition: '1080p', also: ['audio'] });
    expect(audio(11)).toEqual([2, 2, 0]);
    room.update('ann', { lo: 8, hi: 9, rendition: 'audio', also: ['audio'] });
    expect(audio(12)).toEqual([2, 2, 0]);
    room.update('ann', { lo: 8, hi: 9, rendition: '1080p' });
    expect(audio(13)).toEqual([0, 1, 0]);
    room.close('ben');
    expect(audio(14)).toEqual([0, -1, 0]);
    expect([...(room.core.channel(DEMO)?.renditions ?? [])].map((r) => r.rendition).sort()).toEqual(
      ['1080p', '720p'],
    );
  });

  it('TRK-8 a viewer loses them when it stops sharing, leaves, or was not heard of for 30 s', () => {
    const room = holders(4);
    room.update('v0', { lo: 4, hi: 9, shares: false });
    room.close('v1');
    room.pass(30_000);
    for (const name of ['v0', 'v2']) room.update(name, { lo: 4, hi: 9, shares: name === 'v2' });
    room.segment(10);
    expect([...duties(room, 4).keys()]).toEqual(['v2']);
  });

  it('TRK-8 owners rotate from segment to segment, evenly, and differ between trackers', () => {
    const room = holders(40);
    const owned = new Map<string, number>();
    for (let msn = 10; msn < 410; msn++) {
      room.clear();
      room.segment(msn);
      for (const [name, own] of duties(room, 40))
        if (own.some(({ rank }) => rank === 0)) owned.set(name, (owned.get(name) ?? 0) + 1);
    }
    // 4,800 stripes over 40 viewers are 120 each; 4.5 standard deviations are 41.
    expect(owned.size).toBe(40);
    for (const count of owned.values()) expect(Math.abs(count - 120)).toBeLessThan(41);
    const owners = (seed: number): readonly string[] => {
      const other = holders(40, seed);
      other.segment(10);
      return [...duties(other, 40).keys()];
    };
    expect(owners(1)).toEqual(owners(1));
    expect(owners(1)).not.toEqual(owners(2));
  });
});

describe('weights', () => {
  /** How many stripes of 300 segments each of 12 viewers owns after `report` was sent every second. */
  function owned(report: (room: Room) => void): readonly number[] {
    const room = holders(12);
    room.segment(9);
    for (let second = 0; second < 60; second++) {
      room.pass(1_000);
      report(room);
      if (second % 10 === 0) for (let i = 0; i < 12; i++) room.update(`v${i}`, { lo: 4, hi: 9 });
    }
    for (let i = 0; i < 12; i++) room.update(`v${i}`, { lo: 4, hi: 9 });
    const counts = Array<number>(12).fill(0);
    for (let msn = 10; msn < 310; msn++) {
      room.clear();
      room.segment(msn);
      const all = duties(room, 12);
      for (let i = 0; i < 12; i++) {
        const own = all.get(`v${i}`) ?? [];
        expect(own.length).toBeLessThanOrEqual(LIMITS.dutiesPerSegment);
        counts[i] = (counts[i] ?? 0) + own.filter(({ rank }) => rank === 0).length;
      }
    }
    return counts;
  }

  it('TRK-9 who gives much, as others report, owns more', () => {
    // v1 was introduced to v0 when it joined.
    const counts = owned((room) => {
      const peer = room.received('v1', 'welcome')[0]?.peer ?? 'id1';
      room.update('v1', { lo: 4, hi: 9, received: [{ peer, bytes: 375_000 }] });
    });
    const [v0 = 0, ...others] = counts;
    expect(v0).toBeGreaterThan(Math.max(...others) * 1.5);
  });

  it('TRK-9 what a viewer says of itself or of strangers counts nothing', () => {
    const none = owned(() => {});
    const lies = owned((room) => {
      const received = ['id1', 'stranger'].map((peer) => ({ peer, bytes: 4_000_000_000 }));
      room.update('v0', { lo: 4, hi: 9, received });
    });
    expect(lies).toEqual(none);
  });

  it('TRK-9 one reporter cannot make a weight beyond twice the bitrate', () => {
    const honest = owned((room) => {
      room.update('v1', { lo: 4, hi: 9, received: [{ peer: 'id1', bytes: 750_000 }] });
    });
    const liar = owned((room) => {
      const report = { peer: 'id1', bytes: 4_000_000_000 };
      room.update('v1', { lo: 4, hi: 9, received: [report, report, report] });
    });
    expect(liar[0]).toBe(honest[0]);
  });
});
