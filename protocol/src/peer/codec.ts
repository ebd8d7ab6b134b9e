import { DIGEST_BYTES } from '../integrity.ts';
import { parseRenditionId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { assertNever, err, ok, type Result } from '../result.ts';
import { isSegmentSize, pieceCount, type SegmentId } from '../segment.ts';
import { BYE, FRAME, REJECT, type PeerMessage } from './messages.ts';

/** Whatever is wrong with a frame, its sender is dropped, and nobody asks why: a page need not carry the words. */
const BAD_FRAME = err('bad frame');

/** Encodes a message as one data-channel frame; all integers big-endian (PEER-2). */
export function encodePeerMessage(message: PeerMessage): Uint8Array<ArrayBuffer> {
  switch (message.type) {
    case 'hello':
      return Uint8Array.of(FRAME.hello, message.version, message.shares ? 1 : 0);
    case 'have': {
      const out = new Writer(FRAME.have, message.segment, 2 + message.bitmap.length);
      out.u16(message.pieces);
      out.bytes(message.bitmap);
      return out.frame;
    }
    case 'pieces': {
      const out = new Writer(FRAME.pieces, message.segment, message.indexes.length * 2);
      for (const index of message.indexes) out.u16(index);
      return out.frame;
    }
    case 'request':
    case 'cancel': {
      const out = new Writer(FRAME[message.type], message.segment, 3);
      out.u16(message.index);
      out.u8(message.count);
      return out.frame;
    }
    case 'piece': {
      const out = new Writer(FRAME.piece, message.segment, 2 + message.payload.length);
      out.u16(message.index);
      out.bytes(message.payload);
      return out.frame;
    }
    case 'reject': {
      const out = new Writer(FRAME.reject, message.segment, 3);
      out.u16(message.index);
      out.u8(message.reason);
      return out.frame;
    }
    case 'digests-request':
      return new Writer(FRAME.digestsRequest, message.segment, 0).frame;
    case 'digests': {
      const out = new Writer(FRAME.digests, message.segment, message.list.length);
      out.bytes(message.list);
      return out.frame;
    }
    case 'claim': {
      const out = new Writer(FRAME.claim, message.segment, 4 + message.list.length);
      out.u32(message.size);
      out.bytes(message.list);
      return out.frame;
    }
    case 'fetching': {
      const out = new Writer(FRAME.fetching, message.segment, 4);
      out.u16(message.from);
      out.u16(message.to);
      return out.frame;
    }
    case 'sharing':
      return Uint8Array.of(FRAME.sharing, message.shares ? 1 : 0);
    case 'bye':
      return Uint8Array.of(FRAME.bye, message.reason);
    default:
      return assertNever(message);
  }
}

/**
 * Reads one frame. Arbitrary bytes give an error, never an exception and never an allocation beyond
 * the frame itself (PEER-3). A piece's payload and a have-map are views into `frame`, not copies.
 */
export function decodePeerMessage(frame: Uint8Array): Result<PeerMessage, string> {
  const kind = frame[0];
  const limit = hasDigests(kind) ? LIMITS.digestFrameBytes : LIMITS.peerFrameBytes;
  if (frame.length > limit) return BAD_FRAME;
  if (kind === FRAME.hello) return decodeHello(frame);
  if (kind === FRAME.bye) return decodeBye(frame);
  if (kind === FRAME.sharing) return decodeSharing(frame);
  const reader = Reader.open(frame);
  if (!reader.ok) return reader;
  return decodeSegmentMessage(kind, reader.value);
}

function hasDigests(kind: number | undefined): boolean {
  return kind === FRAME.digests || kind === FRAME.claim;
}

function decodeHello(frame: Uint8Array): Result<PeerMessage, string> {
  const [, version, flags] = frame;
  // Longer hellos are fine: a later version may say more.
  if (version === undefined || flags === undefined) return BAD_FRAME;
  return ok({ type: 'hello', version, shares: (flags & 1) === 1 });
}

function decodeSharing(frame: Uint8Array): Result<PeerMessage, string> {
  const flag = frame[1];
  return frame.length === 2 && (flag === 0 || flag === 1)
    ? ok({ type: 'sharing', shares: flag === 1 })
    : BAD_FRAME;
}

function decodeBye(frame: Uint8Array): Result<PeerMessage, string> {
  const reason = Object.values(BYE).find((known) => known === frame[1]);
  return reason === undefined || frame.length !== 2 ? BAD_FRAME : ok({ type: 'bye', reason });
}

function decodeSegmentMessage(
  kind: number | undefined,
  { segment, rest }: Reader,
): Result<PeerMessage, string> {
  const u16 = (at: number): number => ((rest[at] ?? 0) << 8) | (rest[at + 1] ?? 0);
  const index = u16(0);
  const inRange = index < LIMITS.piecesPerSegment;
  switch (kind) {
    case FRAME.have: {
      const bitmap = rest.subarray(2);
      if (rest.length < 2 || index === 0 || index > LIMITS.piecesPerSegment) return BAD_FRAME;
      return bitmap.length === Math.ceil(index / 8)
        ? ok({ type: 'have', segment, pieces: index, bitmap })
        : BAD_FRAME;
    }
    case FRAME.pieces: {
      const count = rest.length / 2;
      if (!Number.isInteger(count) || count === 0 || count > LIMITS.piecesPerSegment)
        return BAD_FRAME;
      const indexes = Array.from({ length: count }, (_, i) => u16(i * 2));
      return indexes.every((i) => i < LIMITS.piecesPerSegment)
        ? ok({ type: 'pieces', segment, indexes })
        : BAD_FRAME;
    }
    case FRAME.request:
    case FRAME.cancel: {
      const count = rest[2] ?? 0;
      const fits = count <= LIMITS.requestPieces && index + count <= LIMITS.piecesPerSegment;
      if (rest.length !== 3 || count === 0 || !fits) return BAD_FRAME;
      return ok({ type: kind === FRAME.request ? 'request' : 'cancel', segment, index, count });
    }
    case FRAME.piece:
      if (rest.length < 3 || rest.length > 2 + LIMITS.pieceBytes || !inRange) return BAD_FRAME;
      return ok({ type: 'piece', segment, index, payload: rest.subarray(2) });
    case FRAME.reject: {
      const reason = Object.values(REJECT).find((known) => known === rest[2]);
      if (rest.length !== 3 || !inRange || reason === undefined) return BAD_FRAME;
      return ok({ type: 'reject', segment, index, reason });
    }
    case FRAME.digestsRequest:
      return rest.length === 0 ? ok({ type: 'digests-request', segment }) : BAD_FRAME;
    case FRAME.digests: {
      const count = rest.length / DIGEST_BYTES;
      return Number.isInteger(count) && count > 0 && count <= LIMITS.piecesPerSegment
        ? ok({ type: 'digests', segment, list: rest })
        : BAD_FRAME;
    }
    case FRAME.claim: {
      const size = u16(0) * 0x1_0000 + u16(2);
      const list = rest.subarray(4);
      return isSegmentSize(size) && list.length === pieceCount(size) * DIGEST_BYTES
        ? ok({ type: 'claim', segment, size, list })
        : BAD_FRAME;
    }
    case FRAME.fetching: {
      const to = u16(2);
      return rest.length === 4 && index < to && to <= LIMITS.piecesPerSegment
        ? ok({ type: 'fetching', segment, from: index, to })
        : BAD_FRAME;
    }
    default:
      return BAD_FRAME;
  }
}

/** Writes `kind`, the segment and `extra` more bytes into one buffer of exactly that size. */
class Writer {
  readonly frame: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(kind: number, segment: SegmentId, extra: number) {
    this.frame = new Uint8Array(2 + segment.rendition.length + 8 + extra);
    this.u8(kind);
    this.u8(segment.rendition.length);
    for (let i = 0; i < segment.rendition.length; i++) this.u8(segment.rendition.charCodeAt(i));
    this.u32(segment.epoch);
    this.u32(segment.msn);
  }

  u8(value: number): void {
    this.frame[this.#at++] = value;
  }

  u16(value: number): void {
    this.u8(value >> 8);
    this.u8(value & 0xff);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  bytes(value: Uint8Array): void {
    this.frame.set(value, this.#at);
    this.#at += value.length;
  }
}

/** The segment that a frame is about, and the bytes after it. */
class Reader {
  readonly segment: SegmentId;
  readonly rest: Uint8Array;

  private constructor(segment: SegmentId, rest: Uint8Array) {
    this.segment = segment;
    this.rest = rest;
  }

  static open(frame: Uint8Array): Result<Reader, string> {
    const length = frame[1] ?? 0;
    const body = 2 + length + 8;
    if (length > 32 || frame.length < body) return BAD_FRAME;
    const rendition = parseRenditionId(String.fromCharCode(...frame.subarray(2, 2 + length)));
    if (!rendition.ok) return rendition;
    const view = new DataView(frame.buffer, frame.byteOffset + 2 + length, 8);
    const segment = {
      rendition: rendition.value,
      epoch: view.getUint32(0),
      msn: view.getUint32(4),
    };
    return ok(new Reader(segment, frame.subarray(body)));
  }
}
