import { ENGINE, plainSharing, textHash } from '@shoal/client-sdk/core';
import { BYE, digestList, LIMITS, REJECT, segmentKey } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import {
  channelId,
  type OriginSegment,
  originSegment,
  peerId,
  pieceOf,
  sha256,
} from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';
import { seededBytes } from '../../../support/seeded-random.ts';
import { plainViewer } from '../../../support/watching-viewer.ts';

const held = originSegment(10);
const segment = originSegment(11);
const id = segment.info.id;

/** A peer that comes before (or after) this viewer in the order of segment 11. */
function rival(before: boolean, taken: readonly string[] = []): string {
  const rank = (name: string): number => textHash(`${name}/${segmentKey(id)}`);
  for (let i = 0; ; i++) {
    const name = `peer${i}`;
    if (rank(name) < rank('me') === before && !taken.includes(name)) return name;
  }
}

/** A viewer with neighbours that hold the segment before 11, and 11 in its playlist. */
function among(peers: readonly string[]): EngineDriver {
  const driver = plainViewer();
  for (const peer of peers) {
    driver.meet(peer);
    driver.have(held, peer);
  }
  driver.advance(ENGINE.acquaintanceMs);
  driver.forget();
  driver.listPlain([held, segment]);
  return driver;
}

/** What a liar would have: another video under the name of the segment. */
function forged({ info, url }: OriginSegment, pieces = 8): OriginSegment {
  const bytes = seededBytes(99, pieces * LIMITS.pieceBytes - 1_000);
  const size = bytes.length;
  return { info: { ...info, size }, url, bytes, digests: digestList(bytes, sha256) };
}

