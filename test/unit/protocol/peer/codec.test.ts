import {
  BYE,
  decodePeerMessage,
  encodePeerMessage,
  FRAME,
  LIMITS,
  pieceCount,
  type PeerMessage,
  REJECT,
} from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renditionId } from '../../../support/builders.ts';

const uint32 = fc.nat(0xffff_ffff);
const index = fc.nat(LIMITS.piecesPerSegment - 1);
const segment = fc.record({
  rendition: fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/).map(renditionId),
  epoch: uint32,
  msn: uint32,
});

const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({ type: fc.constant('hello'), version: fc.nat(255), shares: fc.boolean() }),
  fc.tuple(segment, fc.integer({ min: 1, max: LIMITS.piecesPerSegment })).chain(([id, pieces]) => {
    const length = Math.ceil(pieces / 8);
    return fc.record({
      type: fc.constant('have'),
      segment: fc.constant(id),
      pieces: fc.constant(pieces),
      bitmap: fc.uint8Array({ minLength: length, maxLength: length }),
    });
  }),
  fc.record({
    type: fc.constant('pieces'),
    segment,
    indexes: fc.array(index, { minLength: 1, maxLength: 40 }),
  }),
  fc.tuple(segment, fc.integer({ min: 1, max: LIMITS.requestPieces })).chain(([id, count]) =>
    fc.record({
      type: fc.constantFrom('request', 'cancel'),
      segment: fc.constant(id),
      index: fc.nat(LIMITS.piecesPerSegment - count),
      count: fc.constant(count),
    }),
  ),
  fc.record({
    type: fc.constant('piece'),
    segment,
    index,
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant('reject'),
    segment,
    index,
    reason: fc.constantFrom(...Object.values(REJECT)),
  }),
  fc.record({ type: fc.constant('digests-request'), segment }),
  fc.record({
    type: fc.constant('digests'),
    segment,
    list: fc
      .integer({ min: 1, max: 9 })
      .chain((n) => fc.uint8Array({ minLength: 32 * n, maxLength: 32 * n })),
  }),
  fc.tuple(segment, fc.integer({ min: 1, max: 9 * LIMITS.pieceBytes })).chain(([id, size]) => {
    const length = 32 * pieceCount(size);
    return fc.record({
      type: fc.constant('claim'),
      segment: fc.constant(id),
      size: fc.constant(size),
      list: fc.uint8Array({ minLength: length, maxLength: length }),
    });
  }),
  fc.tuple(segment, index, index).map(([id, a, b]): PeerMessage => ({
    type: 'fetching',
    segment: id,
    from: Math.min(a, b),
    to: Math.max(a, b) + 1,
  })),
  fc.record({ type: fc.constant('sharing'), shares: fc.boolean() }),
  fc.record({ type: fc.constant('bye'), reason: fc.constantFrom(...Object.values(BYE)) }),
);

const ID = { rendition: renditionId('r'.repeat(32)), epoch: 1_700_000_000, msn: 0xffff_ffff };

function decodes(frame: Uint8Array): boolean {
  return decodePeerMessage(frame).ok;
}

