import { ENGINE } from '@shoal/client-sdk/core';
import { type ClientUpdate, LIMITS, parseClientMessage } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId } from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

function updates(driver: EngineDriver): readonly ClientUpdate[] {
  return driver
    .all('tracker-send')
    .flatMap(({ message }) => (message.action === 'update' ? [message] : []));
}

describe('joining', () => {
  it('TRK-1 the first message on every new socket is a join', () => {
    const driver = new EngineDriver({ shares: false });
    driver.list([originSegment(10)]);
    driver.goToTracker();
    for (let socket = 0; socket < 2; socket++) {
      driver.forget();
      driver.step({ type: 'tracker-open' });
      expect(driver.all('tracker-send').map(({ message }) => message)).toEqual([
        { action: 'join', version: 1, channel: 'demo', shares: false },
      ]);
      driver.step({ type: 'tracker-closed' });
    }
  });

  it('TRK-21 every join carries the viewer’s key', () => {
    const key = 'A'.repeat(22);
    const driver = new EngineDriver({ key });
    driver.list([originSegment(10)]);
    driver.goToTracker();
    for (let socket = 0; socket < 2; socket++) {
      driver.step({ type: 'tracker-open' });
      driver.step({ type: 'tracker-closed' });
    }
    expect(driver.all('tracker-send').map(({ message }) => message)).toEqual(
      [0, 1].map(() => ({ action: 'join', version: 1, channel: 'demo', shares: true, key })),
    );
  });

  it('SWM-52 an introduction to a neighbour that it has, by a new tracker, costs neither link nor request', () => {
    const driver = watchingViewer();
    const segment = originSegment(11);
    driver.meet('a');
    driver.announce(segment);
    driver.have(segment, 'a');
    driver.hearDigests(segment, 'a');
    driver.step({ type: 'tracker-closed' });
    driver.join();
    driver.forget();
    expect(driver.introduce('a')).toEqual([]);
    driver.tell({ action: 'introduce', peer: peerId('a'), session: 't', initiator: false });
    const offer = { kind: 'offer', sdp: 'v=0' } as const;
    driver.tell({ action: 'signal', from: peerId('a'), session: 't', signal: offer });
    for (const kind of ['connect', 'disconnect', 'link-signal'] as const)
      expect(driver.all(kind)).toEqual([]);
    expect(driver.sent('a', 'cancel')).toEqual([]);
    driver.give(segment, 'a', 0);
    expect(driver.engine.stats().p2pBytes).toBe(16_384);
  });

  it('the tracker is looked for once a channel is known, and not while P2P is off', () => {
    const driver = new EngineDriver();
    driver.step({ type: 'p2p', enabled: false });
    driver.list([originSegment(10)]);
    driver.step({ type: 'tracker-open' });
    driver.advance(5_000);
    expect(driver.log).toEqual([]);
    driver.step({ type: 'p2p', enabled: true });
    driver.step({ type: 'p2p', enabled: true });
    driver.advance(5_000);
    expect(driver.all('tracker-connect')).toHaveLength(1);
  });

  it('neighbours outlive the tracker’s socket', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.step({ type: 'tracker-closed' });
    expect(driver.engine.stats().peers).toBe(1);
    driver.announce(originSegment(11));
    driver.have(originSegment(11), 'a');
    driver.hearDigests(originSegment(11), 'a');
    expect(driver.sent('a', 'request')).toHaveLength(1);
  });

  it('nothing is done on the tracker’s word after leaving it', () => {
    const driver = watchingViewer();
    driver.step({ type: 'p2p', enabled: false });
    driver.forget();
    driver.introduce('a');
    driver.announce(originSegment(11), [{ stripe: 0, of: 1, rank: 0 }]);
    driver.step({ type: 'tracker-closed' });
    driver.step({ type: 'tracker-open' });
    expect(driver.log).toEqual([]);
  });

  it.each(['p2p-off', 'revoked'] as const)(
    'TRK-24 TRK-25 %s: neighbours are left as well, and what is needed comes over HTTP',
    (code) => {
      const driver = watchingViewer();
      driver.meet('a');
      driver.tell({ action: 'error', code, message: '' });
      expect(driver.all('disconnect')).toEqual([{ type: 'disconnect', peer: peerId('a') }]);
      driver.step({ type: 'tracker-closed' });
      expect(driver.engine.stats().peers).toBe(0);
      driver.list([originSegment(11)]);
      driver.demand(originSegment(11));
      driver.advance(8_000);
      expect(driver.openFetches).toHaveLength(1);
    },
  );

  it('what the tracker refuses is reported', () => {
    const driver = watchingViewer();
    driver.tell({ action: 'error', code: 'channel-full', message: 'full' });
    expect(driver.reports('tracker-refused')).toEqual([
      { type: 'tracker-refused', code: 'channel-full', message: 'full' },
    ]);
  });
});

