import { ENGINE } from '@shoal/client-sdk/core';
import { BYE, LIMITS, REJECT } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId, pieceOf } from '../../../support/builders.ts';
import { EngineDriver, watchingViewer } from '../../../support/engine-driver.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const segment = originSegment(11);
const id = segment.info.id;

describe('pulling', () => {
  it('SWM-4 a segment is pulled after a random delay of at most 150 ms', () => {
    const delays: number[] = [];
    for (const chance of [0, 0.5, 0.999]) {
      const driver = watchingViewer({ random: () => chance });
      driver.meet('a');
      driver.announce(segment);
      driver.have(segment, 'a');
      driver.hearDigests(segment, 'a');
      const start = driver.clock.now;
      while (driver.sent('a', 'request').length === 0 && driver.clock.now < start + 1_000)
        driver.advance(1);
      delays.push(driver.clock.now - start);
    }
    expect(delays).toEqual([0, 75, 150]);
  });

  it('SWM-4 only pieces that the neighbour announced are asked of it', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    driver.have(segment, 'a', [2, 6]);
    driver.hearDigests(segment, 'a');
    driver.serve(segment, 'a');
    const asked = driver.sent('a', 'request').map(({ index }) => index);
    expect([...asked].sort()).toEqual([2, 6]);
    driver.hear('a', { type: 'pieces', segment: id, indexes: [3] });
    expect(driver.sent('a', 'request').map(({ index }) => index)).toEqual([...asked, 3]);
  });

  it('SWM-4 a piece that only one neighbour holds comes before those that many hold', () => {
    for (let seed = 0; seed < 30; seed++) {
      const driver = watchingViewer({ random: seededRandom(seed) });
      driver.announce(segment);
      const peers = ['a', 'b', 'c', 'd'];
      for (const peer of peers) driver.meet(peer, { shares: peer === 'a' });
      for (const peer of peers) driver.have(segment, peer, peer === 'a' ? [0, 1, 2, 3] : [0, 2, 3]);
      driver.hearDigests(segment, 'a');
      driver.advance(150);
      expect(driver.sent('a', 'request')).toMatchObject([{ index: 1 }]);
    }
  });

  it('SWM-4 ties are broken by chance', () => {
    const first = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const driver = watchingViewer({ random: seededRandom(seed) });
      driver.announce(segment);
      driver.meet('a');
      driver.have(segment, 'a');
      driver.hearDigests(segment, 'a');
      driver.advance(150);
      first.add(driver.sent('a', 'request')[0]?.index ?? -1);
    }
    expect(first.size).toBe(8);
  });

  it('SWM-4 the segment that is due first is pulled first, and none beyond the next four', () => {
    const driver = watchingViewer();
    driver.meet('a');
    const segments = [15, 12, 16].map((msn) => originSegment(msn));
    for (const each of segments) driver.announce(each);
    for (const each of segments) {
      driver.have(each, 'a');
      driver.hearDigests(each, 'a');
    }
    driver.forget();
    driver.give(originSegment(15), 'a', 0);
    const [, second] = segments;
    if (second !== undefined) driver.serve(second, 'a');
    for (let i = 0; i < 3; i++) for (const each of segments) driver.serve(each, 'a');
    const order = driver.sent('a', 'request').map((request) => request.segment.msn);
    expect(order).not.toContain(16);
    expect(order.indexOf(15)).toBeGreaterThan(order.lastIndexOf(12));
  });

  it('nothing is asked of a neighbour that does not share', () => {
    const driver = watchingViewer();
    driver.meet('a', { shares: false });
    driver.announce(segment);
    driver.have(segment, 'a');
    driver.advance(3_000);
    expect([...driver.sent('a', 'request'), ...driver.sent('a', 'digests-request')]).toEqual([]);
  });
});

