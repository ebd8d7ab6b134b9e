import { ENGINE } from '@shoal/client-sdk/core';
import { BYE, LIMITS, REJECT } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId } from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

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
    const asked = driver.asked('a');
    expect([...asked].sort()).toEqual([2, 6]);
    driver.hear('a', { type: 'pieces', segment: id, indexes: [3] });
    expect(driver.asked('a')).toEqual([...asked, 3]);
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
      driver.give(segment, 'a', driver.asked('a')[i] ?? -1);
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

  it('SWM-4 a neighbour that is not known to be quick is asked for one piece at a time', () => {
    const driver = asking();
    expect(driver.sent('a', 'request')).toMatchObject([{ count: 1 }]);
    driver.advance(ENGINE.quickMs + 1);
    driver.give(segment, 'a', driver.asked('a')[0] ?? -1);
    expect(driver.sent('a', 'request')).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  it('SWM-4 PEER-5 a quick neighbour is asked for four pieces at once, and for no more before they are here', () => {
    const driver = asking();
    driver.advance(20);
    driver.give(segment, 'a', driver.asked('a')[0] ?? -1);
    const [, run] = driver.sent('a', 'request');
    expect(run).toMatchObject({ count: LIMITS.requestPieces });
    for (let i = 0; i < LIMITS.requestPieces - 1; i++)
      driver.give(segment, 'a', (run?.index ?? 0) + i);
    expect(driver.sent('a', 'request')).toHaveLength(2);
    driver.give(segment, 'a', (run?.index ?? 0) + LIMITS.requestPieces - 1);
    expect(driver.sent('a', 'request')).toHaveLength(3);
    for (let given = 1 + LIMITS.requestPieces; given < driver.asked('a').length; given++)
      driver.give(segment, 'a', driver.asked('a')[given] ?? -1);
    expect([...driver.asked('a')].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(driver.engine.stats().wastedBytes).toBe(0);
  });

  it('SWM-7 each piece of a request has its own time, and what has not come by then is taken back', () => {
    const driver = asking();
    driver.advance(20);
    driver.give(segment, 'a', driver.asked('a')[0] ?? -1);
    const [, run] = driver.sent('a', 'request');
    const from = run?.index ?? 0;
    driver.advance(20);
    driver.give(segment, 'a', from);
    driver.advance(499);
    expect(driver.sent('a', 'cancel')).toEqual([]);
    driver.advance(1);
    expect(driver.sent('a', 'cancel')).toMatchObject([{ index: from + 1, count: 3 }]);
  });

  it('PEER-7 the rest of a request stands when one of its pieces is refused', () => {
    const driver = asking();
    driver.advance(20);
    driver.give(segment, 'a', driver.asked('a')[0] ?? -1);
    const [, run] = driver.sent('a', 'request');
    const from = run?.index ?? 0;
    const refused = { segment: segment.info.id, index: from + 1, reason: REJECT.absent } as const;
    driver.hear('a', { type: 'reject', ...refused });
    expect(driver.sent('a', 'request')).toHaveLength(2);
    for (const index of [from, from + 2, from + 3]) driver.give(segment, 'a', index);
    driver.serve(segment, 'a');
    expect(driver.asked('a').filter((index) => index === from + 1)).toHaveLength(1);
  });

  it('SWM-6 a piece asked of one neighbour is not asked of another meanwhile', () => {
    const driver = asking();
    driver.meet('b');
    driver.have(segment, 'b');
    driver.serve(segment, 'b');
    const [asked] = driver.sent('a', 'request');
    const others = driver.asked('b');
    expect(others).toHaveLength(7);
    expect(others).not.toContain(asked?.index);
    driver.close('a');
    driver.serve(segment, 'b');
    expect(driver.asked('b')).toContain(asked?.index);
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
        driver.hear('a', { type: 'request', segment: each.info.id, index, count: 1 });
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
