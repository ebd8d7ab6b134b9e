import { LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { type OriginSegment, originSegment } from '../../../support/builders.ts';
import type { EngineDriver } from '../../../support/engine-driver.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const P = LIMITS.pieceBytes;
const segment = originSegment(11);

/** A viewer that has asked the origin for the whole of `segment`, without anybody to share with. */
function aloneWith(wanted: OriginSegment): { driver: EngineDriver; demand: number; fetch: number } {
  const driver = watchingViewer();
  driver.join(1);
  driver.list([wanted]);
  const demand = driver.demand(wanted);
  return { driver, demand, fetch: driver.openFetches[0]?.fetch ?? 0 };
}

describe('what the origin answers', () => {
  it('SEG-7 is handed over however it is cut into chunks', () => {
    for (const chunkBytes of [1_000, P, P + 1, 1 << 20]) {
      const { driver, fetch } = aloneWith(segment);
      driver.respond(fetch, { offset: 0, bytes: segment.bytes, chunkBytes });
      expect(driver.delivered).toHaveLength(1);
    }
  });

  it('SEG-7 with one byte changed is not handed over but fetched again', () => {
    const { driver, demand, fetch } = aloneWith(segment);
    const bytes = segment.bytes.slice();
    bytes[70_000] = (bytes[70_000] ?? 0) ^ 1;
    driver.respond(fetch, { offset: 0, bytes });
    expect(driver.delivered).toEqual([]);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
  });

  it('SWM-8 is left to the player when it is corrupt twice', () => {
    const { driver, demand } = aloneWith(segment);
    for (let i = 0; i < 2; i++)
      driver.respond(driver.openFetches[0]?.fetch ?? 0, {
        offset: 0,
        bytes: new Uint8Array(segment.info.size),
      });
    expect(driver.all('fall-back')).toEqual([{ type: 'fall-back', demand }]);
    expect(driver.reports('corrupt-origin')).toHaveLength(1);
    expect(driver.openFetches).toEqual([]);
    expect(driver.demand(segment)).toBe(demand + 1);
    expect(driver.all('fall-back')).toHaveLength(2);
  });

  it('SWM-8 is left to the player when staged pieces turn out corrupt by a neighbour’s digest list', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    const demand = driver.demand(segment);
    for (const stripe of [0, 1]) {
      driver.announce(segment, [{ stripe, of: 4, rank: 0 }]);
      const [fetch] = driver.openFetches.filter(({ url }) => url === segment.url);
      driver.respond(fetch?.fetch ?? 0, {
        offset: fetch?.range?.from ?? 0,
        bytes: new Uint8Array(2 * P),
      });
      // Each verification that fails is a fault of the origin.
      driver.hearDigests(segment, 'a');
    }
    driver.advance(10_000);
    driver.answerAll();
    driver.advance(10_000);
    expect([...driver.all('fall-back'), ...driver.all('deliver')].map((e) => e.demand)).toEqual([
      demand,
    ]);
  });

  it('SWM-8 corrupt first over HTTP and then by a neighbour’s digest list leaves no demand waiting', () => {
    const { driver, demand, fetch } = aloneWith(segment);
    driver.respond(fetch, { offset: 0, bytes: new Uint8Array(segment.info.size) });
    driver.meet('a');
    const [again] = driver.openFetches;
    driver.step({ type: 'fetch-start', fetch: again?.fetch ?? 0, offset: 0 });
    driver.step({ type: 'fetch-data', fetch: again?.fetch ?? 0, bytes: new Uint8Array(3 * P) });
    driver.hearDigests(segment, 'a');
    expect(driver.all('fall-back')).toEqual([{ type: 'fall-back', demand }]);
    expect(driver.openFetches).toEqual([]);
  });

  it('that ends early is completed by a request for the rest', () => {
    const { driver, fetch } = aloneWith(segment);
    driver.respond(fetch, { offset: 0, bytes: segment.bytes.subarray(0, 40_000) });
    expect(driver.openFetches).toEqual([]);
    driver.advance(300);
    const ranges = driver.openFetches.filter(({ url }) => url === segment.url);
    expect(ranges.map(({ range }) => range)).toEqual([{ from: 2 * P, to: segment.info.size }]);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
  });

  it('that is longer than the segment changes nothing', () => {
    const { driver, fetch } = aloneWith(segment);
    const longer = new Uint8Array(segment.info.size + 3 * P);
    longer.set(segment.bytes);
    driver.respond(fetch, { offset: 0, bytes: longer });
    expect(driver.delivered).toHaveLength(1);
  });

  it('that is a 200 to a Range is taken whole: it is paid for', () => {
    for (const stripe of [0, 1, 3]) {
      const driver = watchingViewer();
      driver.announce(segment, [{ stripe, of: 4, rank: 0 }]);
      driver.respond(driver.openFetches[0]?.fetch ?? 0, { offset: 0, bytes: segment.bytes });
      driver.demand(segment);
      expect(driver.delivered).toHaveLength(1);
      expect(driver.engine.stats().wastedBytes).toBe(0);
    }
  });

  it('that starts in the middle of a piece never counts that piece as fetched', () => {
    const driver = watchingViewer();
    driver.announce(segment, [{ stripe: 0, of: 4, rank: 0 }]);
    const bytes = segment.bytes.subarray(5_000, 2 * P);
    driver.respond(driver.openFetches[0]?.fetch ?? 0, { offset: 5_000, bytes });
    driver.demand(segment);
    driver.advance(8_000);
    driver.answerAll();
    driver.advance(8_000);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
    expect(driver.reports('corrupt-origin')).toEqual([]);
  });

  it('a late body never mixes with a piece that another request is bringing', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment, [{ stripe: 0, of: 4, rank: 0 }]);
    driver.have(segment, 'a', [4]);
    driver.hearDigests(segment, 'a');
    expect(driver.asked('a')).toEqual([4]);
    // A 200 to the Range passes piece 4 while a neighbour is bringing it, and stops in its middle.
    const whole = driver.openFetches[0]?.fetch ?? 0;
    driver.step({ type: 'fetch-start', fetch: whole, offset: 0 });
    driver.step({ type: 'fetch-data', fetch: whole, bytes: segment.bytes.subarray(0, 4.5 * P) });
    driver.close('a');
    driver.step({ type: 'p2p', enabled: false });
    driver.demand(segment);
    driver.step({ type: 'fetch-data', fetch: whole, bytes: segment.bytes.subarray(4.5 * P) });
    driver.step({ type: 'fetch-end', fetch: whole });
    for (const fetch of driver.openFetches.filter((f) => f.fetch !== whole)) driver.answer(fetch);
    expect(driver.delivered).toHaveLength(1);
    expect(driver.all('fetch').filter(({ range }) => range?.from === 4 * P)).toHaveLength(1);
  });

  it('of requests that are unknown or over is ignored', () => {
    const driver = watchingViewer();
    driver.step({ type: 'fetch-start', fetch: 77, offset: 0 });
    driver.step({ type: 'fetch-data', fetch: 77, bytes: segment.bytes });
    driver.step({ type: 'fetch-end', fetch: 77 });
    driver.step({ type: 'fetch-failed', fetch: 77, status: 500 });
    expect(driver.log).toEqual([]);
  });
});

