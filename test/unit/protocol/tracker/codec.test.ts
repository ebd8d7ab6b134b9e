import {
  type ClientMessage,
  LIMITS,
  parseClientMessage,
  parseTrackerMessage,
  toBase64Url,
  type TrackerMessage,
} from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelId, originSegment, peerId, renditionId } from '../../../support/builders.ts';

const uint32 = fc.nat(0xffff_ffff);
const text = (maxLength: number) =>
  fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{1,${maxLength}}$`));
const peer = text(20).map(peerId);
const channel = text(64).map(channelId);
const session = fc.string({ minLength: 1, maxLength: 24 });
const signal = fc.oneof(
  fc.record({ kind: fc.constantFrom('offer', 'answer'), sdp: fc.string() }),
  fc.record({
    kind: fc.constant('candidate'),
    candidate: fc.string(),
    sdpMid: fc.option(fc.string({ maxLength: 64 })),
    sdpMLineIndex: fc.option(fc.nat(255)),
  }),
);

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record(
    {
      action: fc.constant('join'),
      version: uint32,
      channel,
      shares: fc.boolean(),
      key: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toBase64Url),
    },
    { requiredKeys: ['action', 'version', 'channel', 'shares'] },
  ),
  fc.record({
    action: fc.constant('update'),
    rendition: text(32).map(renditionId),
    epoch: uint32,
    lo: uint32,
    hi: fc.oneof(uint32, fc.constant(-1)),
    next: uint32,
    also: fc.array(text(32).map(renditionId), { maxLength: LIMITS.otherRenditions }),
    neighbours: uint32,
    want: fc.nat(LIMITS.maxNeighbours),
    shares: fc.boolean(),
    received: fc.array(fc.record({ peer, bytes: uint32 }), { maxLength: LIMITS.reportsPerUpdate }),
    bad: fc.array(
      fc.record(
        { peer, reason: fc.constantFrom('corrupt', 'unreachable'), session },
        { requiredKeys: ['peer', 'reason'] },
      ),
      { maxLength: LIMITS.reportsPerUpdate },
    ),
  }),
  fc.record({ action: fc.constant('signal'), to: peer, session, signal }),
  fc.constant({ action: 'leave' } as const),
);

const { info } = originSegment(7, { pieces: 1 });
const trackerMessage: fc.Arbitrary<TrackerMessage> = fc.oneof(
  fc.record({
    action: fc.constant('welcome'),
    version: uint32,
    peer,
    channel,
    updateIntervalMs: uint32,
    viewers: uint32,
  }),
  fc.record({ action: fc.constant('introduce'), peer, session, initiator: fc.boolean() }),
  fc.record({ action: fc.constant('signal'), from: peer, session, signal }),
  fc.record({
    action: fc.constant('segment'),
    segment: fc.record({
      id: fc.record({ rendition: text(32).map(renditionId), epoch: uint32, msn: uint32 }),
      size: fc.integer({ min: 1, max: 33_554_432 }),
      durationMs: uint32,
      root: fc.constant(info.root),
    }),
    viewers: uint32,
    duties: fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: LIMITS.piecesPerSegment }), fc.nat(), uint32)
        .map(([of, n, rank]) => ({ stripe: n % of, of, rank })),
      { maxLength: LIMITS.dutiesPerSegment },
    ),
  }),
  fc.record({ action: fc.constant('gone'), peer }),
  fc.record({
    action: fc.constant('error'),
    code: fc.constantFrom('bad-message', 'not-joined', 'banned'),
    message: fc.string(),
  }),
);

const UPDATE = {
  action: 'update',
  rendition: 'source',
  epoch: 1,
  lo: 0,
  hi: -1,
  next: 0,
  neighbours: 0,
  want: 8,
  shares: true,
  received: [] as readonly unknown[],
  bad: [] as readonly unknown[],
};
const CANDIDATE = { kind: 'candidate', candidate: '', sdpMid: null, sdpMLineIndex: null };
const SEGMENT = { action: 'segment', segment: info, viewers: 3, duties: [] as readonly unknown[] };

const isUpdate = (change: object): boolean => parseClientMessage({ ...UPDATE, ...change }).ok;
const isSegment = (change: object): boolean => parseTrackerMessage({ ...SEGMENT, ...change }).ok;

/** A signal as both sides of the tracker read it; they must agree. */
function isSignal(change: object): boolean {
  const fields = { action: 'signal', session: 's', to: 'a', from: 'a', ...change };
  const sent = parseClientMessage(fields).ok;
  expect(parseTrackerMessage(fields).ok).toBe(sent);
  return sent;
}

describe('what a viewer says to the tracker', () => {
  it('TRK-3 comes back as it was sent, over JSON and with unknown fields ignored', () => {
    fc.assert(
      fc.property(clientMessage, (sent) => {
        const json: unknown = JSON.parse(JSON.stringify({ ...sent, later: [1, 2] }));
        expect(parseClientMessage(json)).toEqual({ ok: true, value: sent });
      }),
      { numRuns: 500 },
    );
  });

  it('TRK-3 never throws on arbitrary JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseClientMessage(value).ok).toBe(false);
        expect(parseTrackerMessage(value).ok).toBe(false);
      }),
    );
  });

  it('TRK-3 never throws on a message with any field replaced', () => {
    fc.assert(
      fc.property(clientMessage, fc.nat(12), fc.jsonValue(), (sent, n, junk) => {
        const key = Object.keys(sent)[n % Object.keys(sent).length] ?? '';
        expect(typeof parseClientMessage({ ...sent, [key]: junk }).ok).toBe('boolean');
      }),
      { numRuns: 1_000 },
    );
  });

  it('TRK-3 refuses fields of the wrong type or out of range', () => {
    expect(isUpdate({})).toBe(true);
    for (const change of [
      { rendition: '' },
      { epoch: -1 },
      { lo: -1 },
      { hi: -2 },
      { next: 1.5 },
      { next: '1' },
      { neighbours: null },
      { want: LIMITS.maxNeighbours + 1 },
      { shares: 1 },
      { received: {} },
      { received: { length: 3 } },
      { received: [null] },
      { received: [{ peer: 'a', bytes: -1 }] },
      { received: [{ peer: '../a', bytes: 1 }] },
      { bad: undefined },
      { bad: [{ peer: 'a', reason: 'slander' }] },
    ])
      expect(isUpdate(change), JSON.stringify(change)).toBe(false);
    for (const message of [
      { action: 'join', version: 1, channel: 'a/b', shares: true },
      { action: 'join', version: 1, channel: 'a' },
      { action: 'join', version: '1', channel: 'a', shares: true },
      { action: 'join', version: 1, channel: 'a', shares: true, key: 7 },
      { action: 'join', version: 1, channel: 'a', shares: true, key: 'A'.repeat(21) },
      { action: 'join', version: 1, channel: 'a', shares: true, key: `${'A'.repeat(21)}/` },
      { action: 'announce' },
      { action: 7 },
      ['join'],
    ])
      expect(parseClientMessage(message).ok).toBe(false);
  });

  it('SWM-20 an update names four other renditions at most', () => {
    expect(isUpdate({ also: ['a', 'b', 'c', 'd'] })).toBe(true);
    expect(isUpdate({ also: ['a', 'b', 'c', 'd', 'e'] })).toBe(false);
    expect(isUpdate({ also: ['../'] })).toBe(false);
    expect(isUpdate({ also: 'audio' })).toBe(false);
  });

  it('LIM-7 an update reports on 16 neighbours at most, and a longer list is not walked', () => {
    const of = (length: number, report: object): readonly object[] =>
      Array.from({ length }, () => report);
    const received = { peer: 'a', bytes: 1 };
    const bad = { peer: 'a', reason: 'corrupt' };
    expect(isUpdate({ received: of(16, received), bad: of(16, bad) })).toBe(true);
    expect(isUpdate({ received: of(17, received) })).toBe(false);
    expect(isUpdate({ bad: of(17, bad) })).toBe(false);
    const trap = Object.defineProperty(of(17, received).slice(), 0, {
      get: () => expect.unreachable('walked'),
    });
    expect(isUpdate({ received: trap })).toBe(false);
  });

  it('LIM-8 a viewer wants 12 neighbours at most', () => {
    expect(isUpdate({ want: 12 })).toBe(true);
    expect(isUpdate({ want: 13 })).toBe(false);
  });
});

describe('signals', () => {
  it('LIM-6 carry 8,192 bytes of SDP or candidate at most', () => {
    for (const kind of ['offer', 'answer']) {
      expect(isSignal({ signal: { kind, sdp: 'x'.repeat(8_192) } })).toBe(true);
      expect(isSignal({ signal: { kind, sdp: 'x'.repeat(8_193) } })).toBe(false);
    }
    expect(isSignal({ signal: { ...CANDIDATE, candidate: 'x'.repeat(8_192) } })).toBe(true);
    expect(isSignal({ signal: { ...CANDIDATE, candidate: 'x'.repeat(8_193) } })).toBe(false);
  });

  it('TRK-3 have a known kind, a short session and a candidate of the right shape', () => {
    expect(isSignal({ signal: CANDIDATE })).toBe(true);
    for (const change of [
      { signal: undefined },
      { signal: 'offer' },
      { signal: { kind: 'rollback', sdp: '' } },
      { signal: { kind: 'offer' } },
      { signal: { ...CANDIDATE, sdpMid: 5 } },
      { signal: { ...CANDIDATE, sdpMid: 'm'.repeat(65) } },
      { signal: { ...CANDIDATE, sdpMLineIndex: 256 } },
      { signal: { ...CANDIDATE, sdpMLineIndex: -1 } },
      { signal: CANDIDATE, session: '' },
      { signal: CANDIDATE, session: 's'.repeat(25) },
      { signal: CANDIDATE, session: 5 },
      { signal: CANDIDATE, to: '', from: '' },
    ])
      expect(isSignal(change), JSON.stringify(change)).toBe(false);
  });
});

describe('what the tracker says to a viewer', () => {
  it('comes back as it was sent, over JSON and with unknown fields ignored', () => {
    fc.assert(
      fc.property(trackerMessage, (sent) => {
        const json: unknown = JSON.parse(JSON.stringify({ ...sent, later: [1, 2] }));
        expect(parseTrackerMessage(json)).toEqual({ ok: true, value: sent });
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on a message with any field replaced', () => {
    fc.assert(
      fc.property(trackerMessage, fc.nat(12), fc.jsonValue(), (sent, n, junk) => {
        const key = Object.keys(sent)[n % Object.keys(sent).length] ?? '';
        expect(typeof parseTrackerMessage({ ...sent, [key]: junk }).ok).toBe('boolean');
      }),
      { numRuns: 1_000 },
    );
  });

  it('LIM-9 a segment comes with 8 duties at most', () => {
    const duties = (length: number) =>
      Array.from({ length }, (_, stripe) => ({ stripe, of: 16, rank: 0 }));
    expect(isSegment({ duties: duties(8) })).toBe(true);
    expect(isSegment({ duties: duties(9) })).toBe(false);
  });

  it('is refused where a field is of the wrong type or out of range', () => {
    expect(isSegment({})).toBe(true);
    const duty = { stripe: 0, of: 2, rank: 0 };
    for (const change of [
      { segment: null },
      { segment: { ...info, id: null } },
      { segment: { ...info, id: { ...info.id, msn: -1 } } },
      { segment: { ...info, size: 0 } },
      { segment: { ...info, size: 33_554_433 } },
      { segment: { ...info, durationMs: -1 } },
      { segment: { ...info, root: 'x' } },
      { viewers: -1 },
      { duties: {} },
      { duties: [null] },
      { duties: [{ ...duty, stripe: 2 }] },
      { duties: [{ ...duty, of: 0 }] },
      { duties: [{ ...duty, of: LIMITS.piecesPerSegment + 1 }] },
      { duties: [{ ...duty, rank: 0.5 }] },
    ])
      expect(isSegment(change), JSON.stringify(change)).toBe(false);
    for (const message of [
      { action: 'welcome', version: 1, peer: '', channel: 'a', updateIntervalMs: 1, viewers: 1 },
      { action: 'welcome', version: 1, peer: 'a', channel: '', updateIntervalMs: 1, viewers: 1 },
      { action: 'welcome', version: 1, peer: 'a', channel: 'a', updateIntervalMs: -1, viewers: 1 },
      { action: 'introduce', peer: 'a', session: 's' },
      { action: 'introduce', peer: '!', session: 's', initiator: true },
      { action: 'gone' },
      { action: 'error', code: 5, message: '' },
      { action: 'else' },
    ])
      expect(parseTrackerMessage(message).ok).toBe(false);
  });

  it('a code that a later tracker may add is taken as it is', () => {
    const value = { action: 'error', code: 'new-code', message: 'text' };
    expect(parseTrackerMessage(value)).toEqual({ ok: true, value });
  });
});
