import { ENGINE } from '@shoal/client-sdk/core';
import { BYE, type PeerMessage, REJECT } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { originSegment, peerId, pieceOf } from '../../../support/builders.ts';
import type { EngineDriver } from '../../../support/engine-driver.ts';
import { watchingViewer } from '../../../support/watching-viewer.ts';

const held = originSegment(10);
const wanted = originSegment(11);
const id = wanted.info.id;

/** A viewer with neighbours that hold `wanted` and have given its digest list. */
function pulling(
  peers: readonly string[],
  options: ConstructorParameters<typeof EngineDriver>[0] = {},
): EngineDriver {
  const driver = watchingViewer(options);
  driver.announce(wanted);
  for (const peer of peers) driver.meet(peer);
  for (const peer of peers) driver.have(wanted, peer);
  const [first] = peers;
  if (first !== undefined) driver.hearDigests(wanted, first);
  return driver;
}

function outcome(driver: EngineDriver, peer: string): unknown {
  return [driver.sent(peer, 'bye').map(({ reason }) => reason), driver.all('disconnect')];
}

describe('greeting', () => {
  it('PEER-1 hello is the first frame, with the version and whether this viewer shares', () => {
    for (const shares of [true, false]) {
      const driver = watchingViewer({ shares });
      driver.introduce('a');
      expect(driver.all('connect')).toMatchObject([{ peer: 'a', session: 's', initiator: true }]);
      const effects = driver.step({ type: 'link-open', peer: peerId('a') });
      const hello = { type: 'hello', version: 1, shares };
      expect(effects[0]).toEqual({ type: 'send', peer: 'a', message: hello });
      expect(driver.all('send')).toHaveLength(1);
    }
  });

  it('PEER-1 another version is told bye (incompatible) and left', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.step({ type: 'link-open', peer: peerId('a') });
    driver.hear('a', { type: 'hello', version: 2, shares: true });
    expect(outcome(driver, 'a')).toEqual([[BYE.incompatible], [{ type: 'disconnect', peer: 'a' }]]);
  });

  it('PEER-3 a frame before hello, and a second hello, are violations', () => {
    const early = watchingViewer();
    early.introduce('a');
    early.step({ type: 'link-open', peer: peerId('a') });
    early.have(wanted, 'a');
    expect(outcome(early, 'a')).toEqual([[BYE.violation], [{ type: 'disconnect', peer: 'a' }]]);
    const twice = watchingViewer();
    twice.meet('a');
    twice.hear('a', { type: 'hello', version: 1, shares: true });
    expect(twice.sent('a', 'bye')).toEqual([{ type: 'bye', reason: BYE.violation }]);
  });

  it('PEER-9 a bye before hello ends it: what comes after is not listened to', () => {
    const driver = watchingViewer();
    driver.introduce('a');
    driver.step({ type: 'link-open', peer: peerId('a') });
    driver.hear('a', { type: 'bye', reason: BYE.leaving });
    expect(driver.all('disconnect')).toHaveLength(1);
    driver.hear('a', { type: 'hello', version: 1, shares: true });
    expect(driver.engine.stats().peers).toBe(0);
    expect(driver.all('disconnect')).toHaveLength(1);
  });

  it('PEER-4 a new neighbour hears at once what is held, and nothing of what is not', () => {
    const driver = watchingViewer();
    driver.announce(wanted);
    driver.meet('a');
    expect(driver.sent('a', 'have')).toEqual([
      { type: 'have', segment: held.info.id, pieces: 8, bitmap: Uint8Array.of(0xff) },
    ]);
  });

  it('PEER-7 a viewer that does not share announces nothing', () => {
    const driver = watchingViewer({ shares: false });
    driver.meet('a');
    driver.announce(wanted, [{ stripe: 0, of: 1, rank: 0 }]);
    driver.answerAll();
    driver.advance(100);
    expect([...driver.sent('a', 'have'), ...driver.sent('a', 'pieces')]).toEqual([]);
  });
});

