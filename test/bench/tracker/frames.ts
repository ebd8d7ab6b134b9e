/**
 * WebSocket frames (RFC 6455 section 5.2) as a load generator wants them: made once and written as they are,
 * and read without a copy. No fragments, no extensions; what a tracker sends needs neither.
 */

const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FINAL = 0x80;
const MASKED = 0x80;
/** A message larger than this is no tracker's. */
const MAX_PAYLOAD = 4 * 1024 * 1024;

/** A text frame of a client. Its mask is zero, which is one like any other and leaves the payload as it is. */
export function textFrame(payload: Buffer): Buffer {
  return clientFrame(TEXT, payload);
}

/** Where the payload of a {@link textFrame} begins. */
export function payloadStart(payloadLength: number): number {
  return (payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : 10) + 4;
}

function clientFrame(opcode: number, payload: Buffer): Buffer {
  const start = payloadStart(payload.length);
  const frame = Buffer.alloc(start + payload.length);
  frame[0] = FINAL | opcode;
  if (start === 6) frame[1] = MASKED | payload.length;
  else if (start === 8) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(payload.length, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  payload.copy(frame, start);
  return frame;
}

/** What a {@link FrameReader} found. */
export type FrameListener = {
  /** A whole text message; valid until the listener returns. */
  readonly onText: (payload: Buffer) => void;
  /** A frame to write, in answer to a ping. */
  readonly onPong: (frame: Buffer) => void;
  /** The server closes, or does not speak WebSocket; the reader reads nothing after it. */
  readonly onClose: (why: string) => void;
};

/** Cuts the bytes of a server into messages. */
export class FrameReader {
  readonly #listener: FrameListener;
  #rest: Buffer | undefined;
  #ended = false;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  push(chunk: Buffer): void {
    if (this.#ended) return;
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let next = this.#frame(bytes, 0); next !== undefined; next = this.#frame(bytes, next))
      at = next;
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined;
  }

  /** Reads one frame at `at`; where the next begins, or undefined if it is not all there yet. */
  #frame(bytes: Buffer, at: number): number | undefined {
    if (this.#ended || bytes.length < at + 2) return undefined;
    const opcode = (bytes[at] ?? 0) & 0x0f;
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (bytes.length < start) return undefined;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const masked = ((bytes[at + 1] ?? 0) & MASKED) !== 0;
    if (masked || ((bytes[at] ?? 0) & FINAL) === 0 || length > MAX_PAYLOAD) {
      this.#end('not a frame of a server');
      return undefined;
    }
    if (bytes.length < start + length) return undefined;
    const payload = bytes.subarray(start, start + length);
    if (opcode === TEXT) this.#listener.onText(payload);
    else if (opcode === PING) this.#listener.onPong(clientFrame(PONG, payload));
    else if (opcode === CLOSE) this.#end(`closed with ${closeCode(payload)}`);
    return start + length;
  }

  #end(why: string): void {
    this.#ended = true;
    this.#listener.onClose(why);
  }
}

function closeCode(payload: Buffer): string {
  return payload.length < 2
    ? 'no code'
    : `${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`;
}