describe('a segment without digests', () => {
  it('SWM-1 the first one comes whole over HTTP at once, and is then shared like any other', () => {
    const driver = new EngineDriver({ plain: plainSharing });
    driver.listPlain([held]);
    const demand = driver.demand(held);
    expect(driver.openFetches).toMatchObject([{ url: held.url }]);
    expect(driver.openFetches[0]).not.toHaveProperty('range');
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
    expect(driver.engine.stats()).toMatchObject({ httpBytes: held.info.size, wastedBytes: 0 });
    driver.join();
    driver.meet('a');
    expect(driver.sent('a', 'have')).toMatchObject([{ segment: held.info.id, pieces: 8 }]);
    driver.hear('a', { type: 'digests-request', segment: held.info.id });
    expect(driver.sent('a', 'claim')).toMatchObject([{ size: held.info.size, list: held.digests }]);
    driver.hear('a', { type: 'request', segment: held.info.id, index: 3, count: 1 });
    expect(driver.sent('a', 'piece')[0]?.payload).toEqual(pieceOf(held, 3));
  });

  it('SWM-31 is fetched at once by the viewer that is first in the order, and it says so', () => {
    const after = rival(false);
    const driver = among([after]);
    expect(driver.openFetches).toMatchObject([{ url: segment.url }]);
    expect(driver.sent(after, 'fetching')).toMatchObject([{ segment: id, from: 0, to: 1 }]);
  });

  it('SWM-31 the second in the order fetches after a quarter of the time, if nobody has it', () => {
    const driver = among([rival(true)]);
    const { afterMs } = driver.until('fetch', 3_000);
    // 8 s are buffered, less the safety margin and the 0.1 s that have passed.
    expect(afterMs).toBeGreaterThan(0.25 * 7_000);
    expect(afterMs).toBeLessThan(0.25 * 7_600);
  });

  it('SWM-31 those behind wait for the deadline, and only the sharing ones count', () => {
    const ahead = [rival(true)];
    while (ahead.length < 3) ahead.push(rival(true, ahead));
    const { afterMs } = among(ahead).until('fetch', 8_000);
    expect(afterMs).toBeGreaterThan(6_000);
    const leeches = plainViewer();
    leeches.meet(ahead[0] ?? '', { shares: false });
    leeches.have(held, ahead[0] ?? '');
    leeches.advance(ENGINE.acquaintanceMs);
    leeches.listPlain([held, segment]);
    expect(leeches.openFetches).toHaveLength(1);
  });

  it('SWM-32 waits for a neighbour that says it is fetching, even before the playlist lists it', () => {
    const after = rival(false);
    const driver = plainViewer();
    driver.meet(after);
    driver.have(held, after);
    driver.hear(after, { type: 'fetching', segment: id, from: 0, to: 1 });
    driver.listPlain([held, segment]);
    driver.advance(ENGINE.hintMs - 100);
    expect(driver.openFetches).toEqual([]);
    driver.advance(200);
    expect(driver.openFetches).toHaveLength(1);
  });

  it('SWM-32 a fetch that takes long is said again', () => {
    const after = rival(false);
    const driver = among([after]);
    driver.advance(2 * ENGINE.hintMs);
    expect(driver.sent(after, 'fetching').length).toBeGreaterThanOrEqual(4);
  });

  it('SWM-34 comes from a neighbour that holds it, by its claim, in verified pieces', () => {
    const driver = plainViewer();
    driver.listPlain([held, segment]);
    driver.answerAll();
    const next = originSegment(12);
    driver.meet('a');
    driver.listPlain([segment, next].slice(0, 1));
    driver.have(next, 'a');
    driver.listPlain([segment, next]);
    expect(driver.sent('a', 'digests-request')).toMatchObject([{ segment: next.info.id }]);
    driver.hearClaim(next, 'a');
    driver.serve(next, 'a');
    const demand = driver.demand(next);
    expect(driver.delivered).toContain(demand);
    expect(driver.engine.stats().p2pBytes).toBe(next.info.size);
    expect(driver.all('fetch').filter(({ url }) => url === next.url)).toEqual([]);
  });

  it('SWM-34 what was not asked for is not believed', () => {
    const driver = plainViewer();
    driver.meet('a');
    driver.meet('b');
    driver.have(segment, 'a');
    driver.hearClaim(segment, 'a');
    driver.advance(ENGINE.acquaintanceMs);
    driver.listPlain([held, segment]);
    driver.hearClaim(forged(segment), 'b');
    expect(driver.sent('a', 'request')).toEqual([]);
    expect(driver.sent('b', 'request')).toEqual([]);
    driver.hear('a', { type: 'reject', segment: id, index: 0, reason: REJECT.absent });
    expect(driver.openFetches).toHaveLength(1);
  });

  it('SWM-5 the rest of a claimed segment comes by HTTP Range when time runs out', () => {
    const driver = plainViewer();
    driver.meet('a');
    driver.have(segment, 'a', [0, 1, 2, 3]);
    driver.listPlain([held, segment]);
    driver.demand(segment);
    driver.hearClaim(segment, 'a');
    driver.serve(segment, 'a');
    driver.until('fetch', 9_000);
    expect(driver.openFetches[0]?.range).toEqual({
      from: 4 * LIMITS.pieceBytes,
      to: segment.info.size,
    });
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
    expect(driver.engine.stats().wastedBytes).toBe(0);
  });
});

describe('meeting', () => {
  it('SWM-31 a viewer that is about to meet others leaves them the first word', () => {
    const driver = plainViewer();
    driver.listPlain([held, segment]);
    driver.demand(segment);
    driver.advance(500);
    expect(driver.openFetches).toEqual([]);
    driver.meet('a');
    driver.advance(ENGINE.acquaintanceMs - 10);
    expect(driver.openFetches).toEqual([]);
    driver.have(segment, 'a');
    driver.hearClaim(segment, 'a');
    driver.serve(segment, 'a');
    expect(driver.delivered).toHaveLength(1);
  });
});