describe('an origin that fails', () => {
  it('is asked three times with growing pauses before the player handles the error', () => {
    const { driver, demand } = aloneWith(segment);
    const pauses: number[] = [];
    for (let i = 0; i < 2; i++) {
      driver.fail(driver.openFetches[0]?.fetch ?? 0, 503);
      expect(driver.all('fail')).toEqual([]);
      pauses.push(driver.until('fetch', 5_000).afterMs);
    }
    driver.fail(driver.openFetches[0]?.fetch ?? 0, 503);
    expect(pauses).toEqual([250, 500]);
    expect(driver.all('fail')).toEqual([{ type: 'fail', demand, status: 503 }]);
  });

  it.each([404, 410])('and says %i is believed at once', (status) => {
    const { driver, demand, fetch } = aloneWith(segment);
    driver.fail(fetch, status);
    expect(driver.all('fail')).toEqual([{ type: 'fail', demand, status }]);
  });

  it.each([404, 500])('SWM-8 to give a digest list (%i) does not fail the segment', (status) => {
    const driver = watchingViewer();
    driver.announce(segment, [{ stripe: 0, of: 4, rank: 0 }]);
    const demand = driver.demand(segment);
    for (let i = 0; i < 400 && driver.all('deliver').length === 0; i++) {
      for (const fetch of driver.openFetches)
        if (fetch.url.endsWith('.digests')) driver.fail(fetch.fetch, status);
        else driver.answer(fetch);
      driver.advance(50);
    }
    expect(driver.all('fail')).toEqual([]);
    const answered = [...driver.all('fall-back'), ...driver.all('deliver')];
    expect(answered.map((effect) => effect.demand)).toEqual([demand]);
  });

  it('with a digest list too large for a frame is at fault, and nothing of it is kept', () => {
    const driver = watchingViewer();
    driver.announce(segment, [{ stripe: 0, of: 4, rank: 0 }]);
    const digests = driver.openFetches.find(({ url }) => url.endsWith('.digests'));
    driver.respond(digests?.fetch ?? 0, { offset: 0, bytes: new Uint8Array(200_000) });
    const [again] = driver.openFetches.filter(({ url }) => url.endsWith('.digests'));
    expect(again?.fetch).not.toBe(digests?.fetch);
    driver.answerAll();
    driver.demand(segment);
    driver.advance(8_000);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
  });
});