describe('requests without an answer', () => {
  function asking(): EngineDriver {
    const driver = watchingViewer();
    driver.play(11, 60_000);
    driver.announce(segment);
    driver.meet('a');
    driver.have(segment, 'a');
    driver.hearDigests(segment, 'a');
    return driver;
  }

  it('SWM-7 PEER-5 are taken back after 2 s when nothing is known of the neighbour’s speed', () => {
    const driver = asking();
    const [first] = driver.sent('a', 'request');
    driver.advance(1_999);
    expect(driver.sent('a', 'cancel')).toEqual([]);
    driver.advance(1);
    expect(driver.sent('a', 'cancel')).toMatchObject([{ index: first?.index }]);
    expect(driver.sent('a', 'request')).toHaveLength(2);
  });

  it('SWM-7 are taken back after 0.5 s from a neighbour that used to be quick', () => {
    const driver = asking();
    for (let i = 0; i < 3; i++) {
      driver.advance(20);
      driver.give(segment, 'a', driver.sent('a', 'request').at(-1)?.index ?? -1);
    }
    driver.advance(499);
    expect(driver.sent('a', 'cancel')).toEqual([]);
    driver.advance(1);
    expect(driver.sent('a', 'cancel')).toHaveLength(1);
  });

  it('SWM-7 are taken back after four response times in between', () => {
    const driver = asking();
    driver.advance(200);
    driver.give(segment, 'a', driver.sent('a', 'request').at(-1)?.index ?? -1);
    driver.advance(799);
    expect(driver.sent('a', 'cancel')).toEqual([]);
    driver.advance(1);
    expect(driver.sent('a', 'cancel')).toHaveLength(1);
  });

  it('SWM-7 three in a row end it: bye (not useful), and the tracker is told', () => {
    const driver = asking();
    driver.advance(5_999);
    expect(driver.sent('a', 'bye')).toEqual([]);
    driver.advance(1_100);
    expect(driver.sent('a', 'bye')).toEqual([{ type: 'bye', reason: BYE.notUseful }]);
    expect(driver.all('disconnect')).toHaveLength(1);
    const bad = driver
      .all('tracker-send')
      .flatMap(({ message }) => (message.action === 'update' ? message.bad : []));
    expect(bad).toEqual([{ peer: 'a', reason: 'unreachable' }]);
    driver.close('a');
    driver.introduce('a');
    expect(driver.all('connect')).toHaveLength(2);
  });

  it('SWM-7 a piece in between begins the count anew', () => {
    const driver = asking();
    for (let i = 0; i < 4; i++) {
      driver.advance(4_500);
      driver.give(segment, 'a', driver.sent('a', 'request').at(-1)?.index ?? -1);
    }
    expect(driver.sent('a', 'bye')).toEqual([]);
  });

  it('SWM-6 SWM-7 a piece that comes after its time-out is still welcome, once', () => {
    const driver = asking();
    const late = driver.sent('a', 'request')[0]?.index ?? -1;
    driver.have(segment, 'a', [5, 6]);
    driver.advance(2_000);
    driver.give(segment, 'a', late);
    const stats = driver.engine.stats();
    expect(stats.wastedBytes).toBe(0);
    expect(stats.p2pBytes).toBeGreaterThan(0);
    driver.give(segment, 'a', late);
    expect(driver.engine.stats().wastedBytes).toBeGreaterThan(0);
    driver.serve(segment, 'a');
    expect(driver.sent('a', 'request').filter(({ index }) => index === late)).toHaveLength(1);
  });

  it('SWM-6 a piece asked of one neighbour is not asked of another meanwhile', () => {
    const driver = asking();
    driver.meet('b');
    driver.have(segment, 'b');
    driver.serve(segment, 'b');
    const [asked] = driver.sent('a', 'request');
    const others = driver.sent('b', 'request').map(({ index }) => index);
    expect(others).toHaveLength(7);
    expect(others).not.toContain(asked?.index);
    driver.close('a');
    driver.serve(segment, 'b');
    expect(driver.sent('b', 'request').map(({ index }) => index)).toContain(asked?.index);
  });

  it('a digest list is asked of another holder when the first is silent, then of the origin', () => {
    const driver = watchingViewer();
    driver.play(11, 60_000);
    driver.announce(segment);
    for (const peer of ['a', 'b']) {
      driver.meet(peer);
      driver.have(segment, peer);
    }
    expect(driver.sent('a', 'digests-request')).toHaveLength(1);
    driver.advance(1_100);
    expect(driver.sent('b', 'digests-request')).toHaveLength(1);
    driver.close('a');
    driver.advance(1_100);
    expect(driver.openFetches.map(({ url }) => url)).toEqual([
      segment.url.replace('.m4s', '.digests'),
    ]);
    driver.answerAll();
    expect(driver.sent('b', 'request')).toHaveLength(1);
  });
});

