import { ENGINE } from '@shoal/client-sdk/core';
import { BYE } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId, pieceOf } from '../../../support/builders.ts';
import type { EngineDriver } from '../../../support/engine-driver.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const segment = originSegment(11);
const id = segment.info.id;

/** Whom the tracker has been told of as bad. */
const toldBad = (driver: EngineDriver) =>
  driver
    .all('tracker-send')
    .flatMap(({ message }) => (message.action === 'update' ? message.bad : []));

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
      expect(toldBad(driver)).toEqual([{ peer: 'a', reason: 'unreachable', session: 's' }]);
    }
  });

  it('PEER-3 tells the tracker of one whose hello did not arrive as well, and meets it again', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.step({ type: 'link-open', peer: peerId('a') });
    driver.have(segment, 'a');
    expect(driver.sent('a', 'bye')).toEqual([{ type: 'bye', reason: BYE.violation }]);
    driver.close('a');
    driver.advance(1_000);
    expect(toldBad(driver)).toEqual([{ peer: 'a', reason: 'unreachable', session: 's' }]);
    driver.forget();
    driver.introduce('a');
    expect(driver.all('connect')).toHaveLength(1);
  });

  it('does not connect to one peer twice, and tells the tracker whom it could not reach', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.introduce('a');
    expect(driver.all('connect')).toHaveLength(1);
    driver.close('a');
    driver.advance(1_100);
    expect(toldBad(driver)).toEqual([{ peer: 'a', reason: 'unreachable', session: 's' }]);
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
