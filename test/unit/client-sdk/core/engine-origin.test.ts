import { ENGINE } from '@shoal/client-sdk/core';
import { LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment } from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const P = LIMITS.pieceBytes;
/** What a viewer with 8 s of media may wait for: the rest is for appending and decoding. */
const TIME_LEFT = 8_000 - ENGINE.safetyMs;

describe('start-up', () => {
  it('SWM-1 the first segment is fetched whole, at once, before the tracker is looked for', () => {
    const driver = new EngineDriver();
    const segment = originSegment(10);
    driver.list([segment]);
    expect(driver.all('tracker-connect')).toEqual([]);
    const demand = driver.demand(segment);
    expect(driver.openFetches).toEqual([{ type: 'fetch', fetch: 1, url: segment.url }]);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
    expect(driver.reports('segment')).toEqual([
      {
        type: 'segment',
        id: segment.info.id,
        size: segment.info.size,
        httpBytes: segment.info.size,
        p2pBytes: 0,
        waitedMs: 0,
      },
    ]);
  });

  it('SWM-15 the tracker is looked for once there is media to play', () => {
    const driver = new EngineDriver();
    const [first, second] = [originSegment(10), originSegment(11)];
    driver.list([first, second]);
    driver.demand(first);
    driver.advance(300);
    driver.answerAll();
    expect(driver.all('tracker-connect')).toEqual([]);
    driver.play(11, 2_000);
    expect(driver.all('tracker-connect')).toHaveLength(1);
    driver.demand(second);
    expect(driver.openFetches).toEqual([]);
  });

  it('SWM-15 a second after it could, the tracker is looked for whether anything plays or not', () => {
    const driver = new EngineDriver();
    const segment = originSegment(10);
    driver.list([segment]);
    driver.demand(segment);
    expect(driver.until('tracker-connect', 2_000).afterMs).toBe(ENGINE.startMs);
    driver.step({ type: 'p2p', enabled: false });
    driver.step({ type: 'p2p', enabled: true });
    expect(driver.all('tracker-connect')).toHaveLength(2);
  });

  it('SWM-1 the first segment does not wait for a neighbour that has all of it', () => {
    const driver = new EngineDriver();
    const segment = originSegment(10);
    driver.list([segment]);
    driver.join();
    driver.meet('a');
    driver.have(segment, 'a');
    driver.demand(segment);
    expect(driver.openFetches.map(({ url, range }) => [url, range])).toContainEqual([
      segment.url,
      undefined,
    ]);
  });

  it('SWM-8 a segment the engine does not know is left to the player', () => {
    const driver = watchingViewer();
    const unknown = originSegment(99);
    expect(driver.engine.knows(unknown.url)).toBe(false);
    const demand = driver.demand(unknown);
    expect(driver.all('fall-back')).toEqual([{ type: 'fall-back', demand }]);
  });

  it('a segment that is complete already is delivered within the step', () => {
    const driver = watchingViewer();
    const demand = driver.demand(originSegment(10));
    expect(driver.delivered).toEqual([demand]);
    expect(driver.ranges).toEqual([]);
  });
});