describe('a demand', () => {
  it('that is cancelled stops its own requests and no others', () => {
    const driver = watchingViewer();
    driver.announce(originSegment(18), [{ stripe: 0, of: 4, rank: 0 }]);
    const duty = driver.openFetches.map(({ fetch }) => fetch);
    const far = originSegment(30);
    driver.list([far]);
    driver.step({ type: 'tracker-closed' });
    driver.step({ type: 'p2p', enabled: false });
    const demand = driver.demand(far);
    expect(driver.openFetches.filter(({ url }) => url === far.url)).toHaveLength(1);
    driver.step({ type: 'demand-cancelled', demand });
    expect(driver.openFetches.filter(({ url }) => url === far.url)).toEqual([]);
    expect(driver.openFetches.map(({ fetch }) => fetch)).toEqual(duty);
    driver.step({ type: 'demand-cancelled', demand });
    expect(driver.all('fetch-abort')).toHaveLength(1);
  });

  it('that is cancelled while the engine wants the segment itself goes on being fetched', () => {
    const { driver, demand } = aloneWith(segment);
    driver.step({ type: 'demand-cancelled', demand });
    expect(driver.all('fetch-abort')).toEqual([]);
    driver.answerAll();
    expect(driver.delivered).toEqual([]);
    driver.demand(segment);
    expect(driver.delivered).toHaveLength(1);
  });

  it('made twice for one segment is answered twice and fetched once', () => {
    const { driver } = aloneWith(segment);
    driver.demand(segment);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(2);
    expect(driver.ranges).toHaveLength(1);
  });
});

describe('a change of channel', () => {
  it('SEG-2 never answers with a segment of the channel before, though all else is the same', () => {
    const driver = watchingViewer();
    driver.meet('a');
    const other = originSegment(10, { channel: 'other' });
    driver.list([other], { channel: 'other' });
    expect(driver.sent('a', 'bye')).toHaveLength(1);
    expect(driver.all('tracker-disconnect')).toHaveLength(1);
    expect(driver.all('tracker-connect')).toHaveLength(1);
    driver.play(10, 0);
    const demand = driver.demand(other);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
    expect(driver.engine.knows(originSegment(10).url)).toBe(false);
  });

  it('SWM-8 leaves the open demands of the channel before to the player', () => {
    const { driver, demand } = aloneWith(segment);
    driver.list([originSegment(10, { channel: 'other' })], { channel: 'other' });
    expect(driver.all('fall-back')).toEqual([{ type: 'fall-back', demand }]);
    expect(driver.openFetches).toEqual([]);
  });
});