describe('violations', () => {
  const FRAMES: readonly (readonly [string, Uint8Array | PeerMessage])[] = [
    ['an empty frame', new Uint8Array(0)],
    ['noise', Uint8Array.of(200, 1, 2, 3)],
    ['a frame beyond LIM-3', new Uint8Array(70_000).fill(5)],
    [
      'a have-map of another size',
      { type: 'have', segment: id, pieces: 9, bitmap: new Uint8Array(2) },
    ],
    ['a piece beyond the end', { type: 'pieces', segment: id, indexes: [8] }],
    ['a request beyond the end', { type: 'request', segment: id, index: 8, count: 1 }],
    ['a promise beyond the end', { type: 'fetching', segment: id, from: 7, to: 9 }],
  ];

  it.each(FRAMES)('PEER-3 %s is told bye (violation), closed, and not met again', (_, frame) => {
    const driver = watchingViewer();
    driver.announce(wanted);
    driver.meet('a');
    driver.forget();
    if (frame instanceof Uint8Array) driver.hearBytes('a', frame);
    else driver.hear('a', frame);
    expect(outcome(driver, 'a')).toEqual([[BYE.violation], [{ type: 'disconnect', peer: 'a' }]]);
    driver.close('a');
    driver.introduce('a');
    expect(driver.all('connect')).toEqual([]);
  });

  it('PEER-3 what is known of a listed segment counts before it is worked on', () => {
    const driver = watchingViewer();
    const far = originSegment(40);
    driver.list([far]);
    driver.meet('a');
    driver.hear('a', { type: 'pieces', segment: far.info.id, indexes: [8] });
    expect(driver.sent('a', 'bye')).toEqual([{ type: 'bye', reason: BYE.violation }]);
  });

  it('PEER-9 a neighbour that said bye is disconnected, and what was asked of it is free again', () => {
    const driver = pulling(['a', 'b']);
    const [lost] = driver.sent('a', 'request');
    driver.hear('a', { type: 'bye', reason: BYE.leaving });
    expect(driver.all('disconnect')).toEqual([{ type: 'disconnect', peer: 'a' }]);
    expect(driver.sent('a', 'bye')).toEqual([]);
    driver.serve(wanted, 'b');
    expect(driver.asked('b')).toContain(lost?.index);
  });

  it('frames of a stranger, or of a neighbour that is leaving, are ignored', () => {
    const driver = watchingViewer();
    driver.have(wanted, 'stranger');
    driver.meet('a');
    driver.hearBytes('a', Uint8Array.of(99));
    driver.forget();
    driver.hearBytes('a', Uint8Array.of(99));
    driver.step({ type: 'p2p', enabled: false });
    expect(driver.all('send')).toEqual([]);
    expect(driver.reports('peer-dropped')).toEqual([]);
  });
});