describe('a neighbour that claims what is not so', () => {
  /** The viewer took the liar's word, and got part of the liar's video. */
  function deceived(lie: OriginSegment, pieces: readonly number[]): EngineDriver {
    const driver = plainViewer();
    driver.meet('liar');
    driver.have(lie, 'liar', pieces);
    driver.listPlain([held, segment]);
    driver.demand(segment);
    driver.hearClaim(lie, 'liar');
    driver.serve(lie, 'liar');
    return driver;
  }

  it('SWM-35 is dropped when the bytes of the origin differ, and those are played', () => {
    const driver = deceived(forged(segment), [0, 1]);
    driver.until('fetch', 9_000);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
    expect(driver.sent('liar', 'bye')).toMatchObject([{ reason: BYE.corrupt }]);
    expect(driver.engine.stats().wastedBytes).toBeGreaterThan(0);
  });

  it.each([
    ['a segment that is longer than it is', 12, 416],
    ['a range that the origin does not have', 8, 404],
  ])('SWM-35 claiming %s costs no more than one attempt', (_, pieces, status) => {
    const driver = deceived(forged(segment, pieces), [0]);
    const { effect } = driver.until('fetch', 9_000);
    expect(effect.range).toBeDefined();
    driver.fail(effect.fetch, status);
    driver.advance(ENGINE.fetchRetryMs);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
    expect(driver.all('fail')).toEqual([]);
    expect(driver.sent('liar', 'bye')).toHaveLength(1);
  });

  it('SWM-35 whoever is right, the origin decides between two neighbours', () => {
    for (const lie of [true, false]) {
      const claimed = lie ? forged(segment) : segment;
      const driver = deceived(claimed, [0]);
      driver.meet('other');
      driver.have(segment, 'other');
      const [request] = driver.sent('other', 'request');
      expect(request).toBeDefined();
      const payload = pieceOf(lie ? segment : forged(segment), request?.index ?? 0);
      driver.hear('other', { type: 'piece', segment: id, index: request?.index ?? 0, payload });
      driver.answerAll();
      expect(driver.delivered).toHaveLength(1);
      expect(driver.sent(lie ? 'liar' : 'other', 'bye')).toHaveLength(1);
      expect(driver.sent(lie ? 'other' : 'liar', 'bye')).toHaveLength(0);
    }
  });

  it('SWM-35 nobody is reported to the tracker, and a have-map that does not fit is not counted', () => {
    const driver = deceived(forged(segment), [0, 1]);
    driver.meet('honest');
    driver.have(originSegment(11, { pieces: 9 }), 'honest');
    expect(driver.sent('honest', 'bye')).toEqual([]);
    driver.until('fetch', 9_000);
    driver.answerAll();
    driver.advance(2_000);
    const reported = driver
      .all('tracker-send')
      .flatMap(({ message }) => (message.action === 'update' ? message.bad : []));
    expect(reported).toEqual([]);
  });
});

describe('an origin that fails', () => {
  it('hands a missing segment to the error handling of the player, and retries others', () => {
    const driver = plainViewer();
    driver.play(11, 0);
    driver.listPlain([held, segment]);
    const demand = driver.demand(segment);
    driver.fail(driver.openFetches[0]?.fetch ?? 0, 503);
    driver.until('fetch', 2 * ENGINE.fetchRetryMs);
    driver.fail(driver.openFetches[0]?.fetch ?? 0, 404);
    expect(driver.all('fail')).toEqual([{ type: 'fail', demand, status: 404 }]);
  });

  it('LIM-2 what is larger than any segment goes to the loader of the player, and stays there', () => {
    const driver = plainViewer();
    driver.play(11, 0);
    driver.listPlain([held, segment]);
    const demand = driver.demand(segment);
    const fetch = driver.openFetches[0]?.fetch ?? 0;
    driver.step({ type: 'fetch-start', fetch, offset: 0 });
    const bytes = new Uint8Array(2 ** 25 + 1);
    driver.step({ type: 'fetch-data', fetch, bytes });
    expect(driver.all('fall-back')).toEqual([{ type: 'fall-back', demand }]);
    expect(driver.openFetches).toEqual([]);
    expect(driver.engine.knows(segment.url)).toBe(false);
  });

  it('stops a fetch that neither the player nor the swarm wants any more', () => {
    const driver = plainViewer();
    const far = originSegment(40);
    driver.listPlain([held, far], { ended: true });
    const demand = driver.demand(far);
    driver.play(11, 0);
    expect(driver.openFetches).toHaveLength(1);
    driver.step({ type: 'demand-cancelled', demand });
    expect(driver.openFetches).toEqual([]);
  });
});