describe('duties', () => {
  const segment = originSegment(11);

  it('SWM-2 an owner takes exactly its stripe in the step in which it is told', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment, [{ stripe: 1, of: 4, rank: 0 }]);
    expect(driver.ranges).toEqual([{ from: 2 * P, to: 4 * P }]);
  });

  it('PEER-8 an owner says that it fetches if that takes 0.1 s, and nothing if not', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment, [{ stripe: 1, of: 4, rank: 0 }]);
    driver.advance(99);
    expect(driver.sent('a', 'fetching')).toEqual([]);
    driver.advance(1);
    const hint = { type: 'fetching', segment: segment.info.id, from: 2, to: 4 };
    expect(driver.sent('a', 'fetching')).toEqual([hint]);
    const fast = watchingViewer();
    fast.meet('a');
    fast.announce(segment, [{ stripe: 1, of: 4, rank: 0 }]);
    fast.answerAll();
    fast.advance(500);
    expect(fast.sent('a', 'fetching')).toEqual([]);
  });

  it('SWM-2 the last stripe ends with the segment', () => {
    const driver = watchingViewer();
    driver.announce(segment, [{ stripe: 3, of: 4, rank: 0 }]);
    const range = { from: 6 * P, to: segment.info.size };
    expect(driver.ranges).toEqual([range]);
  });

  it.each([
    [1, 0.25 * TIME_LEFT],
    [2, 0.4 * TIME_LEFT],
  ])('SWM-2 backup rank %i steps in after its share of the time left', (rank, delay) => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment, [{ stripe: 0, of: 2, rank }]);
    const { effect, afterMs } = driver.until('fetch', 5_000);
    expect(effect.range).toEqual({ from: 0, to: 4 * P });
    expect(afterMs).toBe(delay);
  });

  it('SWM-2 a backup waits at least 150 ms when there is little time', () => {
    const driver = watchingViewer();
    driver.play(11, 900);
    driver.announce(segment, [{ stripe: 0, of: 2, rank: 1 }]);
    expect(driver.until('fetch', 5_000).afterMs).toBe(150);
  });

  it('SWM-2 a backup is let off by a neighbour that holds a piece of the stripe', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment, [{ stripe: 0, of: 2, rank: 1 }]);
    driver.have(segment, 'a', [3]);
    driver.advance(2_500);
    expect(driver.ranges).toEqual([]);
  });

  it('SWM-2 a backup is not let off by a piece of another stripe', () => {
    const driver = watchingViewer();
    driver.meet('a', { shares: false });
    driver.announce(segment, [{ stripe: 0, of: 2, rank: 1 }]);
    driver.have(segment, 'a', [4]);
    driver.advance(0.25 * TIME_LEFT);
    expect(driver.ranges).toContainEqual({ from: 0, to: 4 * P });
  });

  it('SWM-2 PEER-8 a backup is let off while somebody says it is fetching the stripe, but not for ever', () => {
    for (const [hintAfterMs, fetches] of [
      [1_000, 0],
      [0, 1],
    ] as const) {
      const driver = watchingViewer();
      driver.meet('a');
      driver.announce(segment, [{ stripe: 0, of: 2, rank: 1 }]);
      driver.advance(hintAfterMs);
      driver.hear('a', { type: 'fetching', segment: segment.info.id, from: 0, to: 4 });
      driver.advance(0.25 * TIME_LEFT - hintAfterMs);
      expect(driver.ranges).toHaveLength(fetches);
    }
  });

  it('SWM-2 a duty too far ahead, of another rendition, or before playback began is not taken', () => {
    const duties = [{ stripe: 0, of: 2, rank: 0 }];
    const driver = watchingViewer();
    driver.announce(originSegment(20), duties);
    driver.announce(originSegment(9), duties);
    driver.announce(originSegment(12, { rendition: 'low' }), duties);
    expect(driver.ranges).toEqual([]);
    const early = new EngineDriver();
    early.list([originSegment(10)]);
    early.join();
    early.announce(segment, duties);
    expect(early.all('fetch')).toEqual([]);
  });

  it('SWM-2 a tracker that repeats itself does not make the viewer fetch twice', () => {
    const driver = watchingViewer();
    for (let i = 0; i < 5; i++) driver.announce(segment, [{ stripe: 0, of: 2, rank: 0 }]);
    expect(driver.ranges).toHaveLength(1);
  });

  it('SWM-3 without a tracker a viewer elects itself for one stripe with probability K/N', () => {
    let elected = 0;
    const viewers = 300;
    for (let seed = 0; seed < viewers; seed++) {
      const driver = watchingViewer({ random: seededRandom(seed) });
      driver.meet('a');
      driver.step({ type: 'tracker-closed' });
      driver.forget();
      driver.list([segment]);
      const ranges = driver.ranges;
      elected += ranges.length;
      for (const range of ranges) expect(range?.from).toBeOneOf([0, 2 * P, 4 * P, 6 * P]);
    }
    // K = 4 of N = 10; four standard deviations.
    expect(elected / viewers).toBeGreaterThan(0.4 - 0.115);
    expect(elected / viewers).toBeLessThan(0.4 + 0.115);
  });

  it('SWM-3 while the tracker announces segments nobody elects itself', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    driver.list([originSegment(12)]);
    expect(driver.ranges).toEqual([]);
    driver.advance(6_001);
    driver.play(11, 8_000);
    driver.forget();
    driver.list([originSegment(13)]);
    expect(driver.all('fetch').filter(({ url }) => url === originSegment(13).url)).toHaveLength(1);
  });
});