describe('signals', () => {
  const signal = { kind: 'offer', sdp: 'v=0' } as const;

  it('TRK-6 are passed on between a link and its peer', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.step({ type: 'link-signal', peer: peerId('a'), session: 's', signal });
    expect(driver.all('tracker-send').at(-1)?.message).toEqual({
      action: 'signal',
      to: 'a',
      session: 's',
      signal,
    });
    driver.tell({ action: 'signal', from: peerId('a'), session: 's', signal });
    expect(driver.all('link-signal')).toEqual([{ type: 'link-signal', peer: 'a', signal }]);
  });

  it('of strangers, or without the tracker, go nowhere', () => {
    const driver = watchingViewer();
    driver.tell({ action: 'signal', from: peerId('stranger'), session: 's', signal });
    driver.step({ type: 'tracker-closed' });
    driver.step({ type: 'link-signal', peer: peerId('a'), session: 's', signal });
    expect(driver.log).toEqual([]);
  });
});

describe('updates', () => {
  it('say where the viewer stands as soon as it is welcome, and are what the tracker can read', () => {
    const driver = new EngineDriver();
    const first = originSegment(10);
    driver.list([first]);
    driver.demand(first);
    driver.join();
    const [update] = updates(driver);
    expect(update).toEqual({
      action: 'update',
      rendition: 'source',
      epoch: 0,
      lo: 0,
      hi: -1,
      next: 0,
      also: [],
      neighbours: 0,
      want: ENGINE.freshLinks,
      shares: true,
      received: [],
      bad: [],
    });
    expect(parseClientMessage(update)).toEqual({ ok: true, value: update });
  });

  it('are sent on news, a second apart at least, and at the tracker’s interval without', () => {
    const driver = watchingViewer();
    const times: number[] = [];
    const start = driver.clock.now;
    for (let i = 0; i < 3_000; i++) {
      // News in every step of the first two seconds.
      if (i < 200) driver.play(11 + i, 60_000);
      driver.advance(10);
    }
    for (const { at, effect } of driver.log)
      if (effect.type === 'tracker-send') times.push(at - start);
    const gaps = times.map((at, i) => at - (times[i - 1] ?? at - 1_000));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_000);
    expect(times.filter((at) => at <= 3_000).length).toBeGreaterThanOrEqual(2);
    expect(times.length).toBeLessThanOrEqual(6);
  });

  it('hold the run of complete segments that ends with the newest', () => {
    const driver = watchingViewer();
    driver.join(1);
    for (const msn of [12, 13]) {
      const segment = originSegment(msn);
      driver.list([segment]);
      driver.demand(segment);
      driver.answerAll();
    }
    driver.advance(2_000);
    expect(updates(driver).at(-1)).toMatchObject({ epoch: 1_700_000_000, lo: 12, hi: 13 });
  });

  it('TRK-9 tell what was received from whom, once', () => {
    const driver = watchingViewer();
    const segment = originSegment(11);
    driver.announce(segment);
    driver.meet('a');
    driver.have(segment, 'a');
    driver.hearDigests(segment, 'a');
    driver.serve(segment, 'a');
    driver.advance(20_000);
    const received = updates(driver).flatMap((update) => update.received);
    expect(received).toEqual([{ peer: 'a', bytes: segment.info.size }]);
  });

  it('LIM-7 tell of 16 neighbours at most', () => {
    const driver = watchingViewer();
    for (let i = 0; i < 40; i++) {
      driver.introduce(`p${i}`);
      driver.close(`p${i}`);
    }
    driver.advance(20_000);
    const sent = updates(driver);
    expect(sent.map((update) => update.bad.length)).toContain(LIMITS.reportsPerUpdate);
    for (const update of sent) expect(parseClientMessage(update).ok).toBe(true);
  });

  it('SWM-16 ask for three neighbours at a time, and for no more than are missing', () => {
    const driver = watchingViewer();
    for (const peer of ['a', 'b', 'c']) driver.meet(peer);
    driver.advance(1_100);
    expect(updates(driver).at(-1)).toMatchObject({ neighbours: 3, want: 3 });
    for (const peer of ['d', 'e', 'f']) driver.meet(peer);
    driver.advance(1_100);
    expect(updates(driver).at(-1)).toMatchObject({ neighbours: 6, want: 2 });
  });

  it('SWM-16 a link being made is waited for, but not for long', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.introduce('b');
    driver.advance(ENGINE.freshLinkMs - 1);
    expect(updates(driver).at(-1)).toMatchObject({ neighbours: 0, want: 1 });
    driver.advance(1_100);
    expect(updates(driver).at(-1)).toMatchObject({ neighbours: 0, want: 3 });
  });
});

describe('duties', () => {
  it('wait 64 at a time, however many a tracker hands out', () => {
    const driver = watchingViewer();
    for (let i = 0; i < 30; i++)
      driver.announce(
        originSegment(11, { pieces: 100 }),
        Array.from({ length: 8 }, (_, n) => ({
          stripe: (i * 8 + n) % 100,
          of: 100,
          rank: 1,
        })),
      );
    driver.play(11, 60_000);
    driver.advance(2_000);
    expect(driver.ranges).toHaveLength(64);
  });
});
