import { ENGINE } from '@shoal/client-sdk/core';
import { REJECT } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId } from '../../../support/builders.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const held = originSegment(10);
const wanted = originSegment(11);
const id = wanted.info.id;

describe('requests of others', () => {
  it('PEER-7 a viewer that does not share rejects every request with that reason', () => {
    const driver = watchingViewer({ shares: false });
    driver.meet('a');
    driver.hear('a', { type: 'request', segment: held.info.id, index: 0, count: 1 });
    driver.hear('a', { type: 'request', segment: id, index: 0, count: 1 });
    driver.hear('a', { type: 'digests-request', segment: held.info.id });
    expect(driver.sent('a', 'reject').map(({ reason }) => reason)).toEqual([
      REJECT.notSharing,
      REJECT.notSharing,
      REJECT.notSharing,
    ]);
  });

  it('PEER-7 an upload cap of nothing is not sharing either', () => {
    const driver = watchingViewer({ uploadLimit: 0 });
    driver.meet('a');
    driver.hear('a', { type: 'request', segment: held.info.id, index: 0, count: 1 });
    expect(driver.sent('a', 'reject')).toMatchObject([{ reason: REJECT.notSharing }]);
  });

  it('PEER-7 a tenth piece for one neighbour is rejected as too many', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (const index of [0, 3, 0])
      driver.hear('a', { type: 'request', segment: held.info.id, index, count: 4 });
    // One is in the send buffer, eight wait.
    expect(driver.sent('a', 'piece')).toHaveLength(1);
    expect(driver.sent('a', 'reject').map(({ index, reason }) => [index, reason])).toEqual(
      [1, 2, 3].map((index) => [index, REJECT.busy]),
    );
  });

  it('a digest list is given for what is held, and refused for what is not', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.hear('a', { type: 'digests-request', segment: held.info.id });
    driver.hear('a', { type: 'digests-request', segment: { ...id, msn: 999 } });
    expect(driver.sent('a', 'digests')).toEqual([
      { type: 'digests', segment: held.info.id, list: held.digests },
    ]);
    expect(driver.sent('a', 'reject')).toMatchObject([{ reason: REJECT.absent }]);
  });

  it('a neighbour that asks for the same digest list again and again is turned away', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (let i = 0; i < 5; i++)
      driver.hear('a', { type: 'digests-request', segment: held.info.id });
    expect(driver.sent('a', 'digests')).toHaveLength(2);
    expect(driver.sent('a', 'reject').map(({ reason }) => reason)).toEqual([
      REJECT.busy,
      REJECT.busy,
      REJECT.busy,
    ]);
  });

  it('SWM-9 one piece at most is in a neighbour’s send buffer', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (let index = 0; index < 3; index++)
      driver.hear('a', { type: 'request', segment: held.info.id, index, count: 1 });
    driver.advance(5_000);
    expect(driver.sent('a', 'piece').map(({ index }) => index)).toEqual([0]);
    for (let sent = 2; sent <= 4; sent++) {
      driver.step({ type: 'link-drained', peer: peerId('a') });
      expect(driver.sent('a', 'piece')).toHaveLength(Math.min(sent, 3));
    }
    expect(driver.engine.stats().uploadedBytes).toBe(3 * 16_384);
  });

  it('SWM-9 the neighbour whose request is oldest is served first', () => {
    const peers = ['a', 'b', 'c', 'd', 'e'];
    const driver = watchingViewer();
    for (const peer of peers) driver.meet(peer);
    for (const peer of peers)
      driver.hear(peer, { type: 'request', segment: held.info.id, index: 0, count: 1 });
    const order = (): readonly string[] =>
      driver.all('send').flatMap(({ peer, message }) => (message.type === 'piece' ? [peer] : []));
    expect(order()).toEqual(['a', 'b', 'c']);
    driver.hear('a', { type: 'request', segment: held.info.id, index: 1, count: 1 });
    for (const peer of ['b', 'a', 'c']) driver.step({ type: 'link-drained', peer: peerId(peer) });
    expect(order()).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
  });

  it('SWM-9 neighbours that have stopped reading do not keep the others from being served', () => {
    const driver = watchingViewer();
    for (const peer of ['a', 'b', 'c', 'd']) driver.meet(peer);
    for (const peer of ['a', 'b', 'c', 'd'])
      driver.hear(peer, { type: 'request', segment: held.info.id, index: 0, count: 1 });
    expect(driver.sent('d', 'piece')).toEqual([]);
    driver.advance(ENGINE.uploadSlotMs);
    expect(driver.sent('d', 'piece')).toHaveLength(1);
  });

  it('PEER-5 the pieces of one request are sent one after the other, those cancelled left out', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.hear('a', { type: 'request', segment: held.info.id, index: 2, count: 4 });
    expect(driver.sent('a', 'piece')).toHaveLength(1);
    driver.step({ type: 'link-drained', peer: peerId('a') });
    driver.hear('a', { type: 'cancel', segment: held.info.id, index: 4, count: 2 });
    driver.step({ type: 'link-drained', peer: peerId('a') });
    expect(driver.sent('a', 'piece').map(({ index }) => index)).toEqual([2, 3]);
  });

  it('PEER-7 of a request that is held in part, the rest is refused', () => {
    const driver = watchingViewer();
    driver.announce(wanted);
    driver.play(11, 60_000);
    driver.meet('a');
    driver.have(wanted, 'a', [2]);
    driver.hearDigests(wanted, 'a');
    driver.advance(ENGINE.pullJitterMs);
    driver.serve(wanted, 'a');
    driver.hear('a', { type: 'request', segment: wanted.info.id, index: 1, count: 3 });
    expect(driver.sent('a', 'piece').map(({ index }) => index)).toEqual([2]);
    expect(driver.sent('a', 'reject').map(({ index }) => index)).toEqual([1, 3]);
  });

  it('a cancelled request is not served', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (let index = 0; index < 3; index++)
      driver.hear('a', { type: 'request', segment: held.info.id, index, count: 1 });
    driver.hear('a', { type: 'cancel', segment: held.info.id, index: 1, count: 1 });
    for (let i = 0; i < 3; i++) driver.step({ type: 'link-drained', peer: peerId('a') });
    expect(driver.sent('a', 'piece').map(({ index }) => index)).toEqual([0, 2]);
  });

  it('a request of a neighbour that is gone is not served', () => {
    const driver = watchingViewer();
    driver.meet('a');
    for (let index = 0; index < 3; index++)
      driver.hear('a', { type: 'request', segment: held.info.id, index, count: 1 });
    driver.close('a');
    driver.step({ type: 'link-drained', peer: peerId('a') });
    expect(driver.sent('a', 'piece')).toHaveLength(1);
  });

  it('the upload cap is kept over time, and what waits for it goes as soon as it may', () => {
    const driver = watchingViewer({ uploadLimit: 32_768 });
    driver.meet('a');
    const start = driver.clock.now;
    for (let round = 0; round < 20; round++) {
      driver.hear('a', { type: 'request', segment: held.info.id, index: round % 7, count: 1 });
      driver.step({ type: 'link-drained', peer: peerId('a') });
      driver.advance(250);
      const seconds = (driver.clock.now - start) / 1_000;
      const sent = driver.engine.stats().uploadedBytes;
      // A second's worth may go at once, and the last piece may overdraw.
      expect(sent).toBeLessThanOrEqual(32_768 * (seconds + 1) + 16_384);
    }
    expect(driver.engine.stats().uploadedBytes).toBeGreaterThanOrEqual(32_768 * 4);
  });
});
