import { ENGINE } from '@shoal/client-sdk/core';
import { REJECT } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId } from '../../../support/builders.ts';
import type { EngineDriver } from '../../../support/engine-driver.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const P = 16_384;
const held = originSegment(10);
const next = originSegment(11);
const free = { limit: undefined, budget: undefined };

function allow(
  driver: EngineDriver,
  change: { shares?: boolean; limit?: number; budget?: number },
): void {
  driver.step({ type: 'upload', shares: true, ...free, ...change });
}

function ask(driver: EngineDriver, peer: string, index = 0): void {
  driver.hear(peer, { type: 'request', segment: held.info.id, index, count: 1 });
}

/** To whom pieces went, in order. */
function served(driver: EngineDriver): readonly string[] {
  return driver
    .all('send')
    .flatMap(({ peer, message }) => (message.type === 'piece' ? [peer] : []));
}

describe('a viewer that stops sharing', () => {
  it('SWM-41 says so to neighbours and tracker, and rejects what waits and what is asked for then', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (const index of [0, 1, 2]) ask(driver, 'a', index);
    allow(driver, { shares: false });
    expect(driver.sent('a', 'sharing')).toEqual([{ type: 'sharing', shares: false }]);
    ask(driver, 'a', 3);
    driver.hear('a', { type: 'digests-request', segment: held.info.id });
    const { notSharing } = REJECT;
    expect(driver.sent('a', 'reject').map(({ index, reason }) => [index, reason])).toEqual([
      [1, notSharing],
      [2, notSharing],
      [3, notSharing],
      [0, notSharing],
    ]);
    driver.step({ type: 'link-drained', peer: peerId('a') });
    expect(served(driver)).toEqual(['a']);
    driver.advance(2_000);
    const updates = driver.all('tracker-send').map(({ message }) => message);
    expect(updates.at(-1)).toMatchObject({ action: 'update', shares: false });
    expect(driver.reports('sharing')).toEqual([{ type: 'sharing', shares: false }]);
  });

  it('SWM-41 takes no stripe for others, and none that it was to take before', () => {
    const duty = { stripe: 0, of: 2, rank: 0 };
    const driver = watchingViewer();
    driver.list([held, next]);
    driver.announce(next, [{ ...duty, rank: 1 }]);
    allow(driver, { shares: false });
    driver.announce(next, [duty]);
    driver.advance(2_000);
    expect(driver.all('fetch')).toEqual([]);
    const other = watchingViewer();
    other.list([held, next]);
    other.announce(next, [duty]);
    expect(other.all('fetch')).not.toEqual([]);
  });

  it('SWM-41 says what it holds when it begins again', () => {
    const driver = watchingViewer();
    allow(driver, { shares: false });
    driver.meet('a');
    expect(driver.sent('a', 'hello')).toMatchObject([{ shares: false }]);
    expect(driver.sent('a', 'have')).toEqual([]);
    allow(driver, {});
    expect(driver.sent('a', 'sharing')).toEqual([{ type: 'sharing', shares: true }]);
    expect(driver.sent('a', 'have').map(({ segment }) => segment)).toEqual([held.info.id]);
    ask(driver, 'a');
    expect(served(driver)).toEqual(['a']);
  });

  it('SWM-41 tells a neighbour that is about to say hello, and says nothing where nothing changes', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.step({ type: 'link-open', peer: peerId('a') });
    allow(driver, {});
    allow(driver, { shares: false });
    allow(driver, { shares: false, limit: 1_000 });
    expect(driver.sent('a', 'sharing')).toEqual([{ type: 'sharing', shares: false }]);
  });

  it('SWM-44 goes on to receive', () => {
    const driver = watchingViewer();
    driver.list([held, next]);
    driver.meet('a');
    allow(driver, { shares: false });
    driver.have(next, 'a');
    driver.hearDigests(next, 'a');
    driver.demand(next);
    driver.advance(300);
    driver.serve(next, 'a');
    expect(driver.delivered).toHaveLength(1);
    expect(driver.engine.stats()).toMatchObject({ httpBytes: held.info.size });
  });
});

describe('a neighbour that stops sharing', () => {
  it('SWM-41 is asked for nothing, until it says that it shares and what it holds', () => {
    const driver = watchingViewer();
    driver.list([held, next]);
    driver.meet('a');
    driver.have(next, 'a');
    driver.hear('a', { type: 'sharing', shares: false });
    driver.advance(300);
    driver.hear('a', { type: 'sharing', shares: true });
    driver.advance(300);
    expect(driver.sent('a', 'request')).toEqual([]);
    driver.have(next, 'a');
    driver.hearDigests(next, 'a');
    driver.advance(300);
    expect(driver.sent('a', 'request')).toHaveLength(1);
  });
});

describe('the bounds of uploading', () => {
  it('SWM-42 the byte budget is never overdrawn, and once it is spent the viewer does not share', () => {
    const driver = watchingViewer({ uploadBudget: 3 * P + 100 });
    driver.meet('a');
    for (let round = 0; round < 6; round++) {
      ask(driver, 'a', round);
      driver.step({ type: 'link-drained', peer: peerId('a') });
    }
    expect(driver.engine.stats().uploadedBytes).toBe(3 * P);
    expect(driver.sent('a', 'sharing')).toEqual([{ type: 'sharing', shares: false }]);
    allow(driver, { budget: 5 * P });
    ask(driver, 'a');
    expect(driver.engine.stats().uploadedBytes).toBe(4 * P);
  });

  it('SWM-42 a cap that changes all the time is kept like one that stays', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (let round = 0; round < 40; round++) {
      allow(driver, { limit: round % 2 === 0 ? P : 2 * P });
      ask(driver, 'a', round % 7);
      driver.step({ type: 'link-drained', peer: peerId('a') });
      driver.advance(250);
    }
    const { uploadedBytes } = driver.engine.stats();
    expect(uploadedBytes).toBeGreaterThanOrEqual(12 * P);
    expect(uploadedBytes).toBeLessThanOrEqual(16 * P);
  });

  it('SWM-43 neighbours that share come first, and one that does not waits a bounded time', () => {
    const sharers = ['a', 'b', 'c', 'd'];
    const driver = watchingViewer({ uploadLimit: 4 * P });
    for (const peer of sharers) driver.meet(peer);
    driver.meet('leech', { shares: false });
    for (const peer of ['a', 'b', 'c', 'leech', 'd']) ask(driver, peer);
    expect(served(driver)).toEqual(['a', 'b', 'c']);
    driver.step({ type: 'link-drained', peer: peerId('a') });
    expect(served(driver)).toEqual(['a', 'b', 'c', 'd']);
    // From here on those that share never stop asking.
    for (let ms = 0; ms < ENGINE.leechWaitMs + 300; ms += 20) {
      for (const peer of sharers) {
        ask(driver, peer);
        driver.step({ type: 'link-drained', peer: peerId(peer) });
      }
      driver.advance(20);
    }
    expect(served(driver)).toContain('leech');
    expect(driver.sent('leech', 'reject')).toEqual([]);
  });
});