describe('announcements', () => {
  it('PEER-4 a piece of a neighbour is announced within 100 ms of its verification, and served from then on', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.meet('b');
    driver.announce(wanted);
    driver.have(wanted, 'b', [5]);
    driver.hearDigests(wanted, 'b');
    driver.serve(wanted, 'b');
    driver.forget();
    driver.advance(100);
    expect(driver.sent('a', 'have')).toEqual([
      { type: 'have', segment: id, pieces: 8, bitmap: Uint8Array.of(0x04) },
    ]);
    driver.hear('a', { type: 'request', segment: id, index: 5, count: 1 });
    expect(driver.sent('a', 'piece')[0]?.payload).toEqual(pieceOf(wanted, 5));
    driver.hear('a', { type: 'request', segment: id, index: 4, count: 1 });
    expect(driver.sent('a', 'reject')).toEqual([
      { type: 'reject', segment: id, index: 4, reason: REJECT.absent },
    ]);
  });

  it('PEER-4 a piece of the origin is announced within 50 ms, with what neighbours brought meanwhile', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.meet('b');
    driver.announce(wanted, [{ stripe: 0, of: 8, rank: 0 }]);
    driver.have(wanted, 'b', [5]);
    driver.hearDigests(wanted, 'b');
    driver.serve(wanted, 'b');
    driver.forget();
    driver.answerAll();
    driver.advance(50);
    expect(driver.sent('a', 'have')).toEqual([
      { type: 'have', segment: id, pieces: 8, bitmap: Uint8Array.of(0x84) },
    ]);
  });

  it('PEER-4 single pieces of a large segment are announced by number', () => {
    const large = originSegment(11, { pieces: 40 });
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(large);
    driver.have(large, 'a', [7, 8]);
    driver.hearDigests(large, 'a');
    driver.meet('b');
    driver.serve(large, 'a');
    driver.advance(100);
    const [announced] = driver.sent('b', 'pieces');
    expect(announced?.segment).toEqual(large.info.id);
    expect([...(announced?.indexes ?? [])].sort()).toEqual([7, 8]);
  });

  it('PEER-4 pieces that wait for their digest list are neither announced nor served', () => {
    const driver = watchingViewer();
    driver.meet('a');
    driver.announce(wanted, [{ stripe: 0, of: 2, rank: 0 }]);
    const fetch = driver.openFetches.find(({ url }) => url === wanted.url);
    if (fetch !== undefined) driver.answer(fetch);
    driver.forget();
    driver.advance(200);
    driver.hear('a', { type: 'request', segment: id, index: 0, count: 1 });
    expect([...driver.sent('a', 'have'), ...driver.sent('a', 'pieces')]).toEqual([]);
    expect(driver.sent('a', 'reject')).toHaveLength(1);
    driver.answerAll();
    driver.advance(50);
    expect(driver.sent('a', 'have')).toHaveLength(1);
  });

  it('LIM-4 a neighbour that announces without end is remembered for 64 segments', () => {
    const driver = watchingViewer();
    driver.announce(wanted);
    driver.meet('a');
    driver.have(wanted, 'a');
    for (let msn = 1_000; msn < 1_064; msn++)
      driver.hear('a', { type: 'pieces', segment: { ...id, msn }, indexes: [0] });
    driver.forget();
    driver.hearDigests(wanted, 'a');
    driver.advance(200);
    expect(driver.sent('a', 'request')).toEqual([]);
  });
});

