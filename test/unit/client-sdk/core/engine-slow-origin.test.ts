import { LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment } from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const P = LIMITS.pieceBytes;
const segment = originSegment(11);
const next = originSegment(12);
/** Nobody with this luck elects itself among so many viewers (SWM-13). */
const CROWD = 100_000;
const luckless = { random: () => 0.001 };

/** A watching viewer with a neighbour, whose first segment came from the origin at `pieceMs` a piece. */
function behindSlowOrigin(pieceMs: number): EngineDriver {
  const driver = new EngineDriver(luckless);
  const first = originSegment(10);
  driver.list([first]);
  driver.demand(first);
  const fetch = driver.openFetches[0]?.fetch ?? 0;
  driver.step({ type: 'fetch-start', fetch, offset: 0 });
  for (let at = 0; at < first.info.size; at += P) {
    driver.advance(pieceMs);
    driver.step({ type: 'fetch-data', fetch, bytes: first.bytes.subarray(at, at + P) });
  }
  driver.end(fetch);
  // The digest list, wanted because the response was slow.
  driver.answerAll();
  driver.join(CROWD);
  driver.play(11, 8_000);
  driver.meet('a');
  driver.forget();
  return driver;
}

describe('an origin at its limit', () => {
  it('SWM-5 is asked for no more at once than it sends in half a second', () => {
    const driver = behindSlowOrigin(200);
    driver.announce(segment, [], CROWD);
    driver.play(11, 1_000);
    driver.demand(segment);
    const pieces = driver.openFetches.map(({ range }) => (range?.to ?? 0) - (range?.from ?? 0));
    expect(pieces.length).toBeGreaterThan(0);
    expect(pieces.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(3 * P);
  });

  it('SWM-5 is not asked for what a neighbour is fetching, until that has had its time', () => {
    const driver = behindSlowOrigin(200);
    driver.announce(segment, [], CROWD);
    driver.hear('a', { type: 'fetching', segment: segment.info.id, from: 0, to: 8 });
    driver.play(11, 600);
    driver.demand(segment);
    expect(driver.openFetches).toEqual([]);
    driver.advance(1_400);
    expect(driver.openFetches).toEqual([]);
    driver.advance(200);
    expect(driver.openFetches).not.toEqual([]);
  });

  it('PEER-8 neighbours are told every second what is still on its way', () => {
    const driver = watchingViewer(luckless);
    driver.meet('a');
    driver.announce(segment, [{ stripe: 0, of: 2, rank: 0 }], CROWD);
    const range = { segment: segment.info.id, from: 0, to: 4 };
    driver.advance(100);
    expect(driver.sent('a', 'fetching')).toMatchObject([range]);
    driver.advance(2_000);
    expect(driver.sent('a', 'fetching')).toMatchObject([range, range, range]);
    driver.answerAll();
    driver.advance(3_000);
    expect(driver.sent('a', 'fetching')).toHaveLength(3);
  });

  it('SWM-12 has the tail of a slow response taken over by a neighbour that holds it', () => {
    const driver = behindSlowOrigin(200);
    driver.announce(segment, [{ stripe: 0, of: 1, rank: 0 }], CROWD);
    const fetch = driver.openFetches[0]?.fetch ?? 0;
    driver.step({ type: 'fetch-start', fetch, offset: 0 });
    driver.step({ type: 'fetch-data', fetch, bytes: segment.bytes.subarray(0, P) });
    driver.have(segment, 'a');
    driver.hearDigests(segment, 'a');
    expect(driver.asked('a')).toEqual([7]);
    driver.serve(segment, 'a');
    const asked = driver.asked('a');
    expect(asked.slice(0, 4)).toEqual([7, 6, 5, 4]);
    expect(asked).not.toContain(0);
    // A single piece is soon there: it is left to the origin, or the response to nobody.
    for (const { fetch: open } of driver.openFetches)
      driver.step({ type: 'fetch-data', fetch: open, bytes: segment.bytes.subarray(P, 8 * P) });
    const demand = driver.demand(segment);
    expect(driver.delivered).toEqual([demand]);
  });
});

describe('a segment without an owner', () => {
  it('SWM-13 is taken up after 0.6 s by a viewer that elects itself', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    expect(driver.until('fetch', 5_000).afterMs).toBe(600);
    expect(driver.ranges).toHaveLength(1);
  });

  it.each([
    ['a neighbour holds a piece of it', (d: EngineDriver) => d.have(segment, 'a', [3])],
    [
      'a neighbour is fetching',
      (d: EngineDriver) =>
        d.hear('a', { type: 'fetching', segment: segment.info.id, from: 2, to: 3 }),
    ],
    ['the player is paused', (d: EngineDriver) => d.play(11, 8_000, false)],
  ])('SWM-13 is left alone when %s', (_, say) => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(segment);
    say(driver);
    driver.advance(1_000);
    expect(driver.ranges).toEqual([]);
  });
});

describe('a narrow downlink', () => {
  it('SWM-14 is kept for the segment that is needed first', () => {
    const driver = behindSlowOrigin(150);
    driver.meet('b');
    for (const known of [segment, next]) {
      driver.announce(known, [], CROWD);
      driver.have(known, 'a');
      driver.hearDigests(known, 'a');
    }
    driver.have(next, 'b');
    driver.advance(5_000);
    driver.forget();
    driver.play(11, 1_500);
    driver.hear('a', { type: 'reject', segment: segment.info.id, index: 0, reason: 1 });
    driver.announce(next, [{ stripe: 0, of: 4, rank: 0 }], CROWD);
    expect(driver.sent('b', 'request')).toEqual([]);
    expect(driver.all('fetch').filter(({ url }) => url === next.url)).toEqual([]);
  });
});