describe('frames of the data channel', () => {
  it('PEER-2 every message comes back as it was sent', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decodePeerMessage(encodePeerMessage(sent))).toEqual({ ok: true, value: sent });
      }),
      { numRuns: 1_000 },
    );
  });

  it('PEER-2 a frame is read wherever it lies in its buffer', () => {
    fc.assert(
      fc.property(message, fc.nat(9), (sent, before) => {
        const frame = encodePeerMessage(sent);
        const buffer = new Uint8Array(before + frame.length + 5).fill(0xee);
        buffer.set(frame, before);
        const view = buffer.subarray(before, before + frame.length);
        expect(decodePeerMessage(view)).toEqual({ ok: true, value: sent });
      }),
    );
  });

  it('PEER-2 lays a request out as kind, segment, index and count, big-endian', () => {
    const id = { rendition: renditionId('hd'), epoch: 0x01020304, msn: 0x0a0b0c0d };
    expect(encodePeerMessage({ type: 'request', segment: id, index: 0x0102, count: 3 })).toEqual(
      Uint8Array.of(4, 2, 104, 100, 1, 2, 3, 4, 10, 11, 12, 13, 1, 2, 3),
    );
  });

  it('PEER-1 a longer hello of a later version is still a hello', () => {
    const value = { type: 'hello', version: 9, shares: true };
    expect(decodePeerMessage(Uint8Array.of(1, 9, 0xff, 4, 5))).toEqual({ ok: true, value });
  });

  it('PEER-3 a frame cut short is refused, or is another whole message', () => {
    fc.assert(
      fc.property(
        message,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (sent, part) => {
          const frame = encodePeerMessage(sent);
          const read = decodePeerMessage(frame.subarray(0, Math.floor(frame.length * part)));
          if (read.ok) expect(['pieces', 'piece', 'digests']).toContain(read.value.type);
          if (read.ok) expect(read.value.type).toBe(sent.type);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('PEER-3 a byte too many is refused where the length is not the payload', () => {
    fc.assert(
      fc.property(message, fc.nat(255), (sent, extra) => {
        const frame = encodePeerMessage(sent);
        const longer = Uint8Array.of(...frame, extra);
        expect(decodes(longer)).toBe(sent.type === 'hello' || sent.type === 'piece');
      }),
    );
  });

  it('PEER-3 arbitrary bytes never throw, and what is read keeps the limits', () => {
    const kind = fc.nat(13);
    const bytes = fc.tuple(kind, fc.nat(34), fc.uint8Array({ maxLength: 120 }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          bytes.map(([k, n, rest]) => Uint8Array.of(k, n, ...rest)),
        ),
        (frame) => {
          const read = decodePeerMessage(frame);
          if (!read.ok) return;
          if ('index' in read.value) expect(read.value.index).toBeLessThan(LIMITS.piecesPerSegment);
          expect(decodePeerMessage(encodePeerMessage(read.value))).toEqual(read);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('PEER-3 arbitrary bytes after a good header never throw', () => {
    fc.assert(
      fc.property(segment, fc.nat(13), fc.uint8Array({ maxLength: 80 }), (id, kind, rest) => {
        const head = encodePeerMessage({ type: 'digests-request', segment: id });
        const read = decodePeerMessage(Uint8Array.of(kind, ...head.subarray(1), ...rest));
        if (read.ok && 'segment' in read.value) expect(read.value.segment).toEqual(id);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', []],
    ['an unknown kind', [99, 1, 97, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['kind 0', [0, 1, 97, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a hello without flags', [FRAME.hello, 1]],
    ['a bye without a reason', [FRAME.bye]],
    ['a bye with an unknown reason', [FRAME.bye, 77]],
    ['a bye with more', [FRAME.bye, 1, 1]],
    ['an empty rendition', [FRAME.digestsRequest, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a rendition with a slash', [FRAME.digestsRequest, 1, 47, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a rendition beyond ASCII', [FRAME.digestsRequest, 1, 0xe4, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a rendition longer than SEG-1', [FRAME.digestsRequest, 33, ...Array<number>(41).fill(97)]],
  ])('PEER-3 %s is refused', (_, frame) => {
    expect(decodes(Uint8Array.from(frame))).toBe(false);
  });
});

describe('limits of a frame', () => {
  const piece = (payload: number) =>
    encodePeerMessage({ type: 'piece', segment: ID, index: 0, payload: new Uint8Array(payload) });

  it('LIM-1 a piece has from 1 to 16,384 bytes', () => {
    expect(decodes(piece(1))).toBe(true);
    expect(decodes(piece(LIMITS.pieceBytes))).toBe(true);
    expect(decodes(piece(0))).toBe(false);
    expect(decodes(piece(LIMITS.pieceBytes + 1))).toBe(false);
  });

  it('LIM-2 piece 2,047 is the last there can be', () => {
    const last = LIMITS.piecesPerSegment - 1;
    for (const type of ['request', 'cancel'] as const) {
      const request = (index: number, count: number): Uint8Array =>
        encodePeerMessage({ type, segment: ID, index, count });
      expect(decodes(request(last, 1))).toBe(true);
      expect(decodes(request(last - 1, 2))).toBe(true);
      expect(decodes(request(last, 2))).toBe(false);
      expect(decodes(request(last + 1, 1))).toBe(false);
    }
    const payload = Uint8Array.of(1);
    const busy = REJECT.busy;
    for (const [at, ok] of [
      [last, true],
      [last + 1, false],
    ] as const) {
      const messages: readonly PeerMessage[] = [
        { type: 'piece', segment: ID, index: at, payload },
        { type: 'reject', segment: ID, index: at, reason: busy },
        { type: 'pieces', segment: ID, indexes: [0, at] },
        { type: 'fetching', segment: ID, from: 0, to: at + 1 },
        {
          type: 'have',
          segment: ID,
          pieces: at + 1,
          bitmap: new Uint8Array(Math.ceil((at + 1) / 8)),
        },
        { type: 'digests', segment: ID, list: new Uint8Array((at + 1) * 32) },
        {
          type: 'claim',
          segment: ID,
          size: (at + 1) * LIMITS.pieceBytes,
          list: new Uint8Array((at + 1) * 32),
        },
        { type: 'pieces', segment: ID, indexes: Array.from({ length: at + 1 }, () => 0) },
      ];
      for (const sent of messages) expect(decodes(encodePeerMessage(sent)), sent.type).toBe(ok);
    }
  });

  it('LIM-3 the largest piece and the largest digest list fit; no other frame is larger', () => {
    expect(piece(LIMITS.pieceBytes).length).toBeLessThanOrEqual(LIMITS.peerFrameBytes);
    const list = new Uint8Array(LIMITS.piecesPerSegment * 32);
    const digests = encodePeerMessage({ type: 'digests', segment: ID, list });
    expect(digests.length).toBeLessThanOrEqual(LIMITS.digestFrameBytes);
    expect(decodes(digests)).toBe(true);
    const size = LIMITS.piecesPerSegment * LIMITS.pieceBytes;
    const claim = encodePeerMessage({ type: 'claim', segment: ID, size, list });
    expect(claim.length).toBeLessThanOrEqual(LIMITS.digestFrameBytes);
    expect(decodes(claim)).toBe(true);
    for (const kind of [0, ...Object.values(FRAME)]) {
      const large: readonly number[] = [FRAME.digests, FRAME.claim];
      const limit = large.includes(kind) ? LIMITS.digestFrameBytes : LIMITS.peerFrameBytes;
      const frame = new Uint8Array(limit + 1).fill(1);
      frame[0] = kind;
      expect(decodes(frame)).toBe(false);
    }
    const hello = new Uint8Array(LIMITS.peerFrameBytes).fill(1);
    expect(decodes(hello)).toBe(true);
  });

  it.each([
    { type: 'pieces', segment: ID, indexes: [] },
    { type: 'digests', segment: ID, list: new Uint8Array(0) },
    { type: 'digests', segment: ID, list: new Uint8Array(33) },
    { type: 'claim', segment: ID, size: 0, list: new Uint8Array(0) },
    { type: 'claim', segment: ID, size: LIMITS.pieceBytes, list: new Uint8Array(64) },
    { type: 'claim', segment: ID, size: LIMITS.pieceBytes + 1, list: new Uint8Array(32) },
    { type: 'have', segment: ID, pieces: 0, bitmap: new Uint8Array(0) },
    { type: 'have', segment: ID, pieces: 9, bitmap: new Uint8Array(1) },
    { type: 'have', segment: ID, pieces: 8, bitmap: new Uint8Array(2) },
    { type: 'fetching', segment: ID, from: 3, to: 3 },
    { type: 'fetching', segment: ID, from: 4, to: 3 },
  ] satisfies readonly PeerMessage[])(
    'PEER-3 a $type that says nothing or contradicts itself is refused',
    (sent) => {
      expect(decodes(encodePeerMessage(sent))).toBe(false);
    },
  );

  it('a piece and a have-map are views of the frame, not copies', () => {
    const frame = piece(10);
    const read = decodePeerMessage(frame);
    expect(read.ok && read.value.type === 'piece' && read.value.payload.buffer).toBe(frame.buffer);
  });
});