describe('a recording', () => {
  it('SWM-33 only the next few segments are fetched ahead, one after the other', () => {
    const driver = plainViewer();
    const all = Array.from({ length: 40 }, (_, i) => originSegment(10 + i));
    driver.meet('a');
    driver.have(held, 'a');
    driver.listPlain(all, { ended: true });
    let most = 0;
    for (let i = 0; i < 60; i++) {
      most = Math.max(most, driver.openFetches.length);
      driver.answerAll();
      driver.advance(100);
    }
    expect(most).toBe(1);
    const urls = new Set(driver.all('fetch').map(({ url }) => url));
    expect(urls.size).toBeGreaterThan(0);
    for (const url of urls) expect(all.slice(1, 6).map((each) => each.url)).toContain(url);
  });

  it('SWM-33 after a jump what the player asks for comes at once', () => {
    const driver = plainViewer();
    driver.meet('a');
    const far = originSegment(40);
    driver.listPlain([held, far], { ended: true });
    driver.play(40, 0);
    driver.demand(far);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
  });
});

describe('a channel without digests', () => {
  it('SEG-13 begins anew when the numbering of a live playlist goes back', () => {
    const driver = plainViewer();
    driver.meet('a');
    driver.listPlain([originSegment(8)]);
    expect(driver.sent('a', 'bye')).toEqual([]);
    driver.listPlain([originSegment(12)]);
    driver.listPlain([originSegment(1)]);
    expect(driver.sent('a', 'bye')).toMatchObject([{ reason: BYE.leaving }]);
    expect(driver.engine.knows(held.url)).toBe(false);
    expect(driver.all('tracker-connect')).toHaveLength(1);
    // Not again and again, whatever caches serve.
    driver.forget();
    driver.listPlain([originSegment(30)]);
    driver.listPlain([originSegment(2)]);
    expect(driver.all('tracker-disconnect')).toEqual([]);
  });

  it('goes over to a channel with digests, and hands open demands back', () => {
    const driver = plainViewer();
    driver.listPlain([held, segment]);
    const demand = driver.demand(segment);
    driver.list([originSegment(10, { channel: 'other' })], { channel: 'other' });
    expect(driver.all('fall-back')).toEqual([{ type: 'fall-back', demand }]);
    expect(driver.openFetches).toEqual([]);
    expect(driver.engine.knows(segment.url)).toBe(false);
  });

  it('plays on without P2P', () => {
    const driver = plainViewer();
    driver.step({ type: 'p2p', enabled: false });
    driver.listPlain([held, segment]);
    driver.demand(segment);
    driver.answerAll();
    expect(driver.delivered).toHaveLength(1);
  });

  it('remembers 32,768 segments, those that the player waits for always', () => {
    const driver = new EngineDriver({ plain: plainSharing });
    const listed = (from: number, count: number): void => {
      driver.step({
        type: 'plain-playlist',
        channel: channelId(),
        rendition: held.info.id.rendition,
        ended: true,
        segments: Array.from({ length: count }, (_, i) => ({
          id: { ...held.info.id, msn: from + i },
          url: `https://origin.test/${from + i}.ts`,
          within: undefined,
          durationMs: 2_000,
        })),
      });
    };
    listed(0, 2);
    driver.step({ type: 'demand', demand: 1, url: 'https://origin.test/0.ts' });
    listed(100, ENGINE.plainSegments);
    expect(driver.engine.knows('https://origin.test/0.ts')).toBe(true);
    expect(driver.engine.knows('https://origin.test/1.ts')).toBe(false);
    expect(driver.engine.knows(`https://origin.test/${99 + ENGINE.plainSegments}.ts`)).toBe(true);
  });

  it('remembers 64 hints', () => {
    const driver = plainViewer();
    driver.meet('a');
    driver.hear('a', { type: 'fetching', segment: id, from: 0, to: 1 });
    for (let i = 0; i < ENGINE.plainHints; i++)
      driver.hear('a', { type: 'fetching', segment: { ...id, msn: 100 + i }, from: 0, to: 1 });
    driver.advance(ENGINE.acquaintanceMs);
    driver.listPlain([held, segment]);
    expect(driver.openFetches).toHaveLength(1);
    expect(driver.engine.stats().peers).toBe(1);
    driver.close(peerId('a'));
  });
});