describe('what is kept', () => {
  it('SWM-10 LIM-12 64 MiB of segments, the oldest dropped first', () => {
    const size = { pieces: 1_024, cut: 0 };
    const driver = new EngineDriver({ random: () => 0 });
    const segments = [10, 11, 12, 13, 14].map((msn) => originSegment(msn, size));
    for (const each of segments) {
      driver.list([each]);
      driver.demand(each);
      driver.answerAll();
      driver.play(each.info.id.msn + 1, 0);
    }
    expect(driver.delivered).toHaveLength(5);
    driver.join();
    driver.meet('a');
    expect(driver.sent('a', 'have').map((have) => have.segment.msn)).toEqual([11, 12, 13, 14]);
    expect(4 * 1_024 * LIMITS.pieceBytes).toBe(ENGINE.storeBytes);
  });

  it('PEER-7 a request that waited while its segment was dropped is rejected', () => {
    const size = { pieces: 1_024, cut: 0 };
    const driver = new EngineDriver({ random: () => 0 });
    const segments = [10, 11, 12, 13, 14].map((msn) => originSegment(msn, size));
    for (const each of segments) {
      driver.list([each]);
      driver.demand(each);
      driver.answerAll();
      driver.play(each.info.id.msn + 1, 0);
      if (each !== segments[0]) continue;
      driver.join();
      driver.meet('a');
      for (const index of [0, 1])
        driver.hear('a', { type: 'request', segment: each.info.id, index });
    }
    driver.step({ type: 'link-drained', peer: peerId('a') });
    expect(driver.sent('a', 'piece').map(({ index }) => index)).toEqual([0]);
    expect(driver.sent('a', 'reject')).toMatchObject([{ index: 1, reason: REJECT.absent }]);
  });

  it('4,096 listed segments are known, the oldest forgotten first', () => {
    const driver = new EngineDriver();
    const one = originSegment(0, { pieces: 1 });
    const all = Array.from({ length: 4_098 }, (_, msn) => ({
      ...one,
      info: { ...one.info, id: { ...one.info.id, msn } },
      url: `https://origin.test/${msn}.m4s`,
    }));
    driver.list(all);
    expect(all.filter(({ url }) => !driver.engine.knows(url)).map((s) => s.info.id.msn)).toEqual([
      0, 1,
    ]);
  });
});

describe('what the playlist says', () => {
  it('SEG-7 counts, whatever the tracker announced before: foreign content is not played', () => {
    const driver = watchingViewer();
    const foreign = originSegment(11, { channel: 'evil' });
    driver.announce({ ...foreign, url: segment.url });
    driver.meet('a');
    driver.have(foreign, 'a');
    driver.hearDigests(foreign, 'a');
    driver.serve(foreign, 'a');
    driver.list([segment]);
    const demand = driver.demand(segment);
    driver.advance(8_000);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
  });
});