describe('the deadline', () => {
  const segment = originSegment(11);

  it('SWM-5 what is missing is fetched when slack < 60 ms + 1.3·missing/httpRate + RTT', () => {
    // Among so many viewers nobody with this luck elects itself (SWM-13).
    const driver = new EngineDriver({ random: () => 0.001 });
    const first = originSegment(10);
    driver.list([first]);
    driver.demand(first);
    const [fetch] = driver.openFetches;
    driver.advance(100);
    driver.step({ type: 'fetch-start', fetch: fetch?.fetch ?? 0, offset: 0 });
    driver.advance(200);
    driver.step({ type: 'fetch-data', fetch: fetch?.fetch ?? 0, bytes: first.bytes });
    driver.step({ type: 'fetch-end', fetch: fetch?.fetch ?? 0 });
    driver.join(100_000);
    driver.meet('a');
    driver.play(11, 8_000);
    driver.list([segment]);
    driver.forget();
    const ratePerMs = first.info.size / 200;
    const slack = 60 + (1.3 * segment.info.size) / ratePerMs + 100;
    const { effect, afterMs } = driver.until('fetch', 8_000);
    expect(Math.abs(afterMs - (TIME_LEFT - slack))).toBeLessThanOrEqual(1);
    expect(effect).toMatchObject({ url: segment.url });
    expect('range' in effect).toBe(false);
  });

  it('SWM-5 exactly the missing pieces are fetched, as ranges', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    driver.have(segment, 'a', [0, 3, 4]);
    driver.hearDigests(segment, 'a');
    driver.serve(segment, 'a');
    expect([...driver.asked('a')].sort()).toEqual([0, 3, 4]);
    driver.advance(TIME_LEFT);
    expect(driver.ranges).toEqual([
      { from: P, to: 3 * P },
      { from: 5 * P, to: segment.info.size },
    ]);
    const demand = driver.demand(segment);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
    const [report] = driver.reports('segment');
    expect(report).toMatchObject({ p2pBytes: 3 * P, httpBytes: segment.info.size - 3 * P });
  });

  it('SWM-5 a paused player is in no hurry', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.play(11, 8_000, false);
    driver.announce(segment);
    driver.advance(60_000);
    expect(driver.ranges).toEqual([]);
  });

  it('PEER-8 the others wait for who says first that it is fetching, until their own deadline', () => {
    const chances = [0.9, 0.001];
    const [early, late] = chances.map((chance) => {
      const driver = watchingViewer({ random: () => chance });
      driver.meet('a');
      driver.announce(segment, [], 100_000);
      return driver;
    });
    const soft = early?.until('fetch', 8_000).afterMs ?? 0;
    late?.advance(soft);
    expect(late?.ranges).toEqual([]);
    late?.hear('a', { type: 'fetching', segment: segment.info.id, from: 0, to: 8 });
    const hard = late?.until('fetch', 8_000).afterMs ?? 0;
    expect(hard).toBeGreaterThan(300);
    expect(soft + hard).toBeLessThanOrEqual(TIME_LEFT);
  });

  it('SWM-6 a piece on its way over HTTP is not asked of a neighbour that has it', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment, [{ stripe: 0, of: 2, rank: 0 }]);
    driver.have(segment, 'a');
    driver.hearDigests(segment, 'a');
    driver.serve(segment, 'a');
    expect([...driver.asked('a')].sort()).toEqual([4, 5, 6, 7]);
    driver.answerAll();
    const demand = driver.demand(segment);
    expect(driver.delivered).toEqual([demand]);
    expect(driver.engine.stats().wastedBytes).toBe(0);
  });

  it('a viewer alone in its channel does not wait for anybody', () => {
    const driver = watchingViewer();
    driver.join(1);
    driver.list([segment]);
    driver.demand(segment);
    expect(driver.openFetches).toHaveLength(1);
  });

  it('SWM-8 with P2P switched off, open demands are finished over HTTP and neighbours left', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    driver.have(segment, 'a');
    driver.hearDigests(segment, 'a');
    const demand = driver.demand(segment);
    expect(driver.openFetches).toEqual([]);
    driver.step({ type: 'p2p', enabled: false });
    expect(driver.sent('a', 'bye')).toEqual([{ type: 'bye', reason: 1 }]);
    expect(driver.all('disconnect')).toEqual([{ type: 'disconnect', peer: 'a' }]);
    expect(driver.all('tracker-send').at(-1)?.message).toEqual({ action: 'leave' });
    expect(driver.all('tracker-disconnect')).toHaveLength(1);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
  });

  it('SWM-8 a digest list asked of a neighbour that is gone is fetched from the origin at once', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    driver.have(segment, 'a', [7]);
    expect(driver.sent('a', 'digests-request')).toHaveLength(1);
    driver.close('a');
    expect(driver.openFetches.map(({ url }) => url)).toEqual([
      segment.url.replace('.m4s', '.digests'),
    ]);
  });
});