describe('pieces', () => {
  it('PEER-5 one request at a time is outstanding with a neighbour', () => {
    const driver = pulling(['a', 'b']);
    for (const peer of ['a', 'b']) expect(driver.sent(peer, 'request')).toHaveLength(1);
    driver.advance(400);
    for (const peer of ['a', 'b']) expect(driver.sent(peer, 'request')).toHaveLength(1);
    driver.give(wanted, 'a', driver.sent('a', 'request')[0]?.index ?? -1);
    expect(driver.sent('a', 'request')).toHaveLength(2);
    expect(driver.sent('b', 'request')).toHaveLength(1);
  });

  it('PEER-6 a piece nobody asked for is ignored and counted, and the 16th is a violation', () => {
    const driver = pulling(['a']);
    const asked = driver.sent('a', 'request')[0]?.index ?? 0;
    const other = (asked + 1) % 8;
    for (let i = 0; i < ENGINE.unrequestedPieces - 1; i++) driver.give(wanted, 'a', other);
    expect(driver.sent('a', 'bye')).toEqual([]);
    expect(driver.engine.stats()).toMatchObject({ p2pBytes: 0, wastedBytes: 15 * 16_384 });
    driver.give(wanted, 'a', other);
    expect(driver.sent('a', 'bye')).toEqual([{ type: 'bye', reason: BYE.violation }]);
  });

  it.each([
    ['one byte changed', (bytes: Uint8Array) => bytes.fill((bytes[9] ?? 0) ^ 1, 9, 10)],
    ['cut short', (bytes: Uint8Array) => bytes.subarray(1)],
  ])(
    'PEER-6 a piece %s ends it: bye (corrupt), never again, and the tracker is told',
    (_, spoil) => {
      const driver = pulling(['a', 'b']);
      const index = driver.sent('a', 'request')[0]?.index ?? -1;
      const payload = spoil(pieceOf(wanted, index).slice());
      driver.hear('a', { type: 'piece', segment: id, index, payload });
      expect(outcome(driver, 'a')).toEqual([[BYE.corrupt], [{ type: 'disconnect', peer: 'a' }]]);
      expect(driver.reports('peer-dropped')).toMatchObject([{ reason: BYE.corrupt }]);
      driver.close('a');
      driver.introduce('a');
      expect(driver.all('connect').filter(({ peer }) => peer === 'a')).toHaveLength(1);
      driver.advance(1_500);
      const updates = driver
        .all('tracker-send')
        .flatMap(({ message }) => (message.action === 'update' ? message.bad : []));
      expect(updates).toEqual([{ peer: 'a', reason: 'corrupt' }]);
      driver.serve(wanted, 'b');
      const demand = driver.demand(wanted);
      expect(driver.delivered).toEqual([demand]);
    },
  );

  it('PEER-6 a digest list of another segment ends it as well, and another neighbour is asked', () => {
    const driver = watchingViewer();
    driver.announce(wanted);
    driver.meet('a');
    driver.meet('b');
    driver.have(wanted, 'a');
    driver.have(wanted, 'b');
    const list = originSegment(12).digests;
    expect(driver.sent('a', 'digests-request')).toHaveLength(1);
    driver.hear('a', { type: 'digests', segment: id, list });
    expect(driver.sent('a', 'bye')).toEqual([{ type: 'bye', reason: BYE.corrupt }]);
    expect(driver.sent('b', 'digests-request')).toHaveLength(1);
  });

  it('SEG-7 no piece is asked for before the digest list is known', () => {
    const driver = watchingViewer();
    driver.announce(wanted);
    driver.meet('a');
    driver.have(wanted, 'a');
    driver.advance(300);
    expect(driver.sent('a', 'request')).toEqual([]);
  });

  it('PEER-7 a neighbour without the digest list is not asked for it over and over', () => {
    const driver = watchingViewer();
    driver.announce(wanted);
    for (const peer of ['a', 'b']) {
      driver.meet(peer);
      driver.have(wanted, peer);
    }
    for (let i = 0; i < 50; i++)
      for (const peer of ['a', 'b'])
        driver.hear(peer, { type: 'reject', segment: id, index: 0, reason: REJECT.absent });
    expect(driver.sent('a', 'digests-request').length).toBe(1);
    expect(driver.sent('b', 'digests-request').length).toBe(1);
    expect(driver.openFetches.map(({ url }) => url)).toEqual([
      wanted.url.replace('.m4s', '.digests'),
    ]);
  });

  it('PEER-7 a rejected piece is asked of another neighbour, and again of this one as the reason allows', () => {
    for (const [reason, again] of [
      [REJECT.absent, false],
      [REJECT.busy, true],
      [REJECT.notSharing, false],
    ] as const) {
      const driver = pulling(['a']);
      const index = driver.sent('a', 'request')[0]?.index ?? -1;
      driver.have(wanted, 'a', [index]);
      driver.forget();
      driver.hear('a', { type: 'reject', segment: id, index, reason });
      expect(driver.sent('a', 'request')).toEqual([]);
      driver.advance(200);
      expect(driver.sent('a', 'request')).toHaveLength(again ? 1 : 0);
      driver.meet('b');
      driver.have(wanted, 'b', [index]);
      if (!again) expect(driver.sent('b', 'request')).toMatchObject([{ index }]);
    }
  });
});