describe('the mesh', () => {
  it('LIM-8 follows fourteen introductions at most', () => {
    const driver = watchingViewer();
    for (let i = 0; i < 20; i++) driver.introduce(`p${i}`);
    expect(driver.all('connect')).toHaveLength(14);
    driver.close('p0');
    driver.introduce('p19');
    expect(driver.all('connect')).toHaveLength(15);
  });

  it('SWM-11 a thirteenth neighbour takes the place of another, never of the best or the youngest', () => {
    const driver = watchingViewer();
    const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
    for (const name of names.slice(0, 11)) driver.meet(name);
    driver.announce(segment);
    const best = names.slice(2, 6);
    for (const [i, name] of best.entries()) driver.have(segment, name, [i]);
    driver.hearDigests(segment, best[0] ?? '');
    driver.advance(ENGINE.pullJitterMs);
    for (const name of best) {
      const [request] = driver.sent(name, 'request');
      const index = request?.index ?? -1;
      driver.hear(name, { type: 'piece', segment: id, index, payload: pieceOf(segment, index) });
    }
    driver.advance(ENGINE.replaceableAfterMs - ENGINE.pullJitterMs);
    driver.meet('p11');
    expect(driver.all('disconnect')).toEqual([]);
    driver.introduce('new');
    driver.step({ type: 'link-open', peer: peerId('new') });
    // Not before the newcomer has shown that it is there.
    expect(driver.all('disconnect')).toEqual([]);
    driver.hear('new', { type: 'hello', version: 1, shares: true });
    const left = driver.all('disconnect').map(({ peer }) => peer);
    expect(left).toHaveLength(1);
    expect(['p0', 'p1', 'p6', 'p7', 'p8', 'p9', 'p10']).toContain(left[0]);
    expect(driver.sent(left[0] ?? '', 'bye')).toEqual([{ type: 'bye', reason: BYE.replaced }]);
    expect(driver.engine.stats().peers).toBe(12);
  });

  it('SWM-11 who had to fall back to the origin looks for one neighbour more, every 10 s at most', () => {
    const driver = watchingViewer({ random: () => 0.001 });
    const wants = (): readonly number[] =>
      driver
        .all('tracker-send')
        .flatMap(({ message }) => (message.action === 'update' ? [message.want] : []));
    for (let i = 0; i < 9; i++) driver.meet(`p${i}`);
    driver.advance(2_000);
    expect(wants().at(-1)).toBe(0);
    // Among so many viewers nobody with this luck elects itself (SWM-13).
    driver.announce(segment, [], 100_000);
    driver.until('fetch', 10_000);
    driver.advance(2_000);
    expect(wants().at(-1)).toBe(1);
    driver.meet('another');
    driver.advance(2_000);
    expect(wants().at(-1)).toBe(0);
  });

  it('SWM-51 follows a new introduction to a peer that it is still connecting to, and no signal of the old one', () => {
    const driver = watchingViewer();
    const peer = peerId('a');
    const introduce = (session: string): void => {
      driver.tell({ action: 'introduce', peer, session, initiator: false });
    };
    const signal = (session: string): number => {
      driver.forget();
      driver.tell({ action: 'signal', from: peer, session, signal: { kind: 'offer', sdp: 'v=0' } });
      return driver.all('link-signal').length;
    };
    introduce('old');
    expect(signal('old')).toBe(1);
    driver.forget();
    introduce('new');
    expect(driver.all('connect')).toEqual([
      { type: 'connect', peer, session: 'new', initiator: false },
    ]);
    expect([signal('old'), signal('new')]).toEqual([0, 1]);
    driver.step({ type: 'link-open', peer });
    driver.hear('a', { type: 'hello', version: 1, shares: true });
    driver.forget();
    introduce('newest');
    expect(driver.all('connect')).toEqual([]);
    expect(driver.engine.stats().peers).toBe(1);
  });

  it('SWM-51 tells the tracker within a second of a connection that failed, before or after it opened', () => {
    for (const opens of [false, true]) {
      const driver = watchingViewer();
      driver.introduce('a');
      if (opens) driver.step({ type: 'link-open', peer: peerId('a') });
      driver.close('a');
      driver.advance(1_000);
      const bad = driver
        .all('tracker-send')
        .flatMap(({ message }) => (message.action === 'update' ? message.bad : []));
      expect(bad).toEqual([{ peer: 'a', reason: 'unreachable', session: 's' }]);
    }
  });

  it('does not connect to one peer twice, and tells the tracker whom it could not reach', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.introduce('a');
    expect(driver.all('connect')).toHaveLength(1);
    driver.close('a');
    driver.advance(1_100);
    const bad = driver
      .all('tracker-send')
      .flatMap(({ message }) => (message.action === 'update' ? message.bad : []));
    expect(bad).toEqual([{ peer: 'a', reason: 'unreachable', session: 's' }]);
  });

  it('remembers 256 banned peers, the oldest forgotten first', () => {
    const driver = watchingViewer();
    for (let i = 0; i <= 256; i++) {
      driver.meet(`p${i}`);
      driver.hearBytes(`p${i}`, Uint8Array.of(99));
      driver.close(`p${i}`);
    }
    driver.forget();
    for (const i of [0, 1, 256]) driver.introduce(`p${i}`);
    expect(driver.all('connect').map(({ peer }) => peer)).toEqual(['p0']);
  });

  it('TRK-11 gives up a link still being made to a peer that is gone, and keeps one that works', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.meet('b');
    for (const peer of ['a', 'b', 'stranger']) driver.tell({ action: 'gone', peer: peerId(peer) });
    expect(driver.all('disconnect')).toEqual([{ type: 'disconnect', peer: 'a' }]);
  });

  it('reports how many neighbours there are', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.meet('b');
    driver.close('a');
    expect(driver.reports('peers').map(({ connected }) => connected)).toEqual([1, 2, 1]);
    expect(driver.engine.stats().peers).toBe(1);
  });
});
